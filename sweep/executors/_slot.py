"""A place for one worker process: a thread that keeps it, talks to it task by task, and replaces it when it dies."""

import signal
import threading
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from search_spaces.errors import SweepError
from sweep.executors import TrialCrashed, WorkerDied, WorkersUnavailable
from sweep.executors._agenda import Agenda, Card, Task, Turn
from sweep.executors._process import WorkerProcess
from sweep.executors._watch import Watchdog, oom_kills
from sweep.folder import log_path
from sweep.job import Outcome, TrialFailed
from sweep.messages import Done, Ended, Epoch, Order, Ready

_GRACE_S = 1.0  # between asking a worker to end and ending it
_STARTS = 3  # tries to start a worker that something kills while it loads
_START_S = 300.0  # a worker may load its libraries at least so long: from a busy network disk, perhaps


class _OutOfMemory(TrialFailed):
    """The machine, or its GPU, had too little memory for a trial."""


class Slot:
    """One of an executor's places.

    Args:
        agenda: shared by all slots.
        card: shared by all slots of a GPU.
        rank: which of the card's slots it is, from 0; where there is no room for so many any more, it ends.
        trial: "module:function" that runs a trial.
        log_dir: existing folder of logs.
        hang_s: see `Setup`.
    """

    def __init__(self, agenda: Agenda, card: Card, rank: int, trial: str, log_dir: Path, hang_s: float | None) -> None:
        self._agenda = agenda
        self._card = card
        self._rank = rank
        self._hang_s = hang_s
        self._trial = trial
        self._log_dir = log_dir
        self._worker: WorkerProcess | None = None
        self._aborted = False
        self._starting = threading.Lock()  # held while a worker starts, so that none starts behind an abort's back
        self._thread = threading.Thread(target=self._serve, daemon=True, name="worker slot")
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """The worker's process id, where one lives."""
        worker = self._worker
        return worker.pid if worker is not None and worker.alive else None

    def abort(self) -> None:
        """Asks the worker to end now; the trial that it runs raises WorkerDied."""
        with self._starting:
            self._aborted = True
            if (worker := self._worker) is not None:
                worker.signal(signal.SIGTERM)

    def join(self) -> None:
        """Waits until the last task and the worker have ended; an aborted worker gets a moment for it."""
        self._thread.join(_GRACE_S if self._aborted else None)
        if self._thread.is_alive():
            if (worker := self._worker) is not None:
                worker.signal(signal.SIGKILL)
            self._thread.join()

    def _serve(self) -> None:
        while (turn := self._agenda.take(self._card, self._rank)) is not None:
            self._serve_one(turn)
            self._agenda.leave(turn)
        self._put_away()

    def _serve_one(self, turn: Turn) -> None:
        future = turn.task.future
        try:
            outcome = self._run(turn.task)
        except _OutOfMemory as error:
            self._put_away()  # what its libraries and its allocator hold is wanted by others
            if not self._agenda.make_room(turn):
                future.set_exception(error)
        except BaseException as error:  # whatever it is, it belongs to whoever waits for the outcome
            future.set_exception(error)
        else:
            future.set_result(outcome)

    def _run(self, task: Task) -> Outcome:
        worker = self._ready_worker()
        log = log_path(self._log_dir, task.job.cell)
        oom_before, last = oom_kills(), None
        try:
            with Watchdog(self._hang_s, lambda: worker.signal(signal.SIGKILL)) as watchdog:
                worker.send(Order(job=task.job, log=log))
                while isinstance(reply := worker.receive(), Epoch):
                    watchdog.seen()
                    last = reply.event
                    task.on_epoch(reply.event)
        except Exception as error:
            worker.signal(signal.SIGKILL)  # else its next words would be taken for the next trial's
            self._put_away()
            if isinstance(error, ValidationError):
                raise TrialCrashed(f"the worker's reply makes no sense: {error}; log: {log}") from error
            raise
        match reply:
            case Done():
                if watchdog.barked:  # too late for this trial, and it must not cost the next one
                    self._put_away()
                return Outcome(reply.record, reply.cost, reply.predictions)
            case Ended(cause="failed"):
                raise TrialFailed(reply.text)
            case Ended(cause="memory"):
                raise _OutOfMemory(reply.text)
            case Ended(cause="mistake"):
                raise SweepError(reply.text)
            case Ended():
                raise TrialCrashed(f"{reply.text}; log: {log}")
            case _:
                ending = self._put_away()
                if watchdog.barked:
                    ending = f"ended no epoch for {self._hang_s:g} s and was killed"
                elif oom_kills() > oom_before:
                    ending += ", for the system ran out of memory (fewer --workers need less)"
                where = f"after seed {last.seed}, epoch {last.epoch}" if last else "before its first epoch"
                raise WorkerDied(f"the worker {ending}, {where}; log: {log}")

    def _ready_worker(self) -> WorkerProcess:
        """The living worker, or a new one that has loaded its libraries."""
        if self._worker is not None and self._worker.alive:
            return self._worker
        self._put_away()
        log = self._log_dir / "workers.log"
        for _ in range(_STARTS):
            with self._starting:
                if self._aborted:
                    raise WorkerDied("the executor was shut down")
                self._worker = worker = WorkerProcess(self._trial, log, self._card.gpu)
            limit_s = None if self._hang_s is None else max(self._hang_s, _START_S)
            with Watchdog(limit_s, partial(worker.signal, signal.SIGKILL)):
                reply = worker.receive()
            if isinstance(reply, Ready):
                return worker
            ending = worker.end()
            if not ending.by_signal:
                break
        raise WorkersUnavailable(f"No worker can be started: it {ending}; see {log}.")

    def _put_away(self) -> str:
        """Waits for the worker's end, which its closed input brings about, and says how it ended."""
        worker, self._worker = self._worker, None
        return "" if worker is None else str(worker.end())
