"""One execution of an assignment in a Dask worker: leave to begin, what it lacks fetched, trained, told."""

import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue

from search_spaces.errors import SweepError
from sweep import environment, refusals
from sweep.executors._dask.bench import Bench, Recipe
from sweep.executors._dask.messages import (
    CHECKPOINT,
    CHECKPOINT_FILE,
    Assignment,
    Begun,
    Dismissed,
    Finished,
    Left,
    Progress,
    Told,
    Wanted,
)
from sweep.executors._dask.reception import Reception
from sweep.executors._dask.sitting import Sitting
from sweep.job import EpochEvent, Job
from sweep.messages import Ended
from sweep.parcels import Parcel
from sweep.received import Received, link

_GO = "go"


class _Stopped(Exception):
    """The execution is not wanted any more."""


class Execution:
    """A trial under way in a Dask worker.

    Args:
        assignment: what to do.
        received: what this machine has been sent before.
        bench: where worker processes come from.
        scratch: an empty folder.
        tell: takes a message to the coordinator.

    Attributes:
        name: unlike that of every other execution.
        ended: set when nothing of it runs any more.
    """

    def __init__(
        self, assignment: Assignment, received: Received, bench: Bench, scratch: Path, tell: Callable[[Told], None]
    ) -> None:
        self.assignment = assignment
        self.name = uuid.uuid4().hex
        self.ended = threading.Event()
        self._received = received
        self._sitting = Sitting(bench, Recipe(assignment.trial, assignment.hang_s, assignment.code))
        self._scratch = scratch
        self._checkpoint = scratch / CHECKPOINT_FILE
        self._tell = tell
        self._mail: SimpleQueue[str | BaseException] = SimpleQueue()
        self._reception: Reception | None = None

    def grant(self) -> None:
        """Leave to go on."""
        self._mail.put(_GO)

    def abort(self) -> None:
        """Ends it as soon as can be; for any thread, and without waiting."""
        self._mail.put(_Stopped())
        self._sitting.end()

    def leave(self) -> None:
        """Tells that it will end with its Dask worker, and ends it."""
        with suppress(Exception):  # nobody may be there any more to be told
            self._tell(Left(token=self.assignment.token, execution=self.name))
        self.abort()

    def receive(self, name: str, file: str, offset: int, content: bytes) -> bool:
        """Takes in the next piece of a file of what it waits for; what is wrong with it ends the execution.

        Returns:
            Whether it waits for more of that, as far as is known here.
        """
        reception = self._reception
        if reception is None or reception.name != name:
            return False
        try:
            if reception.take(file, offset, content):
                self._mail.put(name)
        except (OSError, ValueError) as error:
            self._mail.put(error)
            return False
        return True

    def read_checkpoint(self) -> bytes:
        """The newest checkpoint; nothing where there is none."""
        with suppress(FileNotFoundError):
            return self._checkpoint.read_bytes()
        return b""

    def run(self, worker: str) -> Finished:
        """Carries it out, from a thread of its own.

        Args:
            worker: address of the Dask worker.
        """
        try:
            self._tell(Begun(token=self.assignment.token, execution=self.name, worker=worker))
            self._wait_for(_GO)
            finished = self._sitting.train(self._job(), self._progress)
        except _Stopped:
            finished = None
        except (OSError, ValueError, SweepError) as error:  # no fault of the trial's, which has not begun
            return Finished(ending=Ended(cause="mistake", text=_refused(error, worker)))
        return finished or Finished(ending=Dismissed())

    def _job(self) -> Job:
        """The job, with what it reads on this machine."""
        job = self.assignment.job
        found = [(parcel, self._have(parcel)) for parcel in self.assignment.parcels]
        view = link(self._scratch / "cache", found)
        if self.assignment.checkpoint is not None:
            size = {self._checkpoint.name: self.assignment.checkpoint}
            self._fetch(Reception(CHECKPOINT, self._scratch, size))
        data = job.data.model_copy(update={"cache": view})
        kept = self._checkpoint if job.checkpoint is not None else None
        return job.model_copy(update={"data": data, "checkpoint": kept})

    def _have(self, parcel: Parcel) -> Path:
        elsewhere = self.assignment.job.data.cache
        while (folder := self._received.find(parcel, elsewhere)) is None:
            with self._received.filling(parcel) as half:
                if half is not None:
                    self._fetch(Reception(parcel.digest, half, parcel.sizes()))
        return folder

    def _fetch(self, reception: Reception) -> None:
        with reception:
            self._reception = reception
            self._tell(Wanted(token=self.assignment.token, execution=self.name, name=reception.name))
            self._wait_for(reception.name)
            self._reception = None

    def _progress(self, event: EpochEvent, log: bytes) -> None:
        self._tell(Progress(token=self.assignment.token, execution=self.name, event=event, log=log))

    def _wait_for(self, word: str) -> None:
        while (got := self._mail.get()) != word:
            if isinstance(got, BaseException):
                raise got


def _refused(error: Exception, worker: str) -> str:
    where = f"Dask worker {worker} on {environment.host()}"
    if isinstance(error, OSError):
        return f"{where}: {error.filename or 'its cache'} cannot be written: {refusals.sentence(error)}"
    return f"{where}: {error}"
