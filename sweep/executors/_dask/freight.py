"""Files of a trial under way: what its worker lacks goes there piece by piece, its checkpoint comes back now and then.

The run folder is the one home of a checkpoint, whatever engine trains: the coordinator removes it there when a trial
has ended, and a run that was stopped goes on from it elsewhere. So a Dask worker keeps none.
"""

import asyncio
import math
from contextlib import suppress
from pathlib import Path

from search_spaces.errors import SweepError
from sweep import atomic, refusals
from sweep.executors._dask import station
from sweep.executors._dask.calls import OutOfReach, call
from sweep.executors._dask.flight import Flight, Try
from sweep.executors._dask.link import Link
from sweep.executors._dask.messages import CHECKPOINT, CHECKPOINT_FILE, Begun

_PIECE = 2**24  # bytes of a file that travel at a time
_SHARE = 20  # times as long as a checkpoint took to come is waited before the next: 5 % of the line at most


class Freight:
    """Sends and fetches.

    Args:
        link: to the scheduler.
        checkpoint_s: between two fetches of a trial's checkpoint.
    """

    def __init__(self, link: Link, checkpoint_s: float) -> None:
        self._link = link
        self._checkpoint_s = checkpoint_s

    def checkpoint_size(self, flight: Flight) -> int | None:
        """Bytes of the checkpoint from which a trial goes on; None where there is none."""
        path = flight.job.checkpoint
        with suppress(OSError):
            return path.stat().st_size if path is not None else None
        return None

    async def deliver(self, flight: Flight, attempt: Try, to: Begun, name: str) -> None:
        """Sends what an execution waits for.

        Raises:
            OutOfReach: the Dask worker does not answer.
            SweepError: a file of it cannot be read.
        """
        for file, path in _files(flight, name).items():
            offset = 0
            while piece := await asyncio.to_thread(_read, path, offset):
                arguments = (to.execution, name, file, offset, piece)
                if not await call(self._link.client, to.worker, station.deliver, *arguments):
                    return
                offset += len(piece)
                attempt.silent = 0

    def begin(self, attempt: Try) -> None:
        """A try has begun: the first fetch is due in a while."""
        attempt.next_fetch = asyncio.get_running_loop().time() + self._checkpoint_s

    def is_due(self, attempt: Try) -> bool:
        """Whether it is time to fetch a checkpoint."""
        return asyncio.get_running_loop().time() >= attempt.next_fetch

    async def fetch(self, flight: Flight, attempt: Try) -> None:
        """Brings the newest checkpoint of a try into the run folder, where there is one.

        Raises:
            SweepError: it cannot be written there.
        """
        path, begun = flight.job.checkpoint, attempt.begun
        if path is None or begun is None:
            return
        loop = asyncio.get_running_loop()
        started, attempt.next_fetch = loop.time(), math.inf
        with suppress(OutOfReach):  # whoever watches the workers will see it
            content: bytes = await call(self._link.client, begun.worker, station.checkpoint, begun.execution)
            # Asked last: a checkpoint must not appear behind the back of whoever removed it.
            if content and flight.under_way is attempt and not flight.over:
                atomic.write_bytes(path, content)
        attempt.next_fetch = loop.time() + max(self._checkpoint_s, _SHARE * (loop.time() - started))


def _files(flight: Flight, name: str) -> dict[str, Path]:
    """What a name stands for, by the names the files have there."""
    job = flight.job
    if name == CHECKPOINT and job.checkpoint is not None:
        return {CHECKPOINT_FILE: job.checkpoint}
    for parcel in flight.parcels or ():
        if parcel.digest == name:
            return {file: job.data.cache / parcel.place / file for file in parcel.sizes()}
    raise ValueError(f"{job.cell} does not read {name!r}")


def _read(path: Path, offset: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(_PIECE)
    except OSError as error:
        raise SweepError(f"{path} cannot be read: {refusals.sentence(error)}") from error
