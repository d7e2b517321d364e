"""Exactly once, whatever dies: real workers, real coordinators, real signals."""

import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil
import pytest

from results.records import Cell, Hole
from search_spaces.errors import SweepError
from sweep.coordinator import Interrupted, run_cells
from sweep.events import CellDone, CellEpoch, CellFailed, CellStarted, Event
from sweep.executors import WorkersUnavailable
from sweep.executors.local import LocalExecutor
from sweep.folder import RunFolder
from sweep.ledger import Ledger, sqlite_url
from sweep.lock import coordinating
from sweep.study_reader import StudyReader
from tests.fake_run import CHOICES, ROOT, executions, figures, local_executor, made_folder, make_job
from tests.fake_trial import cell, cells, fake_outcome

STUDIES = ("arousal", "valence")


@dataclass
class Run:
    """One run and what its coordinator told."""

    folder: RunFolder
    events: list[Event] = field(default_factory=list)

    def go(self, *wanted: Cell, workers: int = 2, retry_failed: bool = False) -> None:
        with local_executor(self.folder, workers) as executor:
            self.go_on(executor, *wanted, retry_failed=retry_failed)

    def go_on(self, executor: LocalExecutor, *wanted: Cell, retry_failed: bool = False) -> None:
        with Ledger(sqlite_url(self.folder.study_db)) as ledger:
            for study in STUDIES:
                ledger.open_study(study, CHOICES)
            run_cells(
                ledger,
                [(of.target, of) for of in wanted],
                make_job=make_job(self.folder),
                executor=executor,
                folder=self.folder,
                on_event=self.events.append,
                retry_failed=retry_failed,
            )

    def records(self, *studies: str) -> dict[str, str]:
        with StudyReader(sqlite_url(self.folder.study_db)) as reader:
            return figures(tuple(record for study in studies or STUDIES for record in reader.records(study)))

    def holes(self, *wanted: Cell) -> tuple[Hole, ...]:
        with StudyReader(sqlite_url(self.folder.study_db)) as reader:
            return tuple(hole for of in wanted for hole in reader.holes(of.target, [of]))


