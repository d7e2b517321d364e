"""`sweep plan`: the cells of a run before there is one."""

import json
import re
from pathlib import Path

import pytest

from search_spaces.settings import Settings
from sweep.folder import RunFolder
from sweep.forecast import Forecast, Line
from sweep.opened import open_studies
from tests.conftest import Sweep
from tests.tiny_run import LENGTHS, NAMES, ROLES, files, write_space
from tests.trees import partition_of, write_tree

SEVEN = {"deepspectrum": 3, "vggish": 3, "egemaps": 3, "xception": 3, "vggface": 3, "fau": 2, "bert": 4}


@pytest.fixture(scope="module")
def seven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny tree with the paper's seven features."""
    root = tmp_path_factory.mktemp("seven") / "tree"
    return write_tree(root, partition=partition_of(3, 2, 2), lengths=LENGTHS, features=SEVEN)


def test_the_paper_s_grid_has_156_cells(seven: Path, cache: Path, sweep: Sweep) -> None:
    plan = json.loads(sweep("plan", "paper", "--data", seven, "--cache", cache, "--json").out)
    cells = {line["way"]: line["cells"] for line in plan["ways"]}
    assert plan["grid_cells"] == 156
    assert {cells[f"way{number}"] for number in range(1, 7)} == {26}
    assert (cells["baseline"], cells["multitask"], plan["cells"]) == (6, 2, 164)
    assert plan["feature_sets"][0] == "vggish"
    assert 0 < plan["hours_least"] < plan["hours_expected"] < plan["hours_most"]
    assert plan["epochs_expected"] == pytest.approx(29.9, abs=0.1)


def test_the_protocol_says_what_three_features_cannot_fill(tree: Path, cache: Path, sweep: Sweep) -> None:
    said = sweep("plan", "protocol", "--data", tree, "--cache", cache, "--workers", "3")
    assert "128 cells, of which the grid is 10 feature sets x 6 Ways x 2 targets; 5 seeds a cell" in said.out
    assert "at most 100 epochs, as a rule 30." in said.out
    assert re.search(r"With --workers 3: about \d+:\d\d:\d\d \(\d+:.* and about \d\.\d GB of memory\.", said.out)
    assert [line.split(": ")[2] for line in said.err.splitlines()] == [
        "the data set has no video feature besides 'fau'",
        "the data set has no audio feature besides 'vggish'",
        "every feature of the data set is the best of its modality, so that none is left",
    ]


def test_a_plan_counts_the_cells_that_a_run_trains(tree: Path, cache: Path, sweep: Sweep, tmp_path: Path) -> None:
    space = write_space(tmp_path / "own.toml", ROLES)
    plan = json.loads(sweep("plan", space, "--data", tree, "--cache", cache, "--json").out)
    assert plan["cells"] == 20  # as test_procedure counts them


def test_a_plan_shrinks_with_what_is_asked_for(tree: Path, cache: Path, sweep: Sweep) -> None:
    words = ("--data", tree, "--cache", cache, "--json", "--target", "valence", "--seeds", "2", "--epochs", "4")
    plan = json.loads(sweep("plan", "smoke", *words).out)
    assert (plan["targets"], plan["seeds"], plan["grid_cells"]) == (["valence"], 2, 10)


def test_a_plan_makes_no_run_folder(
    tree: Path, cache: Path, sweep: Sweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert sweep("plan", "smoke", "--data", tree, "--cache", cache).code == 0
    assert files(tmp_path) == {}


def test_hours_and_memory_follow_from_epochs_cells_and_workers() -> None:
    """(3 x 2 s + 1 x 4 s) x 2 seeds, on 5 workers: 4 s for every epoch of one seed."""
    lines = (Line("way2", 3, 2.0), Line("multitask", 1, 4.0))
    settings = Settings(seeds=2, epochs=10_000, patience=15)
    found = Forecast(lines, settings, workers=5, worker_mb=1, memory_mb=1)
    assert found.hours_least == pytest.approx(4 * 16 / 3600)
    assert found.hours_expected == pytest.approx(4 * 30 / 3600)
    assert found.hours_most == pytest.approx(4 * 10_000 / 3600)


@pytest.mark.slow
def test_memory_counts_workers_the_coordinator_and_the_data_once(tree: Path, cache: Path, sweep: Sweep) -> None:
    words = ("plan", "smoke", "--data", tree, "--cache", cache, "--json", "--workers")
    one, four = (json.loads(sweep(*words, count).out) for count in (1, 4))
    assert 100 < one["worker_memory_mb"] < one["memory_mb"] < four["memory_mb"] < 5 * one["memory_mb"]


@pytest.mark.slow
def test_a_run_takes_no_more_than_twice_what_was_planned_nor_less_than_half(
    tree: Path, cache: Path, sweep: Sweep, tmp_path: Path
) -> None:
    """Of memory, which does not depend on who else is at work; of hours benchmarks/plan.py tells."""
    space = write_space(tmp_path / "own.toml", NAMES)
    plan = json.loads(sweep("plan", space, "--data", tree, "--cache", cache, "--json", "--workers", 1).out)
    words = ("--data", tree, "--cache", cache, "--run", tmp_path / "run", "--workers", 1)
    assert sweep("run", space, *words).code == 0
    with open_studies(RunFolder(tmp_path / "run")) as studies:
        costs = [cost for study in studies.studies() for cost in studies.costs(study).values()]
    assert len(costs) == plan["cells"]
    assert 0.5 < plan["worker_memory_mb"] / max(cost.peak_memory_mb for cost in costs) < 2
