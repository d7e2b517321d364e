"""A run seen from outside: its events are those that its own view gets, whatever happens between two looks."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from results.records import Cell
from sweep.events import CellDone, CellEpoch, CellFailed, CellsPlanned, CellStarted
from sweep.follow import Follower
from sweep.job import EpochEvent
from sweep.lock import coordinating
from sweep.opened import open_studies
from sweep.seen_run import find
from sweep.trial_log import epoch_line
from tests.results_factory import cell
from tests.tiny_run import TinyRun, copied

ONE, TWO = cell("arousal", "vggish/way2"), cell("arousal", "vggish/way4")


@pytest.fixture
def run(finished: TinyRun, tmp_path: Path) -> Iterator[TinyRun]:
    """A copy of a finished run, which somebody coordinates."""
    run = copied(finished, tmp_path)
    with coordinating(run.folder):
        yield run


def _set(run: TinyRun, of: Cell, state: str, **attributes: object) -> None:
    """Puts the trials of a cell into a state, with these attributes in place of what they have measured."""
    mine = "trial_id IN (SELECT trial_id FROM trial_user_attributes WHERE key = 'cell' AND value_json = ?)"
    with closing(sqlite3.connect(run.folder.study_db)) as database, database:
        statement = f"UPDATE trials SET state = ?, datetime_start = datetime('now', '-60 seconds') WHERE {mine}"  # noqa: S608
        assert database.execute(statement, (state, f'"{of}"')).rowcount
        if state != "COMPLETE":
            keys = "('record', 'cost', 'artifact', 'sha256', 'cause', 'reason')"
            database.execute(f"DELETE FROM trial_user_attributes WHERE key IN {keys} AND {mine}", (f'"{of}"',))  # noqa: S608
        for key, value in attributes.items():
            insert = (
                "INSERT INTO trial_user_attributes (trial_id, key, value_json) SELECT trial_id, ?, ? FROM trials WHERE "
            )
            database.execute(insert + mine, (key, f'"{value}"', f'"{of}"'))


def _log(run: TinyRun, of: Cell, *epochs: int) -> None:
    lines = (epoch_line(EpochEvent(seed=101, epoch=n, devel_f1=0.25, best_f1=0.5), 1.5) for n in epochs)
    run.folder.log(of).write_text("--- in process 7\n" + "".join(lines))


def _follower(run: TinyRun) -> Follower:
    return Follower(find(str(run.folder.path)), open_studies(run.folder))  # which holds nothing open


def test_the_first_look_tells_everything_that_is_done(run: TinyRun) -> None:
    (planned,) = _follower(run).first()
    assert isinstance(planned, CellsPlanned)
    assert len(planned.cells) == 20
    assert {record.cell for record in planned.done} == set(planned.cells)
    assert planned.failed == ()
    assert planned.resolution.ranking("audio") == ("vggish",)
    assert set(planned.costs) == set(map(str, planned.cells))


def test_a_run_in_which_nothing_happens_has_no_events(run: TinyRun) -> None:
    assert list(_follower(run).again()) == []


def test_a_cell_under_way_has_started_and_says_its_last_epoch(run: TinyRun) -> None:
    _set(run, TWO, "RUNNING")
    _log(run, TWO, 1, 2, 3)
    _, started, epoch = _follower(run).first()
    assert started == CellStarted("arousal", TWO, 1)
    assert isinstance(epoch, CellEpoch)
    assert (epoch.cell, epoch.progress.epoch) == (TWO, 3)
    assert epoch.epoch_s == pytest.approx(60 / 3, abs=1)  # three epochs in the sixty seconds since it began


def test_epochs_come_one_by_one_and_then_the_record(run: TinyRun, finished: TinyRun) -> None:
    _set(run, TWO, "RUNNING")
    follower = _follower(run)
    assert [type(event) for event in follower.first()] == [CellsPlanned, CellStarted]
    _log(run, TWO, 1)
    (epoch,) = follower.again()
    assert isinstance(epoch, CellEpoch)
    assert list(follower.again()) == []
    run.folder.study_db.write_bytes(finished.folder.study_db.read_bytes())
    (done,) = follower.again()
    assert isinstance(done, CellDone)
    assert (done.cell, done.trial.cell) == (TWO, TWO)


def test_a_log_of_an_earlier_attempt_says_nothing(run: TinyRun) -> None:
    _set(run, TWO, "RUNNING")
    _log(run, TWO, 1, 2)
    before = time.time() - 3600
    os.utime(run.folder.log(TWO), (before, before))
    assert [type(event) for event in _follower(run).first()] == [CellsPlanned, CellStarted]


def test_a_cell_that_fails_says_why(run: TinyRun) -> None:
    _set(run, TWO, "RUNNING")
    follower = _follower(run)
    list(follower.first())
    _set(run, TWO, "FAIL", cause="failed", reason="the loss is nan")
    assert list(follower.again()) == [CellFailed("arousal", TWO, "the loss is nan", queued_again=False)]
    (planned,) = _follower(run).first()
    assert isinstance(planned, CellsPlanned)
    assert [hole.reason for hole in planned.failed] == ["the loss is nan"]


def test_a_cell_that_lost_its_worker_will_be_tried_again(run: TinyRun) -> None:
    _set(run, TWO, "RUNNING")
    follower = _follower(run)
    list(follower.first())
    _set(run, TWO, "FAIL", cause="died", reason="killed by SIGKILL")
    assert list(follower.again()) == [CellFailed("arousal", TWO, "killed by SIGKILL", queued_again=True)]


def test_what_a_dead_coordinator_left_running_is_pending(finished: TinyRun, tmp_path: Path) -> None:
    run = copied(finished, tmp_path)
    _set(run, TWO, "RUNNING")
    look = _follower(run).look
    assert look.running == {}
    assert [(hole.cell, hole.state, hole.reason) for hole in look.progress.holes] == [(TWO, "pending", "interrupted")]
    assert look.holder is None


def test_a_run_is_complete_when_nobody_is_at_work_any_more(finished: TinyRun, tmp_path: Path) -> None:
    run = copied(finished, tmp_path)
    assert _follower(run).look.complete
    with coordinating(run.folder):
        assert not _follower(run).look.complete


def test_cells_that_become_known_are_planned(run: TinyRun, finished: TinyRun) -> None:
    with closing(sqlite3.connect(run.folder.study_db)) as database, database:
        assert database.execute("DELETE FROM study_user_attributes WHERE key LIKE 'selected:%'").rowcount == 2
    follower = _follower(run)
    run.folder.study_db.write_bytes(finished.folder.study_db.read_bytes())
    planned, *done = follower.again()
    assert isinstance(planned, CellsPlanned)
    assert (len(planned.cells), planned.done) == (20, ())
    assert [len(event.cell.branches) for event in done if isinstance(event, CellDone)] == [2, 2]


def test_a_run_that_knows_nothing_of_its_data_yet_can_be_looked_at(run: TinyRun) -> None:
    with closing(sqlite3.connect(run.folder.study_db)) as database, database:
        database.execute("DELETE FROM study_user_attributes WHERE key IN ('features', 'resolution')")
    (planned,) = _follower(run).first()
    assert isinstance(planned, CellsPlanned)
    assert (planned.cells, planned.resolution.modalities) == ((), {})
