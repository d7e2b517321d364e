"""One coordinator per run: a lock that the operating system drops when its holder dies."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import filelock
from pydantic import BaseModel, ConfigDict, ValidationError

from search_spaces.errors import SweepError
from sweep import atomic, environment, refusals
from sweep.folder import RunFolder

_PATIENCE_S = 0.3  # outlasts another process that only asks whether the lock is held


class Holder(BaseModel):
    """The process that coordinates a run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pid: int
    host: str
    since: str | None  # ISO 8601, UTC; a database keeps it from users of other roles

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}" + (f", since {self.since}" if self.since else "")


@contextmanager
def coordinating(folder: RunFolder) -> Iterator[None]:
    """Holds a run for this process alone while the block runs; the folder must exist.

    Raises:
        SweepError: another live process holds it; the message names that process.
    """
    lock = filelock.FileLock(folder.lock)
    try:
        lock.acquire(timeout=_PATIENCE_S, poll_interval=0.05)
    except filelock.Timeout:
        raise SweepError(
            f"Run {folder.path} is in use by {_read(folder) or 'another process'}. "
            "A run has one coordinator: wait until it ends or stop it, then try again."
        ) from None
    except OSError as error:
        refused = f"{folder.lock}: {refusals.sentence(error)}"
        raise SweepError(f"Run {folder.path} cannot be locked: {refused}") from error
    except NotImplementedError as error:
        raise SweepError(f"Run {folder.path} cannot be locked: {error}.") from error
    try:
        since = datetime.now(UTC).isoformat(timespec="seconds")
        holder = Holder(pid=os.getpid(), host=environment.host(), since=since)
        atomic.write_text(folder.holder, holder.model_dump_json() + "\n")
        yield
    finally:
        with suppress(OSError):  # a note alone holds nothing
            folder.holder.unlink(missing_ok=True)
        lock.release()


def holder(folder: RunFolder) -> Holder | None:
    """The live process that coordinates a run, or None where there is none, whatever a dead one left behind."""
    if not folder.lock.exists():
        return None
    lock = filelock.FileLock(folder.lock)
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout:
        return _read(folder)
    except (OSError, NotImplementedError):  # where nobody can lock, such as on a read-only disk, nobody coordinates
        return None
    lock.release()
    return None


def _read(folder: RunFolder) -> Holder | None:
    try:
        return Holder.model_validate_json(folder.holder.read_bytes())
    except (OSError, ValidationError):  # between the lock and its note, or just being released
        return None
