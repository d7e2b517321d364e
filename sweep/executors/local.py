"""Trials in worker processes of this machine, each with one thread of arithmetic.

A worker that dies takes only its own trial with it and is replaced. Workers live in sessions of their own, so that
Ctrl-C reaches the coordinator alone, and end with it, however it ends.
"""

import queue
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from search_spaces.errors import SweepError
from sweep.executors import TrialCrashed, WorkerDied, WorkersUnavailable
from sweep.executors._process import WorkerProcess
from sweep.executors._watch import Watchdog, oom_kills
from sweep.folder import log_path
from sweep.job import EpochEvent, Job, Outcome, TrialFailed
from sweep.messages import Done, Ended, Epoch, Order, Ready
from sweep.worker import DEFAULT_TRIAL

_GRACE_S = 1.0  # between asking a worker to end and ending it
_STARTS = 3  # tries to start a worker that something kills while it loads


@dataclass(frozen=True)
class _Task:
    job: Job
    on_epoch: Callable[[EpochEvent], None]
    future: Future[Outcome]


_Tasks = queue.SimpleQueue[_Task | None]


class LocalExecutor:
    """An executor of worker processes; see `sweep.executors.Executor`.

    Args:
        workers: how many; each starts with its first trial.
        log_dir: existing folder that gets one log per cell, and "workers.log" for what precedes a worker's first trial.
        trial: "module:function" of the function that runs a trial, as a worker can import it.
        hang_s: a worker whose trial ends no epoch for so long is killed; None waits for ever.
    """

    def __init__(self, workers: int, log_dir: Path, trial: str = DEFAULT_TRIAL, *, hang_s: float | None = None) -> None:
        if workers < 1:
            raise SweepError(f"`workers` must be at least 1. Found {workers}.")
        self._closed = False
        self._tasks: _Tasks = queue.SimpleQueue()
        self._slots = tuple(_Slot(self._tasks, trial, log_dir, hang_s) for _ in range(workers))

    @property
    def workers(self) -> int:
        """How many trials run at a time."""
        return len(self._slots)

    @property
    def pids(self) -> tuple[int, ...]:
        """The worker processes that live now."""
        return tuple(pid for slot in self._slots if (pid := slot.pid) is not None)

    def submit(self, job: Job, on_epoch: Callable[[EpochEvent], None]) -> Future[Outcome]:
        """Queues a trial for the next free worker."""
        if self._closed:
            raise RuntimeError("submit after shutdown")
        task = _Task(job, on_epoch, Future())
        self._tasks.put(task)
        return task.future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends the workers: after the submitted trials, or, with `cancel_futures`, at once and in mid-training."""
        self._closed = True
        if cancel_futures:
            with suppress(queue.Empty):
                while True:
                    if (task := self._tasks.get_nowait()) is not None:
                        task.future.cancel()
        for _ in self._slots:
            self._tasks.put(None)
        if cancel_futures:
            for slot in self._slots:
                slot.abort()
        if wait:
            for slot in self._slots:
                slot.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown(cancel_futures=kind is not None)


class _Slot:
    """A thread that keeps one worker process and talks to it, task by task."""

    def __init__(self, tasks: _Tasks, trial: str, log_dir: Path, hang_s: float | None) -> None:
        self._tasks = tasks
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
        worker = self._worker
        return worker.pid if worker is not None and worker.alive else None

    def abort(self) -> None:
        with self._starting:
            self._aborted = True
            if (worker := self._worker) is not None:
                worker.signal(signal.SIGTERM)

    def join(self) -> None:
        self._thread.join(_GRACE_S if self._aborted else None)
        if self._thread.is_alive():
            if (worker := self._worker) is not None:
                worker.signal(signal.SIGKILL)
            self._thread.join()

    def _serve(self) -> None:
        while (task := self._tasks.get()) is not None:
            if not task.future.set_running_or_notify_cancel():
                continue
            try:
                outcome = self._run(task)
            except BaseException as error:  # whatever it is, it belongs to whoever waits for the outcome
                task.future.set_exception(error)
            else:
                task.future.set_result(outcome)
        self._put_away()

    def _run(self, task: _Task) -> Outcome:
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
                return Outcome(reply.record, reply.cost, reply.predictions)
            case Ended(cause="failed"):
                raise TrialFailed(reply.text)
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
                self._worker = worker = WorkerProcess(self._trial, log)
            if isinstance(worker.receive(), Ready):
                return worker
            ending = worker.end()
            if not ending.by_signal:
                break
        raise WorkersUnavailable(f"No worker can be started: it {ending}; see {log}.")

    def _put_away(self) -> str:
        """Waits for the worker's end, which its closed input brings about, and says how it ended."""
        worker, self._worker = self._worker, None
        return "" if worker is None else str(worker.end())
