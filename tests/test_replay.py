"""`sweep replay`: a recorded cell trained again is the same, and what is not is seen."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import optuna
import pytest

from sweep.ledger import sqlite_url
from tests.conftest import Sweep
from tests.tiny_run import TinyRun

CELL = "arousal vggish/way2"


@pytest.fixture
def copy(finished: TinyRun, tmp_path: Path) -> Path:
    shutil.copytree(finished.folder.path, tmp_path / "run")
    return tmp_path / "run"


def alter(run: Path, cell: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Changes a stored record and takes its digest away, as a study of an early version edited by hand would be."""
    with closing(sqlite3.connect(run / "study.db")) as database:
        attributes = "SELECT a.trial_id, a.value_json FROM trial_user_attributes a JOIN trial_user_attributes c"
        of_cell = "ON a.trial_id = c.trial_id WHERE a.key = 'record' AND c.key = 'cell' AND c.value_json = ?"
        rows = database.execute(f"{attributes} {of_cell}", (json.dumps(cell),)).fetchall()
        assert rows
        for trial, value in rows:
            record = json.loads(json.loads(value))  # a text in JSON, which is JSON itself
            change(record)
            new = (json.dumps(json.dumps(record)), trial)
            database.execute(
                "UPDATE trial_user_attributes SET value_json = ? WHERE key = 'record' AND trial_id = ?", new
            )
            database.execute("DELETE FROM trial_user_attributes WHERE key = 'sha256' AND trial_id = ?", (trial,))
        database.commit()


@pytest.mark.parametrize("words", [(CELL,), tuple(CELL.split()), (CELL, "--seed", "101")])
def test_a_cell_of_a_finished_run_is_the_same_in_every_digit(finished: TinyRun, sweep: Sweep, words) -> None:
    said = sweep("replay", finished.folder.path, *words)
    assert said.code == 0, said.err
    assert "The same in every digit." in said.out


def test_a_joint_cell_can_be_replayed_too(finished: TinyRun, sweep: Sweep) -> None:
    study = optuna.load_study(study_name="valence/multitask", storage=sqlite_url(finished.folder.study_db))
    said = sweep("replay", finished.folder.path, study.trials[0].user_attrs["cell"])
    assert said.code == 0, said.err
    assert "yes" in said.out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("arousal vggish/way3",), "has no finished cell 'arousal vggish/way3' among its"),
        (("arousal vggish/way3",), "Did you mean 'arousal vggish/way"),
        ((CELL, "--seed", "7"), "`--seed` must be one of the cell's seeds: 101. Found 7."),
    ],
)
def test_what_was_not_trained_is_told(finished: TinyRun, sweep: Sweep, words, expected) -> None:
    said = sweep("replay", finished.folder.path, *words)
    assert said.code == 2
    assert expected in " ".join(said.err.split())


def test_nothing_is_written(finished: TinyRun, copy: Path, sweep: Sweep) -> None:
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*")}
    assert sweep("replay", copy, CELL).code == 0
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*")} == before


def test_a_figure_that_is_not_what_training_gives_is_seen(copy: Path, sweep: Sweep) -> None:
    def change(record: dict[str, Any]) -> None:
        record["seeds"][0]["train_loss"][0] += 1e-9

    alter(copy, CELL, change)
    said = sweep("replay", copy, CELL)
    assert said.code == 3
    assert "NO" in said.out
    assert "another machine or changed code" in said.out


def test_other_versions_are_named_where_a_figure_differs(copy: Path, sweep: Sweep) -> None:
    def change(record: dict[str, Any]) -> None:
        record["versions"]["torch"] = "1.0"
        record["seeds"][0]["devel_f1"][0] += 0.1

    alter(copy, CELL, change)
    said = sweep("replay", copy, CELL)
    assert said.code == 3
    assert "torch 1.0 then, 2." in said.out


def test_other_data_is_refused(copy: Path, sweep: Sweep) -> None:
    alter(copy, CELL, lambda record: record.update(data_digest="0" * 64))
    said = sweep("replay", copy, CELL)
    assert said.code == 2
    assert "expected digest 000000000000…" in said.err
