"""Trials in worker processes of this machine, each with one thread of arithmetic.

A worker that dies takes only its own trial with it and is replaced. Workers live in sessions of their own, so that
Ctrl-C reaches the coordinator alone, and end with it, however it ends.
"""

import queue
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from search_spaces.errors import SweepError
from sweep import environment
from sweep.executors import Setup
from sweep.executors._slot import Slot, Task, Tasks
from sweep.job import EpochEvent, Job, Outcome
from sweep.worker import DEFAULT_TRIAL


def check(scheduler: str | None) -> None:
    """Refuses what cannot work.

    Raises:
        SweepError: a scheduler is named, which this engine has no use for.
    """
    if scheduler is not None:
        raise SweepError(f"--scheduler {scheduler} goes with an engine of several machines. Found --engine local.")


def start(setup: Setup) -> "LocalExecutor":
    """Worker processes of this machine, by default one a core."""
    workers = setup.workers or environment.cores()
    return LocalExecutor(workers, setup.log_dir, setup.trial, hang_s=setup.hang_s)


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
        self._tasks: Tasks = queue.SimpleQueue()
        self._slots = tuple(Slot(self._tasks, trial, log_dir, hang_s) for _ in range(workers))

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
        task = Task(job, on_epoch, Future())
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
