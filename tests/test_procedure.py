"""The whole procedure on a tiny tree: every cell once, the selection by itself, holes as the user was told."""

import csv
import json
from pathlib import Path

import pytest

from results.predictions import unpack
from results.records import Branch, Cell
from search_spaces.corpus import MASKED
from sweep.collect import progress, run_results
from sweep.events import CellDone, CellFailed, CellsPlanned
from sweep.opened import open_studies
from tests.conftest import Sweep
from tests.tiny_run import NAMES, ROLES, TinyRun, copied, tiny_run, tiny_tree, trials
from tests.trees import feature_file

TARGETS = ("arousal", "valence")


def cell(target: str, *branches: tuple[str, str]) -> Cell:
    return Cell(target=target, branches=tuple(Branch(features=features, way=way) for features, way in branches))


def test_every_cell_is_trained_once(finished: TinyRun) -> None:
    trained = [str(event.cell) for event in finished.events if isinstance(event, CellDone)]
    assert len(trained) == len(set(trained)) == 20
    assert all(states == ["COMPLETE"] for states in trials(finished.folder.path).values())


def test_a_screening_cell_of_the_grid_is_adopted_and_not_trained_again(finished: TinyRun) -> None:
    for target in TARGETS:
        found = trials(finished.folder.path)
        assert f"{target}/screening: {target} vggish/way2" in found
        assert f"{target}: {target} vggish/way2" in found
    trained = [event for event in finished.events if isinstance(event, CellDone)]
    assert sum(str(event.cell) == "arousal vggish/way2" for event in trained) == 1


def test_roles_are_told_once_as_soon_as_they_are_known(finished: TinyRun) -> None:
    roles = [line for line in finished.said if " is " in line]
    assert roles[:2] == ["best(audio) is vggish", "best(audio)~ is vggish~"]
    assert len(roles) == 3
    assert roles[2].startswith("better(audio)+best(text) is vggish")


def test_a_run_that_is_done_trains_and_tells_nothing(finished: TinyRun, tmp_path: Path) -> None:
    again = copied(finished, tmp_path)
    assert again.carry_out(retry_failed=True) == []
    assert again.said == []


def test_planned_cells_come_with_the_figures_of_earlier_commands(finished: TinyRun, tmp_path: Path) -> None:
    again = copied(finished, tmp_path)
    again.carry_out()
    plans = [event for event in again.events if isinstance(event, CellsPlanned)]
    assert [len(plan.cells) for plan in plans] == [6, 14, 2]
    assert all({record.cell for record in plan.done} == set(plan.cells) and plan.failed == () for plan in plans)


def test_the_multitask_run_is_of_the_two_best_cells_of_the_whole_grid(finished: TinyRun) -> None:
    with open_studies(finished.folder) as studies:
        for target in TARGETS:
            grid = {r.cell.branches[0]: r.seeds[0].devel for r in studies.records(target)}
            (joint,) = studies.records(f"{target}/multitask")
            figures = sorted((devel.macro_f1 for devel in grid.values() if devel.predicted_classes > 1), reverse=True)
            assert [grid[branch].macro_f1 for branch in joint.cell.branches] == figures[:2]
            assert len(set(joint.cell.branches)) == 2


def test_the_test_partition_is_scored_for_what_was_selected_and_nothing_else(finished: TinyRun) -> None:
    with open_studies(finished.folder) as studies:
        results = run_results(finished.folder, finished.identity, studies)
    assert [(test.entry, test.target) for test in results.tests] == [
        (entry, target) for target in TARGETS for entry in ("baseline", "multitask")
    ]
    assert {test.cell for test in results.tests} == {r.cell for r in (*results.baselines, *results.multitask)}
    grid = json.loads("[" + ",".join(record.model_dump_json() for record in results.records) + "]")
    assert "test" not in {key for record in grid for seed in record["seeds"] for key in seed}


def test_masked_test_labels_leave_a_dash_with_its_reason(tmp_path: Path, cache: Path, sweep: Sweep) -> None:
    run = tiny_run(tmp_path, tiny_tree(tmp_path / "tree", masked_test=True), cache, NAMES)
    run.carry_out()
    with open_studies(run.folder) as studies:
        tests = run_results(run.folder, run.identity, studies).tests
        assert [test.scores for test in tests] == [None] * 4
        artifact = studies.artifacts("arousal/multitask").popitem()[1]
    assert unpack(run.folder.read_artifact(artifact)).test.shape == (1, 10, 5)  # predicted all the same
    rows = sweep("tables", run.folder.path, "--table", "VI", "--format", "md").out.splitlines()
    assert all("—" in row for row in rows if "| test" in row)
    assert "masked: the test labels are not given" in "\n".join(rows)
    assert MASKED == -1


