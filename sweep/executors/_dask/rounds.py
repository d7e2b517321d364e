"""Looks after a Dask cluster once a second: who came and went, who fell silent, whether there is a scheduler."""

import asyncio
import math
from contextlib import suppress

from search_spaces.errors import SweepError
from sweep.executors import Setup, WorkersUnavailable
from sweep.executors._dask.background import Background
from sweep.executors._dask.crew import Change, Crew
from sweep.executors._dask.hub import Hub
from sweep.executors._dask.link import Link

_TICK_S = 1.0
_SILENT = 1.25  # times `hang_s`, and the slack: the station ends a trial that hangs, so here it is the Dask worker
_CONNECT_S = 5.0
_LOOK_S = 90.0
_WAITING = 15  # ticks after which a trial that has not begun lets everybody be asked again
_RESTART_S = 4.0  # Dask asks for most of this time, then kills


class Rounds:
    """One executor's.

    Args:
        setup: of the executor.
        link, crew, hub: what is looked after.
        slack_s: for a worker process that starts.
        patience_s: how long a scheduler may be gone.
    """

    def __init__(
        self, setup: Setup, link: Link, crew: Crew, hub: Hub, slack_s: float = 120.0, patience_s: float = 600.0
    ) -> None:
        self._setup = setup
        self._link = link
        self._crew = crew
        self._hub = hub
        self._limit_s = math.inf if setup.hang_s is None else _SILENT * setup.hang_s + slack_s
        self._background = Background()
        self._told = (0, 0)  # members and slots
        self._patience_s = patience_s

    async def begin(self) -> None:
        """Connects, and asks the Dask workers that are there to take part.

        Raises:
            SweepError: no scheduler answers, or nobody who is there can take part.
        """
        try:
            await self._link.connect(self._hub.hear)
        except OSError as error:
            raise WorkersUnavailable(f"No Dask scheduler answers at {self._link.address}: {error}") from error
        change = await self._crew.look(self._link.client)
        if change.refused and not self._crew.members:
            raise WorkersUnavailable(" ".join(change.refused))
        self._tell(change)
        if not self._crew.members:
            self._say(f"Dask scheduler {self._link.address}: no workers yet; waiting for some to join")

    async def go(self) -> None:
        """Goes round until it is cancelled."""
        while True:
            await asyncio.sleep(_TICK_S)
            try:
                if self._link.is_lost:
                    raise ConnectionError("the connection ended")
                await self._round()
            except OSError as error:  # TimeoutError is one
                if not await self._connect_again(error):
                    return

    async def _round(self) -> None:
        change = await asyncio.wait_for(self._crew.look(self._link.client), _LOOK_S)
        self._tell(change)
        if change.joined:
            self._hub.send()
        silent = set()
        for flight in self._hub.flights:
            if (attempt := flight.under_way) is None:
                continue
            attempt.silent += 1  # in ticks: a coordinator that was suspended has heard nothing for hours either
            if (begun := attempt.begun) is None:
                if attempt.silent % _WAITING == 0:
                    self._crew.forget()
            elif begun.worker not in change.present:
                self._hub.lose(flight, f"at {begun.worker} is gone")
            elif attempt.silent * _TICK_S > self._limit_s:
                silent.add(begun.worker)
                self._hub.lose(flight, f"at {begun.worker} told nothing for {self._limit_s:g} s and was given up")
        if silent:
            self._background.start(self._end(sorted(silent)), self._hub.break_off)

    async def _end(self, workers: list[str]) -> None:
        """Rids the cluster of Dask workers that do not answer, so that they get no other trial."""
        client = self._link.client
        with suppress(Exception):  # one without a nanny cannot be restarted
            await asyncio.wait_for(client.restart_workers(workers, _RESTART_S, raise_for_error=False), 3 * _RESTART_S)
            return
        with suppress(Exception):
            await asyncio.wait_for(client.retire_workers(workers), _RESTART_S)

    async def _connect_again(self, error: OSError) -> bool:
        """Connects to the scheduler that was lost, or to its successor; whether one came in time."""
        place = f"Dask scheduler {self._link.address}"
        self._say(f"{place}: connection lost ({error}); waiting for it for {self._patience_s / 60:g} minutes")
        self._hub.strand()
        self._crew.forget()
        loop = asyncio.get_running_loop()
        until = loop.time() + self._patience_s
        while (left_s := until - loop.time()) > 0:
            await self._link.drop()
            try:
                await self._link.connect(self._hub.hear, min(_CONNECT_S, left_s))
                change = await self._crew.look(self._link.client)
            except OSError as again:
                error = again
                await asyncio.sleep(_TICK_S)
                continue
            self._say(f"{place}: connected again")
            self._tell(change)
            self._hub.send()
            return True
        self._hub.break_off(
            WorkersUnavailable(f"{place} has not answered for {self._patience_s / 60:g} minutes: {error}")
        )
        return False

    def _tell(self, change: Change) -> None:
        for sentence in change.refused:
            self._say(sentence)
        now = (len(self._crew.members), self._crew.slots)
        if now != self._told:
            self._told = now
            self._say(f"Dask: {now[0]} {'worker' if now[0] == 1 else 'workers'}, {now[1]} trials at a time")

    def _say(self, line: str) -> None:
        """Tells the user something.

        Raises:
            SweepError: nobody reads it any more.
        """
        try:
            self._setup.say(line)
        except SystemExit as end:  # rich's way to say so, which would end this event loop and nothing else
            raise SweepError("Nobody reads any more what this command says.") from end
