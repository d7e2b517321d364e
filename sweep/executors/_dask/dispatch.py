"""Tries at trials, as Dask's tasks: submitted, allowed to begin, awaited, called off."""

import enum
import uuid

from distributed.client import FutureCancelledError
from distributed.scheduler import KilledWorker

from sweep.executors import Setup
from sweep.executors._dask import station
from sweep.executors._dask.calls import call
from sweep.executors._dask.crew import Crew
from sweep.executors._dask.flight import Flight, Try
from sweep.executors._dask.freight import Freight
from sweep.executors._dask.link import Link
from sweep.executors._dask.messages import Assignment, Begun, Dismissed, Finished


class Called(enum.Enum):
    """How a try can end in Dask without an end of the trial."""

    OFF = enum.auto()  # by Dask, or by the Dask worker when it left
    LOST = enum.auto()  # the Dask worker died


class Dispatch:
    """One executor's.

    Args:
        setup: of the executor.
        link: to the scheduler.
        crew: the Dask workers that take part.
        freight: knows the checkpoints.
    """

    def __init__(self, setup: Setup, link: Link, crew: Crew, freight: Freight) -> None:
        self._setup = setup
        self._link = link
        self._crew = crew
        self._freight = freight

    @property
    def is_lost(self) -> bool:
        """Whether there is no connection, and what was submitted is forgotten."""
        return self._link.is_lost

    @property
    def is_open(self) -> bool:
        """Whether somebody could run a trial: Dask does not look again at a task that nobody could when it came."""
        return self._crew.slots > 0 and not self._link.is_lost

    def send(self, flight: Flight) -> Try:
        """Submits a try at a trial whose parcels are known."""
        token = uuid.uuid4().hex
        assignment = Assignment(
            token=token,
            topic=self._link.topic,
            trial=self._setup.trial,
            hang_s=self._setup.hang_s,
            code=self._crew.code,
            job=flight.job,
            parcels=flight.parcels or (),
            checkpoint=self._freight.checkpoint_size(flight),
        )
        answer = self._link.client.submit(
            station.run,
            assignment.model_dump_json(),
            key=station.task_key(token),
            resources={self._crew.resource: 1},
            retries=0,
            pure=False,
        )
        return Try(answer, token)

    async def grant(self, begun: Begun) -> None:
        """Lets an execution go on.

        Raises:
            OutOfReach: its Dask worker does not answer.
        """
        await call(self._link.client, begun.worker, station.grant, begun.execution)

    async def end(self, attempt: Try) -> Finished | Called | Exception:
        """Waits for the end of a try, or what went wrong with it."""
        try:
            finished = Finished.model_validate_json(await attempt.answer)
        except FutureCancelledError:
            return Called.OFF
        except KilledWorker:
            return Called.LOST
        except OSError:  # what it has done cannot be brought home, or its machine has no room; it may be done elsewhere
            return Called.OFF
        except Exception as error:
            return error
        return Called.OFF if isinstance(finished.ending, Dismissed) else finished

    async def cancel(self, attempt: Try) -> None:
        """Calls a try off; what runs of it is ended."""
        if not attempt.answer.done() and not self._link.is_lost:
            await self._link.client.cancel([attempt.answer], force=True)