@pytest.fixture(scope="module")
def broken_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree whose fau has finite values that no network can add up."""
    root = tiny_tree(tmp_path_factory.mktemp("broken") / "tree")
    for video in "1234567":
        file = feature_file(root, "fau", video)
        head, *lines = file.read_text().splitlines()
        signs = [("", "-"), ("-", "")] * len(lines)
        rows = [f"{','.join(line.split(',')[:2])},{a}1e30,{b}1e30" for line, (a, b) in zip(lines, signs, strict=False)]
        file.write_text("\n".join([head, *rows]) + "\n")
    return root


FAILING = NAMES.replace('standardize = ["all"]', "standardize = []")


@pytest.fixture(scope="module")
def holed(tmp_path_factory: pytest.TempPathFactory, broken_tree: Path, cache: Path) -> TinyRun:
    """A run whose four cells with fau have failed; not to be changed."""
    run = tiny_run(tmp_path_factory.mktemp("holed"), broken_tree, cache, FAILING)
    run.carry_out()
    return run


def test_a_training_that_fails_is_a_hole_with_its_reason(holed: TinyRun, sweep: Sweep) -> None:
    failed = {str(event.cell): event.reason for event in holed.events if isinstance(event, CellFailed)}
    assert sorted(failed) == [f"{target} fau/{way}" for target in TARGETS for way in ("way2", "way4")]
    assert all("epoch 1" in reason for reason in failed.values())
    status = json.loads(sweep("status", holed.folder.path, "--json").out)
    assert {each["cell"]: each["reason"] for each in status["failed"]} == failed
    assert f"failed: arousal fau/way2: {failed['arousal fau/way2']}" in sweep("status", holed.folder.path).out
    table = list(
        csv.DictReader(sweep("tables", holed.folder.path, "--table", "II", "--format", "csv").out.splitlines())
    )
    assert {row["state"] for row in table if row["features"] == "fau"} == {"failed"}


def test_a_run_with_failed_cells_ends_with_3_and_says_what_to_do(
    holed: TinyRun, tmp_path: Path, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = copied(holed, tmp_path)
    monkeypatch.chdir(tmp_path)
    said = sweep("resume", "run", "--cache", run.cache)
    assert said.code == 3
    *failed, last = said.err.splitlines()
    assert len(failed) == 4
    assert all(line.startswith("failed: ") and "epoch 1" in line for line in failed)
    assert last == (
        "10 of 14 cells are done, 4 failed. No multitask run for arousal and valence. "
        "`sweep resume run --retry-failed` tries the failed cells again, with --allow-holes it goes on without them."
    )


def test_no_pair_is_selected_while_a_cell_is_missing(holed: TinyRun) -> None:
    with open_studies(holed.folder) as studies:
        assert "arousal/multitask" not in studies.studies()
        assert run_results(holed.folder, holed.identity, studies).tests == ()
        known = progress(holed.identity, studies)
    assert (len(known.wanted), known.done, known.unpaired, known.complete) == (14, 10, TARGETS, False)


def test_failed_cells_are_left_alone_unless_they_are_to_be_retried(holed: TinyRun, tmp_path: Path) -> None:
    run = copied(holed, tmp_path)
    assert run.carry_out() == []
    assert trials(run.folder.path)["arousal: arousal fau/way2"] == ["FAIL"]
    run.carry_out(retry_failed=True)
    states = trials(run.folder.path)
    assert [states[f"{t}: {t} fau/{way}"] for t in TARGETS for way in ("way2", "way4")] == [["FAIL", "FAIL"]] * 4


def test_a_cell_is_retried_once_a_command_however_often_the_grid_grows(tmp_path: Path, tree: Path, cache: Path) -> None:
    run = tiny_run(tmp_path, tree, cache, ROLES)
    run.failing = ("arousal vggish/way4",)
    run.carry_out(retry_failed=True, allow_holes=True)
    assert any(str(event.cell).endswith("+bert/way4") for event in run.events if isinstance(event, CellDone))
    assert trials(run.folder.path)["arousal: arousal vggish/way4"] == ["FAIL"]
    run.failing = ()
    assert run.carry_out(retry_failed=True) == ["arousal vggish/way4"]
    with open_studies(run.folder) as studies:
        assert progress(run.identity, studies).complete


def test_holes_that_are_allowed_are_gone_around_by_a_pair_that_stays(holed: TinyRun, tmp_path: Path) -> None:
    run = copied(holed, tmp_path)
    assert len(run.carry_out(allow_holes=True)) == 2
    with open_studies(run.folder) as studies:
        known = progress(run.identity, studies)
        results = run_results(run.folder, run.identity, studies)
    assert (len(known.wanted), known.done, known.unpaired) == (16, 12, ())
    assert len(results.tests) == 4
    assert not any("fau" in str(record.cell) for record in results.multitask)
    assert run.carry_out(allow_holes=True, retry_failed=True) == []
    assert sum("multitask run of" in line for line in run.said) == 2


def test_roles_are_settled_by_what_there_is_where_holes_are_allowed(
    tmp_path: Path, broken_tree: Path, cache: Path
) -> None:
    space = ROLES.replace('standardize = ["all"]', "standardize = []").replace(
        'features = ["best(audio)", "best(audio)~"]', 'features = ["best(audio)", "best(audio)~", "best(audio)+fau"]'
    )
    run = tiny_run(tmp_path, broken_tree, cache, space)
    run.carry_out()
    with open_studies(run.folder) as studies:
        stuck = progress(run.identity, studies)
        assert studies.records("arousal") == ()
    assert (len(stuck.wanted), stuck.done, stuck.rows_open) == (6, 4, 4)
    run.carry_out(allow_holes=True)
    assert "left out: best(audio)+fau: fau has no figure in the screening" in run.said
    with open_studies(run.folder) as studies:
        known = progress(run.identity, studies)
    assert known.rows_open == 0
    assert {str(hole.cell) for hole in known.holes} == {"arousal fau/way2", "valence fau/way2"}


def test_a_target_without_two_ranked_cells_is_told_and_does_not_stop_the_other(
    tmp_path: Path, tree: Path, cache: Path
) -> None:
    space = NAMES.replace("learning_rate = 0.02", "learning_rate = 1e-12\nmin_learning_rate = 0.0\nfirst_seed = 7")
    run = tiny_run(tmp_path, tree, cache, space)
    run.carry_out()
    with open_studies(run.folder) as studies:
        known = progress(run.identity, studies)
        results = run_results(run.folder, run.identity, studies)
    assert known.holes == ()
    assert [line.split("'")[1] for line in run.said if "needs two ranked cells" in line] == list(known.unpaired)
    assert len(known.unpaired) > 0
    assert sum(test.entry == "baseline" for test in results.tests) == 2
