"""Where trials run: what every executor offers, and how a trial can end there without an outcome.

The interface is that of `concurrent.futures`: `submit` gives a Future, so that a coordinator needs to know nothing
about processes or machines. A module of this package without an underscore is an engine: see `sweep.engines`.
"""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from search_spaces.errors import SweepError
from sweep.job import EpochEvent, Job, Outcome
from sweep.worker import DEFAULT_TRIAL


class WorkerDied(Exception):
    """The process of a trial ended under it; nothing says that the cell is at fault, so it may be tried again."""


class TrialCrashed(Exception):
    """A trial raised what it should not; trying again would raise it again."""


class WorkersUnavailable(SweepError):
    """No worker can be had at all: no cell is at fault, and the sweep must stop."""


@dataclass(frozen=True)
class Setup:
    """What an engine is told of the run that it works for.

    Attributes:
        workers: trials at a time; None for as many as there is room for.
        log_dir: existing folder that gets one log per cell.
        say: takes a line for the user, such as who joined; called from any thread.
        hang_s: a worker whose trial ends no epoch for so long is ended; None waits for ever.
        device: kind of device that trials use.
        scheduler: address of what hands out the work on other machines; None where the engine needs none.
        trial: "module:function" of the function that runs a trial, as a worker can import it.
    """

    workers: int | None
    log_dir: Path
    say: Callable[[str], None]
    hang_s: float | None = None
    device: str = "cpu"
    scheduler: str | None = None
    trial: str = DEFAULT_TRIAL

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise SweepError(f"`workers` must be at least 1. Found {self.workers}.")


class Executor(Protocol):
    """What a coordinator needs of a place where trials run."""

    @property
    def workers(self) -> int:
        """How many trials run at a time, at least 1; it may change where workers come and go."""

    def submit(self, job: Job, on_epoch: Callable[[EpochEvent], None]) -> Future[Outcome]:
        """Starts a trial, or queues it where every worker is busy.

        Args:
            job: the trial.
            on_epoch: told after every epoch, from a thread of the executor's.

        Returns:
            The outcome to be; it raises TrialFailed, TrialCrashed, WorkerDied or a SweepError.
        """

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends the workers: after the submitted trials, or, with `cancel_futures`, at once and in mid-training."""
