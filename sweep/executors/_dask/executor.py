"""Trials on a Dask cluster, behind the interface of `concurrent.futures`: an event loop in a thread of its own."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable
from concurrent import futures
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

from sweep import environment
from sweep.executors import Setup, WorkerDied
from sweep.executors._dask import station
from sweep.executors._dask.calls import call
from sweep.executors._dask.crew import Crew
from sweep.executors._dask.flight import Flight
from sweep.executors._dask.hub import Hub
from sweep.executors._dask.link import Link
from sweep.executors._dask.rounds import Rounds
from sweep.folder import log_path
from sweep.job import EpochEvent, Job, Outcome

_SAVE_S = 15.0  # for checkpoints of trials that are ended in mid-training
_STOP_S = 6.0

_T = TypeVar("_T")


class DaskExecutor:
    """An executor of Dask workers; see `sweep.executors.Executor`.

    Args:
        setup: what the run wants.
        checkpoint_s: between two fetches of a trial's checkpoint: what a killed Dask worker costs at most.
        slack_s, patience_s: see `Rounds`.

    Raises:
        SweepError: no scheduler answers, or nobody who is there can take part.
    """

    def __init__(
        self, setup: Setup, *, checkpoint_s: float = 30.0, slack_s: float = 120.0, patience_s: float = 600.0
    ) -> None:
        self._setup = setup
        self._closed = False
        self._link = Link(setup.scheduler, setup.workers or environment.cores(), setup.log_dir / "dask.log")
        self._crew = Crew(setup.device)
        self._hub = Hub(setup, self._link, self._crew, checkpoint_s)
        self._rounds = Rounds(setup, self._link, self._crew, self._hub, slack_s, patience_s)
        self._going: asyncio.Task[None] | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="dask")
        self._thread.start()
        try:
            self._do(self._begin())
        except BaseException:
            self._end()
            raise

    @property
    def workers(self) -> int:
        """How many trials run at a time; at least one, which waits where there is no worker yet."""
        return max(1, min(self._crew.slots, self._setup.workers or self._crew.slots))

    def submit(self, job: Job, on_epoch: Callable[[EpochEvent], None]) -> Future[Outcome]:
        """Hands a trial to Dask as soon as there is a worker."""
        if self._closed:
            raise RuntimeError("submit after shutdown")
        flight = Flight(job, on_epoch, log_path(self._setup.log_dir, job.cell))
        self._loop.call_soon_threadsafe(self._hub.take, flight)
        return flight.future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leaves the cluster: after the submitted trials, or, with `cancel_futures`, at once and in mid-training."""
        if self._closed:
            return
        self._closed = True
        if not wait and not cancel_futures:
            threading.Thread(target=self._finish, name="dask shutdown").start()
        else:
            self._finish(cancel=cancel_futures)

    def _finish(self, *, cancel: bool = False) -> None:
        try:
            if cancel:
                self._do(self._stop())
            else:
                futures.wait(self._do(self._open()))
            self._do(self._rest())
        finally:
            self._end()

    async def _begin(self) -> None:
        await self._rounds.begin()
        self._going = asyncio.create_task(self._rounds.go())
        self._going.add_done_callback(self._gone)

    def _gone(self, going: asyncio.Task[None]) -> None:
        if not going.cancelled() and (error := going.exception()) is not None:
            self._hub.break_off(error)

    async def _open(self) -> list[Future[Outcome]]:
        return [flight.future for flight in self._hub.flights]

    async def _stop(self) -> None:
        """Ends every trial; the state of those under way is saved first."""
        for flight in self._hub.flights:
            flight.future.cancel()  # those that have not begun
        with suppress(Exception):
            await asyncio.wait_for(self._hub.save(), _SAVE_S)
        begun = [flight.under_way.begun for flight in self._hub.flights if flight.under_way is not None]
        await self._tell_all(station.stop, [(each.worker, each.execution) for each in begun if each is not None])
        for flight in self._hub.flights:
            self._hub.settle(flight, WorkerDied("the executor was shut down"))

    async def _rest(self) -> None:
        """Members end the worker processes that nobody uses now."""
        await self._tell_all(station.rest, [(worker,) for worker in self._crew.members])

    async def _tell_all(self, function: Callable[..., Any], told: Iterable[tuple[str, ...]]) -> None:
        """Calls a function in Dask workers, as far as they are still there; of each, its address and the arguments."""
        with suppress(Exception):  # a scheduler or a worker that is gone has nothing to end
            client = self._link.client
            present = set(await client.nthreads())
            calls = [call(client, worker, function, *words) for worker, *words in told if worker in present]
            await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), _STOP_S)

    def _do(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _end(self) -> None:
        self._closed = True
        with suppress(Exception):
            self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        if self._going is not None:
            self._going.cancel()
        await self._link.close()
