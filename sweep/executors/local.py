"""Trials in worker processes of this machine, each with one thread of arithmetic, and one GPU where GPUs train.

A worker that dies takes only its own trial with it and is replaced. Workers live in sessions of their own, so that
Ctrl-C reaches the coordinator alone, and end with it, however it ends.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Self

from search_spaces.errors import SweepError
from sweep import environment, gpus
from sweep.device_kind import Kind
from sweep.executors import Setup
from sweep.executors._agenda import Agenda, Card, Task
from sweep.executors._slot import Slot
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
    """Worker processes of this machine, by default one a core; on GPUs as many as their memory and the cores allow.

    Raises:
        SweepError: GPUs are wanted, and there is none, or some are of another model than the rest.
    """
    cores = environment.cores()
    if Kind.of(setup.device).type == "cpu":
        return LocalExecutor(setup.workers or cores, setup.log_dir, setup.trial, hang_s=setup.hang_s)
    found = gpus.found()
    names = gpus.spread(found, setup.workers, cores)
    used = Counter(names)
    setup.say(f"{len(names)} trials at a time on {len(used)} GPU{'s' if len(used) > 1 else ''} ({found[0].model})")
    return LocalExecutor(len(names), setup.log_dir, setup.trial, hang_s=setup.hang_s, gpus=names, say=setup.say)


class LocalExecutor:
    """An executor of worker processes; see `sweep.executors.Executor`.

    Args:
        workers: how many; each starts with its first trial.
        log_dir: existing folder that gets one log per cell, and "workers.log" for what precedes a worker's first trial.
        trial: "module:function" of the function that runs a trial, as a worker can import it.
        hang_s: a worker whose trial ends no epoch for so long is killed; None waits for ever.
        gpus: the GPU of each worker, as CUDA_VISIBLE_DEVICES takes it; none for what this process sees.
        say: takes a line for the user, when a GPU has too little memory.
    """

    def __init__(
        self,
        workers: int,
        log_dir: Path,
        trial: str = DEFAULT_TRIAL,
        *,
        hang_s: float | None = None,
        gpus: Sequence[str] = (),
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        if workers < 1:
            raise SweepError(f"`workers` must be at least 1. Found {workers}.")
        self._closed = False
        self._agenda = Agenda(say)
        names: Sequence[str | None] = gpus or [None] * workers
        self._cards = tuple(Card(gpu, room) for gpu, room in Counter(names).items())
        self._slots = tuple(
            Slot(self._agenda, card, rank, trial, log_dir, hang_s) for card in self._cards for rank in range(card.room)
        )

    @property
    def workers(self) -> int:
        """How many trials run at a time; fewer from when a GPU had too little memory for more."""
        return sum(card.room for card in self._cards)

    @property
    def pids(self) -> tuple[int, ...]:
        """The worker processes that live now."""
        return tuple(pid for slot in self._slots if (pid := slot.pid) is not None)

    def submit(self, job: Job, on_epoch: Callable[[EpochEvent], None]) -> Future[Outcome]:
        """Queues a trial for the next free worker."""
        if self._closed:
            raise RuntimeError("submit after shutdown")
        task = Task(job, on_epoch, Future())
        self._agenda.add(task)
        return task.future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends the workers: after the submitted trials, or, with `cancel_futures`, at once and in mid-training."""
        self._closed = True
        self._agenda.close(cancel=cancel_futures)
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
