"""Where a run keeps its studies: in study.db, or where RUN/storage.json says. It never says a password."""

import secrets
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from search_spaces.errors import SweepError
from sweep import atomic
from sweep._sqlite import sqlite_path, sqlite_url
from sweep.folder import RunFolder
from sweep.postgres_url import postgres
from sweep.storage_url import SQLITE, checked, of_run


@dataclass(frozen=True)
class Storage:
    """Where studies are.

    Attributes:
        url: may hold a password, which is for this process alone.
        run: what stands before their names, where several runs share the storage.
    """

    url: str = field(repr=False)
    run: str | None = None

    def __str__(self) -> str:
        database = postgres(self.url)
        return of_run(database.shown, self.run or "") if database else str(sqlite_path(self.url))


class Note(BaseModel):
    """A storage as it is written down: without a password."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    url: str
    run: str


def existing(folder: RunFolder) -> Storage:
    """Where the studies of a run are.

    Raises:
        SweepError: its storage.json is damaged, or its study.db has gone.
    """
    try:
        text = folder.storage_json.read_bytes()
    except FileNotFoundError:
        _check_not_lost(folder)
        return in_folder(folder)
    except OSError as error:
        raise SweepError(f"{folder.storage_json} cannot be read: {error.strerror}.") from error
    try:
        note = Note.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole file"
        raise SweepError(
            f"{folder.storage_json} is damaged: {place}: {first['msg'].rstrip('.')}. Put a copy of it back."
        ) from error
    return Storage(note.url, note.run)


def wanted(folder: RunFolder, asked: str | None, *, run_exists: bool) -> Storage:
    """Where the studies of a run are, or shall be.

    Args:
        folder: of the run.
        asked: by the user; None for where they are, which is in the folder where the run is new.
        run_exists: whether there is a run; what a start that was killed has noted binds nobody.

    Raises:
        SweepError: they are elsewhere, or `asked` names no storage.
    """
    there = existing(folder) if run_exists else None
    if asked is None:
        return there or in_folder(folder)
    target = named(folder, asked, "--storage")
    if there is None:
        return target
    if not is_same(there, target):
        raise SweepError(
            f"The studies of {folder.path} are in {there}; --storage names another place. "
            f"`sweep move {folder.path} --to STORAGE` moves them."
        )
    return Storage(target.url, there.run)  # with the user and the password of today


def named(folder: RunFolder, text: str, option: str) -> Storage:
    """A place that a user named for the studies of a run; in a database under a name like no other's.

    Args:
        folder: of the run.
        text: "sqlite" or a URL.
        option: that it was given for, for the message.

    Raises:
        SweepError: it is neither.
    """
    if checked(text, option) == SQLITE:
        return in_folder(folder)
    postgres(text)  # which tells what is wrong with it
    return Storage(text, f"{folder.name}-{secrets.token_hex(3)}")


def is_same(one: Storage, other: Storage) -> bool:
    """Whether both are in one database, or in one run's folder."""
    mine, theirs = postgres(one.url), postgres(other.url)
    if mine is None or theirs is None:
        return mine is theirs
    return mine.is_same(theirs)


def _check_not_lost(folder: RunFolder) -> None:
    """Refuses a run whose study has gone, for a new one would hide what was measured and train it all again."""
    kept = folder.study_db
    if not kept.exists() and not kept.is_symlink() and any(name.endswith(".npz") for name in folder.sizes()):
        raise SweepError(
            f"{kept} has gone, with what every finished cell scored: {folder.artifacts} holds their predictions. "
            f"Put a copy of it back. To train everything again, remove {folder.path}."
        )


def in_folder(folder: RunFolder) -> Storage:
    """The run's own database file."""
    return Storage(sqlite_url(folder.study_db))


def keep(folder: RunFolder, storage: Storage) -> None:
    """Notes where the studies of a run are, in one step.

    Raises:
        SweepError: it cannot be written.
    """
    note = note_of(storage)
    if note is None:
        folder.storage_json.unlink(missing_ok=True)
        atomic.force_folder(folder.path)
    else:
        atomic.write_text(folder.storage_json, note.model_dump_json(indent=1) + "\n")


def note_of(storage: Storage) -> Note | None:
    """What may be written down of a storage; None of the run folder."""
    database = postgres(storage.url)
    return None if database is None else Note(url=database.url, run=storage.run or "")
