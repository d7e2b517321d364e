"""Artifacts that are missing or altered: named by status and resume, made again where wanted, tables unharmed."""

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sweep.opened import open_studies
from tests.broken import loop
from tests.conftest import Sweep
from tests.spoil import Spoil
from tests.tiny_run import TinyRun, copied, files, trials

CELL = "arousal vggish/way2"


@pytest.fixture
def run(finished: TinyRun, tmp_path: Path) -> TinyRun:
    return copied(finished, tmp_path)


def _artifact(run: TinyRun, cell: str = CELL) -> Path:
    study = "arousal/multitask" if "&" in cell else "arousal"
    with open_studies(run.folder) as studies:
        return run.folder.path / studies.artifacts(study)[cell].path


def _joint(run: TinyRun) -> str:
    with open_studies(run.folder) as studies:
        return str(studies.records("arousal/multitask")[0].cell)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _forget_tests(run: TinyRun) -> None:
    """The run as it stood before its selected cells were scored on test."""
    with closing(sqlite3.connect(run.folder.study_db)) as database, database:
        assert database.execute("DELETE FROM study_user_attributes WHERE key LIKE 'tests:%'").rowcount == 2


@pytest.mark.parametrize("spoil", [Path.unlink, _cut, _flipped, loop, os.truncate], ids=lambda spoil: spoil.__name__)
def test_a_lost_artifact_is_named_and_the_tables_stand(run: TinyRun, sweep: Sweep, spoil: Spoil) -> None:
    tables = sweep("tables", run.folder.path)
    path = _artifact(run)
    spoil(path, 0) if spoil is os.truncate else spoil(path)
    said = sweep("status", run.folder.path)
    assert said.code == 0
    assert f"predictions lost: {CELL}: Artifact {path}" in said.out
    (lost,) = json.loads(sweep("status", run.folder.path, "--json").out)["predictions_lost"]
    assert lost["cell"] == CELL
    assert sweep("tables", run.folder.path) == tables


def test_a_resume_names_it_and_trains_nothing_unless_told(run: TinyRun, sweep: Sweep) -> None:
    _artifact(run).unlink()
    before = trials(run.folder.path)
    said = sweep("resume", run.folder.path)
    assert said.code == 0
    assert f"predictions lost: {CELL}" in said.err
    assert "--retry-failed makes the predictions again" in said.err
    assert not _artifact(run).exists()
    assert trials(run.folder.path) == before


def test_retrying_makes_the_same_bytes_again_and_no_trial(run: TinyRun) -> None:
    before, states = files(run.folder.artifacts), trials(run.folder.path)
    _artifact(run).unlink()
    _flipped(_artifact(run, _joint(run)))
    assert run.carry_out(retry_failed=True) == []
    assert files(run.folder.artifacts) == before
    assert trials(run.folder.path) == states
    assert f"predictions of {CELL}: made again, the same in every byte" in run.said
    assert list(run.folder.checkpoints.iterdir()) == []


def test_predictions_that_are_needed_are_made_again_unasked(run: TinyRun, finished: TinyRun, sweep: Sweep) -> None:
    _forget_tests(run)
    path = _artifact(run, _joint(run))
    path.unlink()
    assert run.carry_out() == []
    assert path.read_bytes() == (finished.folder.artifacts / path.name).read_bytes()
    tables, expected = (sweep("tables", each.folder.path).out for each in (run, finished))
    assert tables == expected


def test_predictions_that_come_out_otherwise_are_not_put_in_their_place(run: TinyRun) -> None:
    with closing(sqlite3.connect(run.folder.study_db)) as database, database:  # as of an early version, without digest
        database.execute("DELETE FROM trial_user_attributes WHERE key = 'sha256'")
        change = 'UPDATE trial_user_attributes SET value_json = replace(value_json, \'"sha256": "\', ?) WHERE key = ?'
        database.execute(change, ('"sha256": "0', "artifact"))
    path = _artifact(run)
    path.unlink()
    run.carry_out(retry_failed=True)
    assert not path.exists()
    assert f"predictions of {CELL}: not the same any more (`sweep replay` compares); put a copy" in "\n".join(run.said)


def test_a_cell_that_fails_now_keeps_its_record(run: TinyRun) -> None:
    path = _artifact(run)
    path.unlink()
    run.failing = (CELL,)
    assert run.carry_out(retry_failed=True) == []
    assert f"predictions of {CELL}: cannot be made again: made to fail" in run.said
    assert all(states == ["COMPLETE"] for states in trials(run.folder.path).values())
    assert not path.exists()
