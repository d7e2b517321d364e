"""What the statistics say of a run, and when they are computed again."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from results.conclusions import conclusions
from results.findings import Findings
from results.predictions import Predictions
from results.records import Cell, TrialRecord
from results.run_results import RunResults
from results.statistics.find import Measured, find
from results.tables import build_table
from search_spaces.alignment import Segments
from search_spaces.errors import SweepError
from search_spaces.settings import N_CLASSES
from sweep.collect import run_results
from sweep.folder import RunFolder
from sweep.opened import open_run, open_studies
from tests.conftest import Sweep
from tests.results_factory import SEEDS, cell, made_record
from tests.tiny_run import ROLES, TinyRun, copied, tiny_run

VIDEOS, EACH, TEST = 12, 6, 10


def planted(shares: dict[str, float], *, selected: bool = False, masked: bool = False) -> Measured:
    """Cells of one target, right with a given probability, "a/way1" and so on; three seeds each."""
    rng = np.random.default_rng(1)
    size = VIDEOS * EACH
    truth = rng.integers(0, N_CLASSES, size + TEST)
    if masked:
        truth[size:] = -1
    segments = Segments(
        video=np.concatenate([np.repeat(np.arange(VIDEOS), EACH), np.full(TEST, VIDEOS)]),
        segment_id=np.arange(size + TEST),
        start=np.arange(size + TEST),
        length=np.ones(size + TEST, np.int64),
        classes={"arousal": truth},
        partition_bounds={"train": (0, 0), "devel": (0, size), "test": (size, size + TEST)},
        step_bounds={"train": (0, 0), "devel": (0, size), "test": (size, size + TEST)},
    )
    records: list[TrialRecord] = []
    predictions: dict[Cell, Predictions] = {}
    for name, share in shares.items():
        of = cell("arousal", *name.split("&"))
        logits = rng.random((len(SEEDS), size + TEST, N_CLASSES)) + share * np.eye(N_CLASSES)[truth]
        predictions[of] = Predictions(SEEDS, *np.split(logits.astype(np.float32), [size], axis=1))
        records.append(made_record(of, (share,) * len(SEEDS)))
    joint = next((record for record in records if len(record.cell.branches) > 1), None)
    grid = tuple(record for record in records if record is not joint)
    return Measured("arousal", ("way1", "way2", "way3"), grid, joint, predictions.get, segments, selected)


GRID = {f"{name}/way{way}": 0.2 + 0.02 * way for name in "abc" for way in (1, 2, 3)}


def test_a_clear_winner_is_separable_and_keeps_its_f1() -> None:
    found = find(planted({"best/way1": 2.0, **GRID}))
    assert found.best is not None
    assert str(found.best.cell) == "arousal best/way1"
    assert (found.best.candidates, found.best.naive, found.best.corrected, found.best.chosen) == (10, 1, 1, 1)
    assert all(each.separable and each.low > 0 for each in found.against_best)
    assert [str(each.other) for each in found.against_best] == [str(each.cell) for each in found.intervals[1:]]
    assert "is separable from every other cell" in " ".join(conclusions(found))


def test_of_very_many_cells_the_best_is_compared_with_the_next_best(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("results.statistics.find._COMPARED", 4)
    clear, alike = find(planted({"best/way1": 2.0, **GRID})), find(planted(GRID))
    assert [each.other for each in clear.against_best] == [each.cell for each in clear.intervals[1:5]]
    assert "is separable from the 4 next best" in " ".join(conclusions(clear))
    assert "of the 4 next best" in " ".join(conclusions(alike))


def test_winners_among_equals_are_said_to_be_so() -> None:
    found = find(planted(GRID))
    assert found.best is not None
    assert found.best.corrected < found.best.naive
    assert "is not separable from" in " ".join(conclusions(found))
    assert (found.videos, found.segments, found.multitask) == (VIDEOS, VIDEOS * EACH, None)


def test_equal_inputs_give_equal_findings_in_any_order_of_records() -> None:
    measured = planted(GRID)
    other = Measured(**{**vars(measured), "records": measured.records[::-1]})
    assert find(measured) == find(other)


def test_the_multitask_run_is_held_against_its_main_cell() -> None:
    found = find(planted({**GRID, "a/way3&b/way3": 2.0}))
    assert found.multitask is not None
    assert str(found.multitask.other) == "arousal a/way3"
    assert found.multitask.separable
    assert found.multitask.difference > 0
    assert "multitask differs by +" in " ".join(conclusions(found))


def test_test_is_scored_only_for_a_fusion_that_was_selected_and_where_labels_are_given() -> None:
    assert all(fusion.test is None for fusion in find(planted(GRID)).fusions)
    assert all(fusion.test is None for fusion in find(planted(GRID, selected=True, masked=True)).fusions)
    scored = find(planted(GRID, selected=True)).fusions
    assert [fusion.rule for fusion in scored] == ["top", "greedy"]
    assert all(fusion.test is not None and sum(map(sum, fusion.test.confusion)) == TEST for fusion in scored)


def test_ways_are_ranked_over_feature_sets_that_all_of_them_have() -> None:
    found = find(planted({**GRID, "d/way1": 0.9}))
    assert found.ranks is not None
    assert (found.ranks.feature_sets, found.ranks.ways) == (3, ("way1", "way2", "way3"))
    assert found.ranks.mean_ranks == (3, 2, 1)
    assert find(planted({"a/way1": 0.3, "b/way1": 0.2})).ranks is None


def test_a_cell_without_predictions_is_left_out() -> None:
    measured = planted({"best/way1": 2.0, **GRID})
    lost = cell("arousal", "best/way1")

    def kept(of: Cell) -> Predictions | None:
        return None if of == lost else measured.predictions(of)

    found = find(Measured(**{**vars(measured), "predictions": kept}))
    assert found.best is not None
    assert found.best.candidates == len(GRID)
    assert lost not in [each.cell for each in found.intervals]
    assert found.left_out == (lost,)
    assert "arousal best/way1 is left out of these statistics" in conclusions(found)[0]


def test_labels_of_one_video_give_no_statistics() -> None:
    measured = planted(GRID)
    truth = measured.segments.classes["arousal"].copy()
    truth[EACH : VIDEOS * EACH] = -1
    one_video = replace(measured, segments=replace(measured.segments, classes={"arousal": truth}))
    with pytest.raises(SweepError, match="statistics compare videos, and the devel labels of arousal are all of one"):
        find(one_video)


def test_a_fusion_names_the_seeds_of_its_cells() -> None:
    assert all(fusion.seeds == SEEDS for fusion in find(planted(GRID)).fusions)


def collected(folder: RunFolder) -> RunResults:
    opened, identity = open_run(folder.path)
    with open_studies(opened) as studies:
        return run_results(opened, identity, studies, statistics=True)


def test_a_finished_run_keeps_its_statistics_and_computes_them_again_to_the_same(
    tmp_path: Path, finished: TinyRun
) -> None:
    run = copied(finished, tmp_path)
    kept = run.folder.findings.read_bytes()
    first = collected(run.folder).findings
    assert [found.target for found in first] == list(run.identity.targets)
    run.folder.findings.unlink()
    assert collected(run.folder).findings == first
    assert run.folder.findings.read_bytes() == kept
    run.folder.findings.write_text("{damaged", encoding="utf-8")
    assert collected(run.folder).findings == first
    assert run.folder.findings.read_bytes() == kept


def test_statistics_follow_the_predictions(tmp_path: Path, finished: TinyRun) -> None:
    run = copied(finished, tmp_path)
    first = collected(run.folder).findings[0]
    assert first.best is not None
    run.folder.findings.unlink()
    run.folder.artifact(first.best.cell).unlink()
    results = collected(run.folder)
    second = results.findings[0]
    assert first.best.cell not in [each.cell for each in second.intervals]
    assert "failed: its predictions are lost" in map(str, build_table("V", results).footnotes())
    artifact = run.folder.artifact(first.best.cell)
    artifact.write_bytes(finished.folder.artifact(first.best.cell).read_bytes())
    assert collected(run.folder).findings[0] == first  # nothing was kept of what was lost


def test_a_run_without_segments_says_how_to_get_them(tmp_path: Path, finished: TinyRun, sweep: Sweep) -> None:
    run = copied(finished, tmp_path)
    run.folder.findings.unlink()
    shutil.rmtree(run.folder.segments)
    results = collected(run.folder)
    assert results.findings == ()
    assert results.no_findings == "this run lacks the segments of its data, which `sweep resume` adds"
    said = sweep("tables", run.folder.path, "--table", "V", "--format", "md")
    assert said.err == "No statistics: this run lacks the segments of its data, which `sweep resume` adds.\n"
    assert "orrected" not in said.out
    run.carry_out()
    assert len(collected(run.folder).findings) == 2


def test_statistics_wait_for_the_whole_grid(tmp_path: Path, tree: Path, cache: Path) -> None:
    run = tiny_run(tmp_path, tree, cache, ROLES)
    run.failing = ("arousal vggish~/way4",)
    run.carry_out()
    found = collected(run.folder)
    assert [each.target for each in found.findings] == []  # better(audio) cannot be decided
    run.failing = ()
    run.carry_out(retry_failed=True)
    assert len(collected(run.folder).findings) == 2


@pytest.mark.parametrize("number", ["V", "VI"])
def test_tables_show_corrected_figures_and_late_fusions(finished: TinyRun, number: str) -> None:
    results = collected(finished.folder)
    table = build_table(number, results)
    found: Findings = results.findings[0]
    assert found.best is not None
    titles = [column.title for block in table.blocks for column in block.columns]
    if number == "V":
        assert "Main alone, corrected" in titles
        assert set(conclusions(found)) <= set(table.notes)
        assert [block.title for block in table.blocks][1] == "Late fusion of stored predictions"
    else:
        assert titles[4:6] == ["mean of the best", "greedy selection"]
