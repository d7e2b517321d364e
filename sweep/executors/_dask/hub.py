"""The coordinator's side of a Dask cluster: trials out, outcomes back, whatever workers and scheduler do meanwhile.

Everything runs in one event loop. Dask decides where a trial goes; whether it may begin there is decided here: a trial
that Dask gives out again, because it lost the worker of the first time, does not begin a second time. It is for the
coordinator to count that as an attempt.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

from pydantic import ValidationError

from search_spaces.errors import SweepError
from sweep import parcels
from sweep.executors import Setup, TrialCrashed, WorkerDied
from sweep.executors._dask.background import Background
from sweep.executors._dask.calls import OutOfReach
from sweep.executors._dask.crew import Crew
from sweep.executors._dask.dispatch import Called, Dispatch
from sweep.executors._dask.flight import Flight, Try
from sweep.executors._dask.freight import Freight
from sweep.executors._dask.link import Link
from sweep.executors._dask.messages import Begun, Finished, Left, Progress, Told, Wanted, parse_told

_MOVES = 10  # times that a trial may lose its place through no fault of its own


class Hub:
    """All trials of one executor.

    Args:
        setup: of the executor.
        link, crew: to the scheduler, and who takes part.
        checkpoint_s: between two fetches of a trial's checkpoint.
    """

    def __init__(self, setup: Setup, link: Link, crew: Crew, checkpoint_s: float) -> None:
        self._freight = Freight(link, checkpoint_s)
        self._dispatch = Dispatch(setup, link, crew, self._freight)
        self._flights: set[Flight] = set()
        self._background = Background()
        self._broken: BaseException | None = None

    @property
    def flights(self) -> tuple[Flight, ...]:
        """Every trial without an outcome."""
        return tuple(self._flights)

    def take(self, flight: Flight) -> None:
        """Takes a trial over."""
        self._flights.add(flight)
        self._start(self._prepare(flight), flight)

    def send(self) -> None:
        """Gives out what waits, and anew what Dask keeps from those that have just joined; see `Dispatch.is_open`."""
        for flight in self.flights:
            if flight.under_way is not None and flight.under_way.begun is None:
                self._call_off(flight)
            self._send(flight)

    def hear(self, text: str) -> None:
        """Takes in what a station tells."""
        try:
            message = parse_told(text)
        except ValidationError:  # whoever reaches the scheduler can say anything
            return
        for flight in self.flights:
            if (attempt := flight.under_way) is not None and attempt.token == message.token:
                attempt.silent = 0
                try:
                    self._take_in(message, flight, attempt)
                except Exception as error:  # whatever it is, it belongs to whoever waits for the outcome
                    self.settle(flight, error)

    def lose(self, flight: Flight, why: str) -> None:
        """A trial has lost its worker, which may be its own fault."""
        self.settle(flight, WorkerDied(f"the worker {why}, {flight.reached}; log: {flight.log}"))

    def move(self, flight: Flight, why: str) -> None:
        """A trial has lost its place through no fault of its own, and gets another one."""
        flight.moves += 1
        if flight.moves > _MOVES:
            self.lose(flight, f"was lost {flight.moves} times, {why} at last")
            return
        self._call_off(flight)
        self._send(flight)

    def settle(self, flight: Flight, end: BaseException | Finished) -> None:
        """Ends a trial."""
        self._call_off(flight)
        try:
            if isinstance(end, Finished):
                flight.finish(end)
            else:
                flight.fail(end)
        except SweepError as error:  # its log cannot be written
            flight.fail(error)
        self._flights.discard(flight)

    def strand(self) -> None:
        """The scheduler has forgotten every try; `send` begins them anew."""
        for flight in self.flights:
            if flight.under_way is not None:
                flight.moves += flight.under_way.begun is not None
                self._call_off(flight)

    def break_off(self, error: BaseException) -> None:
        """Ends every trial, and every one to come: no worker can be had."""
        self._broken = error
        for flight in self.flights:
            self.settle(flight, error)

    async def save(self) -> None:
        """Fetches the checkpoint of every trial under way."""
        tries = [(flight, flight.under_way) for flight in self.flights if flight.under_way is not None]
        await asyncio.gather(*(self._freight.fetch(*each) for each in tries), return_exceptions=True)

    async def _prepare(self, flight: Flight) -> None:
        flight.parcels = await asyncio.to_thread(parcels.of_job, flight.job)
        self._send(flight)

    def _send(self, flight: Flight) -> None:
        """Gives a trial to Dask, where somebody can run it."""
        if self._broken is not None:
            self.settle(flight, self._broken)
        elif not flight.over and flight.parcels is not None and flight.under_way is None and self._dispatch.is_open:
            attempt = self._dispatch.send(flight)
            flight.under_way = attempt
            self._start(self._await(flight, attempt), flight)

    async def _await(self, flight: Flight, attempt: Try) -> None:
        """Waits for the end of a try; only that of the try under way counts."""
        end = await self._dispatch.end(attempt)
        if flight.under_way is not attempt:
            return
        match end:
            case Called.OFF if self._dispatch.is_lost:
                pass  # whoever connects again takes care of it
            case Called.OFF:
                self.move(flight, "its Dask worker left")
            case Called.LOST if (begun := attempt.begun) is not None:
                self.lose(flight, f"at {begun.worker} is gone")
            case Called.LOST:
                self.move(flight, "its Dask worker died before it began")
            case Finished():
                self.settle(flight, end)
            case _:
                self.settle(flight, TrialCrashed(f"{type(end).__name__}: {end}; log: {flight.log}"))

    def _take_in(self, message: Told, flight: Flight, attempt: Try) -> None:
        match message:
            case Begun():
                self._begin(message, flight, attempt)
            case _ if attempt.begun is None or message.execution != attempt.begun.execution:
                pass  # of an execution that did not get leave to go on
            case Wanted():
                self._start(self._deliver(flight, attempt, attempt.begun, message.name), flight)
            case Progress():
                flight.last = message.event
                flight.print(message.log)
                flight.on_epoch(message.event)
                if self._freight.is_due(attempt):
                    self._start(self._freight.fetch(flight, attempt), flight)
            case Left():
                self.move(flight, "its Dask worker left")

    def _begin(self, begun: Begun, flight: Flight, attempt: Try) -> None:
        if attempt.begun is not None:
            self.lose(flight, f"at {attempt.begun.worker} is gone")
        elif not flight.future.running() and not flight.future.set_running_or_notify_cancel():
            self.settle(flight, WorkerDied("it was cancelled"))
        else:
            attempt.begun = begun
            self._freight.begin(attempt)
            flight.print(f"on Dask worker {begun.worker}\n".encode())
            self._start(self._grant(flight, attempt, begun), flight)

    async def _grant(self, flight: Flight, attempt: Try, begun: Begun) -> None:
        try:
            await self._dispatch.grant(begun)
        except OutOfReach as error:  # as below
            if flight.under_way is attempt:
                self.move(flight, str(error))

    async def _deliver(self, flight: Flight, attempt: Try, to: Begun, name: str) -> None:
        try:
            await self._freight.deliver(flight, attempt, to, name)
        except OutOfReach as error:  # its trial has not begun, so it cannot be at fault
            if flight.under_way is attempt:
                self.move(flight, str(error))

    def _call_off(self, flight: Flight) -> None:
        """Ends the try under way; Dask ends what runs of it."""
        if (attempt := flight.under_way) is None:
            return
        flight.under_way = None
        self._start(self._dispatch.cancel(attempt), flight)

    def _start(self, work: Coroutine[Any, Any, None], flight: Flight) -> None:
        """Does something for a trial in the background."""

        def blame(error: BaseException) -> None:
            if not isinstance(error, OutOfReach | OSError):  # those are seen by whoever watches the workers
                self.settle(flight, error)

        self._background.start(work, blame)
