"""Which predictions are handed out where several seeds and several cells could predict."""

from pathlib import Path

import numpy as np
import pytest

from results import predictions
from results.findings import Findings, LateFusion, Member
from results.records import Cell
from results.run_results import RunResults
from sweep.chosen import Chosen, Model, choose
from sweep.folder import RunFolder
from sweep.ledger import Choices, Ledger, sqlite_url
from tests.fake_trial import fake_outcome
from tests.results_factory import cell, empty_run, made_record, made_scores

SEEDS = (101, 102, 103)
GOOD, FAIR = cell("arousal", "fau/way1"), cell("arousal", "bert/way2")
JOINT = cell("arousal", "fau/way1", "bert/way2")
FIGURES = {GOOD: (0.5, 0.6, 0.6), FAIR: (0.4, 0.3, 0.2), JOINT: (0.2, 0.3, 0.4)}


def drawn(of: Cell) -> predictions.Predictions:
    """Probabilities that differ by cell and seed: two devel segments, one of test."""
    rng = np.random.default_rng([len(str(of)), len(of.branches)])
    return predictions.Predictions(SEEDS, *(rng.dirichlet(np.ones(5), (3, n)).astype(np.float32) for n in (2, 1)))


def chosen(path: Path, model: Model, results: RunResults | None = None) -> Chosen:
    folder = RunFolder(path)
    folder.create()
    with Ledger(sqlite_url(folder.study_db)) as ledger:
        for of, figures in FIGURES.items():
            study = "arousal/multitask" if of == JOINT else "arousal"
            ledger.open_study(study, Choices(("fau", "bert"), ("way1", "way2")))
            ledger.enqueue(study, [of])
            ticket = ledger.ask(study, of)
            assert ticket is not None
            made = drawn(of)
            artifact = folder.write_artifact(of, predictions.pack(made.seeds, made.devel, made.test))
            ledger.complete(ticket, made_record(of, figures), fake_outcome(of).cost, artifact)
        known = empty_run().model_copy(
            update={"records": ledger.records("arousal"), "multitask": ledger.records("arousal/multitask")}
        )
        return choose(folder, ledger, results or known, "arousal", model, "greedy")


@pytest.mark.parametrize(("model", "of", "seed"), [("multitask", JOINT, 103), ("best", GOOD, 102)])
def test_the_best_seed_predicts_and_the_smaller_of_two_that_tie(
    tmp_path: Path, model: Model, of: Cell, seed: int
) -> None:
    found = chosen(tmp_path, model)
    assert (found.cells, found.seed, found.devel.macro_f1) == (((of, 1),), seed, max(FIGURES[of]))
    np.testing.assert_array_equal(found.probabilities["devel"], drawn(of).devel[seed - 101])
    np.testing.assert_array_equal(found.probabilities["test"], drawn(of).test[seed - 101])


def test_a_fusion_averages_by_weight_the_one_seed_that_is_best_fused(tmp_path: Path) -> None:
    fusion = LateFusion(
        rule="greedy",
        members=(Member(cell=GOOD, weight=2), Member(cell=FAIR, weight=1)),
        seeds=(101, 102, 103),
        devel=tuple(made_scores(figure) for figure in (0.3, 0.7, 0.5)),
        corrected=0.3,
        test=None,
    )
    findings = Findings(
        target="arousal",
        videos=2,
        segments=2,
        resamples=1,
        level=0.95,
        intervals=(),
        best=None,
        against_best=(),
        multitask=None,
        fusions=(fusion,),
        ranks=None,
    )
    found = chosen(tmp_path, "late-fusion", empty_run().model_copy(update={"findings": (findings,)}))
    assert (found.cells, found.seed, found.devel.macro_f1) == (((GOOD, 2), (FAIR, 1)), 102, 0.7)
    expected = (2 * drawn(GOOD).test[1] + drawn(FAIR).test[1]) / 3
    np.testing.assert_allclose(found.probabilities["test"], expected, rtol=1e-6)
