"""The test partition: one seed of what was selected, against the labels that are given."""

from pathlib import Path

import numpy as np
import pytest

from results import predictions
from results.records import Cell
from results.run_results import Entry
from results.select import submitted
from search_spaces.errors import SweepError
from sweep.feature_store import FeatureStore
from sweep.folder import RunFolder
from sweep.held_out import score_selected
from sweep.ledger import Choices, Ledger, sqlite_url
from tests.fake_trial import fake_outcome
from tests.results_factory import cell, made_record
from tests.stores import store_of

GOOD = (0, 1, 2, 3, 4)
"""Predicted for the five test segments, whose classes are 0, 1, 2, 3 and one that is masked."""
BAD = (0, 0, 0, 0, 0)


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    steps = np.zeros((7, 2), np.float32)
    classes = {"arousal": (0, 1, 0, 1, 2, 3, -1), "valence": (0, 1, -1, -1, -1, -1, -1)}
    return store_of(tmp_path / "cache", {"fau": steps}, {"train": (1,), "devel": (1,), "test": (1,) * 5}, classes)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder(tmp_path / "run")
    made.create()
    return made


def finish(ledger: Ledger, folder: RunFolder, study: str, of: Cell, figures: tuple[float, ...], *test: tuple) -> None:
    """Puts a finished trial into a study: devel figure and predicted test classes of each seed."""
    ledger.open_study(study, Choices(("fau", "bert"), ("way1", "way2", "baseline")))
    ledger.enqueue(study, [of])
    ticket = ledger.ask(study, of)
    assert ticket is not None
    probabilities = np.eye(5, dtype=np.float32)[np.array(test)]  # (seeds, S, C)
    packed = predictions.pack(tuple(101 + n for n in range(len(test))), probabilities[:, :1], probabilities)
    ledger.complete(ticket, made_record(of, figures), fake_outcome(of).cost, folder.write_artifact(of, packed))


def test_the_seed_that_is_best_on_devel_is_scored_on_the_labels_that_are_given(
    folder: RunFolder, store: FeatureStore
) -> None:
    joint = cell("arousal", "fau/way1", "bert/way2")
    with Ledger(sqlite_url(folder.study_db)) as ledger:
        finish(ledger, folder, "arousal/multitask", joint, (0.2, 0.4, 0.3), BAD, GOOD, BAD)
        (test,) = score_selected(ledger, folder, store, "arousal")
    assert (test.entry, test.cell, test.seed) == ("multitask", joint, 102)
    assert test.scores is not None
    assert test.scores.macro_f1 == pytest.approx(4 / 5)  # 1 for each of 0 to 3; class 4 has no segment and scores 0


def test_of_two_equal_seeds_the_first_is_submitted(folder: RunFolder, store: FeatureStore) -> None:
    with Ledger(sqlite_url(folder.study_db)) as ledger:
        finish(ledger, folder, "arousal/multitask", cell("arousal", "fau/way1", "bert/way2"), (0.4, 0.4), BAD, GOOD)
        (test,) = score_selected(ledger, folder, store, "arousal")
    assert test.seed == 101


def test_of_the_baselines_the_best_on_devel_alone_is_scored(folder: RunFolder, store: FeatureStore) -> None:
    with Ledger(sqlite_url(folder.study_db)) as ledger:
        finish(ledger, folder, "arousal/baseline", cell("arousal", "bert/baseline"), (0.2,), GOOD)
        finish(ledger, folder, "arousal/baseline", cell("arousal", "fau/baseline"), (0.3,), BAD)
        (test,) = score_selected(ledger, folder, store, "arousal")
    assert (test.entry, str(test.cell)) == ("baseline", "arousal fau/baseline")


def test_masked_labels_give_no_score(folder: RunFolder, store: FeatureStore) -> None:
    with Ledger(sqlite_url(folder.study_db)) as ledger:
        finish(ledger, folder, "valence/baseline", cell("valence", "fau/baseline"), (0.3,), GOOD)
        (test,) = score_selected(ledger, folder, store, "valence")
    assert test.scores is None


@pytest.mark.parametrize(("scored", "left"), [(set(), ["baseline", "multitask"]), ({"baseline"}, ["multitask"])])
def test_an_entry_that_has_its_score_gets_no_other(
    folder: RunFolder, store: FeatureStore, scored: set[Entry], left: list[Entry]
) -> None:
    with Ledger(sqlite_url(folder.study_db)) as ledger:
        finish(ledger, folder, "arousal/baseline", cell("arousal", "fau/baseline"), (0.3,), GOOD)
        finish(ledger, folder, "arousal/multitask", cell("arousal", "fau/way1", "bert/way2"), (0.3,), GOOD)
        assert [test.entry for test in score_selected(ledger, folder, store, "arousal", scored)] == left


def test_nothing_trained_is_nothing_scored(folder: RunFolder, store: FeatureStore) -> None:
    with Ledger(sqlite_url(folder.study_db)) as ledger:
        assert score_selected(ledger, folder, store, "arousal") == ()


def test_predictions_that_were_changed_are_not_scored(folder: RunFolder, store: FeatureStore) -> None:
    of = cell("arousal", "fau/baseline")
    with Ledger(sqlite_url(folder.study_db)) as ledger:
        finish(ledger, folder, "arousal/baseline", of, (0.3,), GOOD)
        folder.artifact(of).write_bytes(b"something else")
        with pytest.raises(SweepError, match="was changed"):
            score_selected(ledger, folder, store, "arousal")


def test_a_collapsed_baseline_is_submitted_only_where_there_is_no_other() -> None:
    fine, collapsed = (cell("arousal", f"{name}/baseline") for name in ("fau", "bert"))
    low, high = made_record(fine, (0.1,)), made_record(collapsed, (0.2,), predicted_classes=1)
    assert submitted([high, low], "arousal") == low
    assert submitted([high], "arousal") == high
    assert submitted([high, low], "valence") is None
