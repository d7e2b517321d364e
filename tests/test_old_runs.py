"""Finished runs of every format that was ever released are read as on their first day, without their data."""

import json
import shutil
from pathlib import Path

import pytest

from sweep import identity
from tests.conftest import Sweep
from tests.tiny_run import files

GOLDEN = Path(__file__).parent / "golden"
FORMATS = tuple(range(1, identity.FORMAT + 1))


@pytest.fixture(params=FORMATS, ids=lambda number: f"format {number}")
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of an old run and its tables."""
    return shutil.copytree(GOLDEN / f"run-format-{request.param}", tmp_path / "kept")


def test_the_tables_of_an_old_run_are_written_as_they_were(
    kept: Path, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")  # whatever the terminal that tests are started from
    for more in ((), ("--format", "html")):
        assert sweep("tables", kept / "old", "--out", kept / "now", *more).code == 0
    printed = sweep("tables", kept / "old")
    assert printed.code == 0
    (kept / "now" / "printed.txt").write_text(printed.out, encoding="utf-8")
    assert files(kept / "now") == files(kept / "tables")
    assert len(files(kept / "now")) == 25  # six tables in four formats, and all of them for the terminal


def test_the_status_of_an_old_run_is_read(kept: Path, sweep: Sweep) -> None:
    said = sweep("status", kept / "old", "--json")
    assert said.code == 0
    assert json.loads(said.out)["cells"] == {"done": 20, "running": 0, "pending": 0, "failed": 0}


def test_an_old_run_does_not_need_the_data_that_it_names(kept: Path) -> None:
    named = json.loads((kept / "old" / "run.json").read_text(encoding="utf-8"))
    assert not Path(named["data"]).exists()
    assert not Path(named["cache"]).exists()


def test_reading_an_old_run_changes_nothing_in_it(kept: Path, sweep: Sweep) -> None:
    before = files(kept)
    sweep("tables", kept / "old")
    sweep("status", kept / "old")
    assert files(kept) == before
