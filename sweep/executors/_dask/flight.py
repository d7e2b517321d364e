"""One trial that was submitted: which try at it is under way, and where."""

import math
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from distributed import Future as DaskFuture

from search_spaces.errors import SweepError
from sweep import refusals
from sweep.executors import TrialCrashed, WorkerDied
from sweep.executors._dask.messages import Begun, Died, Dismissed, Finished
from sweep.folder import open_log
from sweep.job import EpochEvent, Job, Outcome, TrialFailed
from sweep.messages import Done, Ended
from sweep.parcels import Parcel


@dataclass(eq=False)
class Try:
    """One assignment of a trial.

    Attributes:
        token: names it.
        answer: Dask's.
        begun: what runs it, and where; None while Dask has not begun it.
        silent: ticks since something was heard of it.
        next_fetch: when its checkpoint is due, by the event loop's clock.
    """

    answer: DaskFuture[str]
    token: str
    begun: Begun | None = None
    silent: int = 0
    next_fetch: float = math.inf


@dataclass(eq=False)
class Flight:
    """A trial, from `submit` to its outcome.

    Attributes:
        log: its log, here.
        parcels: what it reads; None until somebody has looked.
        under_way: the try under way; None while it waits for a worker.
        last: its last epoch.
        moves: tries that were lost through no fault of the trial's.
    """

    job: Job
    on_epoch: Callable[[EpochEvent], None]
    log: Path
    future: Future[Outcome] = field(default_factory=Future)
    parcels: tuple[Parcel, ...] | None = None
    under_way: Try | None = None
    last: EpochEvent | None = None
    moves: int = 0

    @property
    def over(self) -> bool:
        """Whether there is an outcome, or nobody wants one."""
        return self.future.done()

    @property
    def reached(self) -> str:
        """How far it is, in words."""
        return f"after seed {self.last.seed}, epoch {self.last.epoch}" if self.last else "before its first epoch"

    def print(self, text: bytes) -> None:
        """Adds to the log.

        Raises:
            SweepError: it cannot be written.
        """
        if not text:
            return
        try:
            with open(open_log(self.log), "ab") as file:  # noqa: PTH123 # a descriptor
                file.write(text)
        except OSError as error:
            raise SweepError(f"{self.log} cannot be written: {refusals.sentence(error)}") from error

    def fail(self, error: BaseException) -> None:
        """Ends it without an outcome."""
        if not self.over:
            self.future.set_exception(error)

    def finish(self, finished: Finished) -> None:
        """Ends it as the Dask worker says."""
        if self.over:
            return
        self.print(finished.log)
        match finished.ending:
            case Done() as done:
                self.future.set_result(Outcome(done.record, done.cost, done.predictions))
            case Ended(cause="failed") as ended:
                self.fail(TrialFailed(ended.text))
            case Ended(cause="mistake") as ended:
                self.fail(SweepError(self._here(ended.text, finished)))
            case Ended() as ended:
                self.fail(TrialCrashed(self._here(ended.text, finished)))
            case Died() as died:
                self.fail(WorkerDied(self._here(died.text, finished)))
            case Dismissed():
                self.fail(WorkerDied(f"the worker stopped on its own, {self.reached}; log: {self.log}"))

    def _here(self, text: str, finished: Finished) -> str:
        """A text that names our log instead of theirs."""
        there = finished.log_path
        if there is None:
            return text
        return text.replace(str(there), str(self.log)).replace(str(there.parent), str(self.log.parent))
