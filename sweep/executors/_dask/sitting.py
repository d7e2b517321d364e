"""One trial in a worker process beside a Dask worker, which can be ended in mid-training."""

import threading
from collections.abc import Callable
from concurrent.futures import Future

from search_spaces.errors import SweepError
from sweep.executors import TrialCrashed, WorkerDied
from sweep.executors._dask.bench import Bench, Recipe, Seat
from sweep.executors._dask.log_tail import LogTail
from sweep.executors._dask.messages import Died, Finished
from sweep.folder import log_path
from sweep.job import EpochEvent, Job, Outcome, TrialFailed
from sweep.messages import Done, Ended


class Sitting:
    """A trial on a seat of the bench.

    Args:
        bench: has seats.
        recipe: of the seat.
    """

    def __init__(self, bench: Bench, recipe: Recipe) -> None:
        self._bench = bench
        self._recipe = recipe
        self._lock = threading.Lock()
        self._over = False
        self._seat: Seat | None = None

    def end(self) -> None:
        """Ends the trial, now or when it begins; for any thread, and without waiting."""
        with self._lock:
            self._over = True
            if self._seat is not None:
                self._seat.executor.shutdown(wait=False, cancel_futures=True)

    def train(self, job: Job, tell: Callable[[EpochEvent, bytes], None]) -> Finished | None:
        """Runs the trial; None where it was ended.

        Args:
            job: the trial.
            tell: takes every epoch, and what the trial has printed since the last one.
        """
        seat = self._bench.take(self._recipe)
        try:
            return self._train(seat, job, tell)
        finally:
            with self._lock:
                self._seat = None
            if self._over:
                seat.end(at_once=True)
            else:
                self._bench.give_back(seat)

    def _train(self, seat: Seat, job: Job, tell: Callable[[EpochEvent, bytes], None]) -> Finished | None:
        path = log_path(seat.logs, job.cell)
        path.unlink(missing_ok=True)  # of an earlier trial of this cell
        log = LogTail(path)
        with self._lock:
            if self._over:
                return None
            self._seat = seat
        ending = _ending(seat.executor.submit(job, lambda event: tell(event, log.read_some())))
        if self._over:
            return None
        printed = log.read()
        if isinstance(ending, Ended) and ending.cause == "mistake":  # perhaps no worker process could be started
            printed += LogTail(seat.logs / "workers.log").read()
        return Finished(ending=ending, log=printed, log_path=path)


def _ending(future: Future[Outcome]) -> Done | Ended | Died:
    try:
        outcome = future.result()
    except TrialFailed as error:
        return Ended(cause="failed", text=str(error))
    except SweepError as error:
        return Ended(cause="mistake", text=str(error))
    except TrialCrashed as error:
        return Ended(cause="crashed", text=str(error))
    except WorkerDied as error:
        return Died(text=str(error))
    return Done(record=outcome.record, cost=outcome.cost, predictions=outcome.predictions)
