"""Where trials run: what every executor offers, and how a trial can end there without an outcome.

The interface is that of `concurrent.futures`: `submit` gives a Future, so that a coordinator needs to know nothing
about processes or machines.
"""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol

from search_spaces.errors import SweepError
from sweep.job import EpochEvent, Job, Outcome


class WorkerDied(Exception):
    """The process of a trial ended under it; nothing says that the cell is at fault, so it may be tried again."""


class TrialCrashed(Exception):
    """A trial raised what it should not; trying again would raise it again."""


class WorkersUnavailable(SweepError):
    """No worker can be had at all: no cell is at fault, and the sweep must stop."""


class Executor(Protocol):
    """What a coordinator needs of a place where trials run."""

    @property
    def workers(self) -> int:
        """How many trials run at a time."""

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
