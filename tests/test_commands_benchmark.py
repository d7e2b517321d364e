"""The benchmark of the commands that only look: its made-up run is a run to every one of them."""

import json
from pathlib import Path

import pytest

from benchmarks import commands
from tests.conftest import Sweep


@pytest.mark.parametrize("computed", [0, 500], ids=["drawn statistics", "computed statistics"])
def test_a_made_up_run_is_complete(
    tmp_path: Path, sweep: Sweep, monkeypatch: pytest.MonkeyPatch, computed: int
) -> None:
    monkeypatch.setattr(commands, "_COMPUTED", computed)
    monkeypatch.setattr(commands.find, "find", commands.find.find)  # which a large run replaces
    commands.make_run(tmp_path / "run", 48)
    found = json.loads(sweep("status", tmp_path / "run", "--json").out)
    assert found["complete"]
    assert found["cells"]["done"] == 48 + 2  # and the joint runs
    assert {each["seeds"] for each in found["every_cell"]} == {5}
    assert found["predictions_lost"] == []
    said = sweep("tables", tmp_path / "run")
    assert said.code == 0
    assert "Table V." in said.out
    assert "No statistics" not in said.err