@pytest.fixture(scope="module")
def empty_studies(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A database with the empty studies; making one takes half a second, copying it none."""
    run = Run(made_folder(tmp_path_factory.mktemp("coordinator")))
    run.go()
    return run.folder.study_db.read_bytes()


@pytest.fixture
def run(tmp_path: Path, empty_studies: bytes) -> Run:
    folder = made_folder(tmp_path)
    folder.study_db.write_bytes(empty_studies)
    return Run(folder)


class _Interrupting(list[Event]):
    def append(self, _: Event) -> None:
        raise KeyboardInterrupt


def _expected(*wanted: Cell) -> dict[str, str]:
    return figures(tuple(fake_outcome(of).record for of in wanted))


def _wait(condition: Callable[[], bool], timeout_s: float = 20) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)


def test_three_workers_train_thirty_cells_of_two_studies_exactly_once(run: Run) -> None:
    wanted = (*cells(15), *cells(15, target="valence"))
    run.go(*wanted, workers=3)
    assert executions(run.folder) == sorted(map(str, wanted))
    assert run.records() == _expected(*wanted)
    with StudyReader(sqlite_url(run.folder.study_db)) as reader:
        artifacts = {of: run.folder.read_artifact(a) for s in STUDIES for of, a in reader.artifacts(s).items()}
    assert artifacts == {str(of): fake_outcome(of).predictions for of in wanted}


def test_a_finished_run_trains_nothing_again(run: Run) -> None:
    run.go(*cells(3))
    run.events.clear()
    run.go(*cells(3))
    assert len(executions(run.folder)) == 3
    assert run.events == []


def test_records_do_not_depend_on_order_or_number_of_workers(tmp_path: Path) -> None:
    runs = [Run(made_folder(tmp_path / name)) for name in ("one", "three")]
    runs[0].go(*cells(6), workers=1)
    runs[1].go(*reversed(cells(6)), workers=3)
    assert runs[0].records() == runs[1].records() == _expected(*cells(6))


def test_cells_start_in_the_order_of_the_plan_across_studies(run: Run) -> None:
    plan = (cell("f2"), cell("f0", target="valence"), cell("f1"), cell("f1", target="valence"))
    run.go(*plan, workers=1)
    assert [event.cell for event in run.events if isinstance(event, CellStarted)] == list(plan)


def test_the_live_view_hears_start_epoch_and_end(run: Run) -> None:
    run.go(cell("f1"))
    assert [type(event) for event in run.events] == [CellStarted, CellEpoch, CellDone]
    assert isinstance(run.events[2], CellDone)
    assert run.events[2].trial == fake_outcome(cell("f1")).record


def test_a_killed_worker_costs_its_cell_one_attempt(run: Run) -> None:
    wanted = (cell("dieonce"), *cells(4))
    run.go(*wanted)
    assert executions(run.folder) == sorted(map(str, (cell("dieonce"), *wanted)))
    assert run.records() == _expected(*wanted)
    (failed,) = (event for event in run.events if isinstance(event, CellFailed))
    assert failed.queued_again
    assert "SIGKILL" in failed.reason


def test_a_cell_that_always_kills_its_worker_ends_as_a_hole_and_the_rest_finishes(run: Run) -> None:
    run.go(cell("die"), *cells(6))
    assert executions(run.folder).count(str(cell("die"))) == 3
    assert run.records() == _expected(*cells(6))
    (hole,) = run.holes(cell("die"), *cells(6))
    assert (hole.state, hole.attempts) == ("failed", 3)
    assert "was ended by SIGKILL, after seed 101, epoch 1; log: " in hole.reason
    assert hole.reason.endswith("; attempt 3")
    assert str(run.folder.log(cell("die"))) in hole.reason


def test_a_failed_or_crashed_cell_is_a_hole_with_its_reason(run: Run) -> None:
    run.go(cell("fail"), cell("crash"), *cells(2))
    reasons = {
        hole.cell: (hole.state, hole.reason.split("; log")[0]) for hole in run.holes(cell("fail"), cell("crash"))
    }
    assert reasons == {
        cell("fail"): ("failed", "loss is not finite in epoch 3, batch 5"),
        cell("crash"): ("failed", "ValueError: shapes (3,) and (4,) do not match"),
    }
    assert run.records() == _expected(*cells(2))


def test_a_failed_cell_is_tried_again_only_when_asked(run: Run) -> None:
    run.go(cell("fail"))
    run.go(cell("fail"))
    assert len(executions(run.folder)) == 1
    run.go(cell("fail"), retry_failed=True)
    assert len(executions(run.folder)) == 2


def test_a_mistake_that_every_cell_would_meet_stops_the_sweep_and_leaves_it_resumable(run: Run) -> None:
    wanted = (cell("mistake"), cell("slow"))
    with pytest.raises(SweepError, match="the data has another digest"):
        run.go(*wanted)
    assert [(hole.state, hole.reason) for hole in run.holes(*wanted)] == [("pending", "interrupted")] * 2


def test_a_trial_that_cannot_be_loaded_stops_the_sweep_without_blaming_cells(run: Run) -> None:
    with pytest.raises(WorkersUnavailable), LocalExecutor(2, run.folder.logs, "no_such_module:f") as executor:
        run.go_on(executor, *cells(3))
    assert {hole.state for hole in run.holes(*cells(3))} == {"pending"}


def test_an_artifact_that_cannot_be_written_stops_the_sweep_and_leaves_it_resumable(run: Run) -> None:
    run.folder.artifact(cell("f0")).mkdir()
    with pytest.raises(SweepError, match=r"npz cannot be written"):
        run.go(cell("f0"))
    run.folder.artifact(cell("f0")).rmdir()
    run.go(cell("f0"))
    assert run.records() == _expected(cell("f0"))


def test_a_cell_that_was_running_at_every_interruption_comes_last(run: Run) -> None:
    with Ledger(sqlite_url(run.folder.study_db)) as ledger:
        ledger.open_study("arousal", CHOICES)
        for _ in range(3):
            ledger.enqueue("arousal", [cell("f0")])
            ledger.ask("arousal", cell("f0"))
            ledger.recover("arousal", run.folder)
    run.go(*cells(3), workers=1)
    assert [event.cell for event in run.events if isinstance(event, CellStarted)] == [*cells(3)[1:], cell("f0")]


_COORDINATOR = """
import sys, pathlib
from sweep.coordinator import Interrupted
from sweep.folder import RunFolder
from sweep.lock import coordinating
from tests.fake_trial import cell, cells
from tests.test_coordinator import Run
run = Run(RunFolder(pathlib.Path(sys.argv[1])))
try:
    with coordinating(run.folder):
        run.go(*cells(int(sys.argv[2]), "nap"), *(cell("slow", way) for way in sys.argv[3:]))
except Interrupted:
    sys.exit(130)
"""


@contextmanager
def _coordinator(folder: RunFolder, naps: int, *slow_ways: str) -> Iterator[subprocess.Popen[bytes]]:
    """A coordinator of cells of a tenth of a second, then of slow ones, in a process of its own."""
    command = [sys.executable, "-c", _COORDINATOR, str(folder.path), str(naps), *slow_ways]
    with subprocess.Popen(command, cwd=ROOT) as process:
        try:
            yield process
        finally:
            process.kill()


def _last_worker_gone(folder: RunFolder) -> None:
    """Waits until no worker of the run lives, so that a late line of a dying one is not counted as a second run."""
    _wait(lambda: not [p for p in psutil.process_iter(["cmdline"]) if _works_for(p, folder)])


def _works_for(process: psutil.Process, folder: RunFolder) -> bool:
    try:
        return any(opened.path.startswith(str(folder.logs)) for opened in process.open_files())
    except psutil.Error:
        return False


def test_no_finished_cell_is_trained_twice_and_none_is_missing_after_kills(run: Run) -> None:
    wanted = cells(24, "nap")
    trained_when_finished: dict[str, int] = {}
    for executed in (8, 18):
        with _coordinator(run.folder, 24) as process:
            _wait(partial(_has_executed, run.folder, executed))
            process.kill()
            process.wait()
        _last_worker_gone(run.folder)
        counts = Counter(executions(run.folder))
        trained_when_finished |= {of: counts[of] for of in run.records() if of not in trained_when_finished}
    assert 4 <= len(trained_when_finished) < 24  # it really was killed amid
    run.go(*wanted)
    counts = Counter(executions(run.folder))
    assert {of: counts[of] for of in trained_when_finished} == trained_when_finished
    assert max(counts.values()) <= 3  # once, and once more after each kill
    assert run.records() == _expected(*wanted)


def _has_executed(folder: RunFolder, count: int) -> bool:
    return len(executions(folder)) >= count


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_soon_and_leaves_a_resumable_state(run: Run, number: signal.Signals) -> None:
    slow = (cell("slow", "way1"), cell("slow", "way2"))
    with _coordinator(run.folder, 4, "way1", "way2") as process:
        _wait(lambda: sum("slow" in of for of in executions(run.folder)) == 2)
        process.send_signal(number)
        assert process.wait(timeout=30) == 130  # "slow" would take a minute
    _last_worker_gone(run.folder)
    assert run.records() == _expected(*cells(4, "nap"))
    assert [(hole.state, hole.reason) for hole in run.holes(*slow)] == [("pending", "interrupted")] * 2
    with coordinating(run.folder):  # the lock is free
        pass


def test_a_second_coordinator_is_refused_while_the_first_lives(run: Run) -> None:
    with _coordinator(run.folder, 0, "way1") as process:
        _wait(run.folder.holder.exists)
        with pytest.raises(SweepError, match=f"in use by process {process.pid}"), coordinating(run.folder):
            pass


def test_a_second_interruption_ends_at_once_even_while_the_study_is_locked(run: Run) -> None:
    with _coordinator(run.folder, 0, "way1") as process:
        _wait(lambda: _has_executed(run.folder, 1))
        with closing(sqlite3.connect(run.folder.study_db, isolation_level=None)) as blocker:
            blocker.execute("BEGIN EXCLUSIVE")  # the first one would wait for it, ten seconds
            process.send_signal(signal.SIGINT)
            time.sleep(0.5)
            assert process.poll() is None
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=5) == -signal.SIGINT
    _last_worker_gone(run.folder)
    with Ledger(sqlite_url(run.folder.study_db)) as ledger, coordinating(run.folder):
        ledger.recover("arousal", run.folder)
    assert [hole.state for hole in run.holes(cell("slow"))] == ["pending"]


def test_the_run_of_a_killed_coordinator_is_taken_over_at_once_and_its_workers_are_gone(run: Run) -> None:
    with _coordinator(run.folder, 0, "way1", "way2") as process:
        _wait(lambda: _has_executed(run.folder, 2))
        process.kill()
        process.wait()
        with coordinating(run.folder):
            _last_worker_gone(run.folder)


def test_what_a_power_failure_took_is_made_again_and_nothing_else(run: Run) -> None:
    done, open_ = cells(3), (*cells(6)[3:],)
    run.go(*done)
    with Ledger(sqlite_url(run.folder.study_db)) as ledger:
        ledger.enqueue("arousal", open_)
        for of in open_[:2]:
            ledger.ask("arousal", of)
    outcome = fake_outcome(open_[0])
    run.folder.write_artifact(open_[0], outcome.predictions[:-50])  # before its record, and cut short
    (run.folder.artifacts / ".arousal-f4-0123456789ab.tmp").write_bytes(b"half")
    run.folder.checkpoint(open_[1]).write_bytes(b"half a checkpoint")
    run.go(*cells(6))
    assert executions(run.folder) == sorted(map(str, cells(6)))
    assert run.records() == _expected(*cells(6))
    assert run.folder.artifact(open_[0]).read_bytes() == outcome.predictions
    assert not list(run.folder.artifacts.glob(".*"))
    assert list(run.folder.checkpoints.iterdir()) == []


def test_an_interruption_of_the_live_view_is_one_of_the_sweep(run: Run) -> None:
    run.events = _Interrupting()
    with pytest.raises(Interrupted):
        run.go(cell("slow"))
    assert [hole.state for hole in run.holes(cell("slow"))] == ["pending"]


def test_signal_handlers_are_put_back(run: Run) -> None:
    before = (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM))
    run.go(cell("f1"))
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
