"""`sweep plan`: the cells of a run before there is one."""

import json
from pathlib import Path

import pytest

from tests.conftest import Sweep
from tests.tiny_run import LENGTHS, ROLES, files, write_space
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
    assert 0 < plan["hours_least"] < plan["hours_most"]


def test_the_protocol_says_what_three_features_cannot_fill(tree: Path, cache: Path, sweep: Sweep) -> None:
    said = sweep("plan", "protocol", "--data", tree, "--cache", cache, "--workers", "3")
    assert "128 cells, of which the grid is 10 feature sets x 6 Ways x 2 targets; 5 seeds a cell" in said.out
    assert "With --workers 3:" in said.out
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
