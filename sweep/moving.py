"""Moving a run's studies from one storage into another: copied, compared, switched over in one step, then removed.

Killed anywhere, the run is whole in the old place or in the new one, and the same move given again goes on. What lies
in the other place then is told by a note that is written before anything else.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from search_spaces.errors import SweepError
from sweep import _study_rows as rows
from sweep import atomic, storage_note
from sweep._sqlite import check_there
from sweep._storage import new_file, open_storage, prepare
from sweep.folder import RunFolder
from sweep.identity import Identity
from sweep.ledger import Ledger
from sweep.notes import Notebook, notes_study
from sweep.patience import ConnectionLost, Patience
from sweep.postgres_url import postgres
from sweep.storage_note import Storage
from sweep.study_names import prefix_of

_TIMEOUT_S = 10.0  # for a locked file


class _Places(BaseModel):
    """Which two places may hold the studies; None is the run folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    places: tuple[storage_note.Note | None, storage_note.Note | None]


def move(folder: RunFolder, identity: Identity, asked: str, say: Callable[[str], None]) -> None:
    """Moves the studies of a run; the caller holds its lock.

    Args:
        folder: of the run.
        identity: of the run.
        asked: "sqlite" or a URL.
        say: takes a line for the user.

    Raises:
        SweepError: a storage cannot be used, the run has another coordinator, or the copy is not like the original.
    """
    there, target = storage_note.existing(folder), storage_note.named(folder, asked, "--to")
    _tidy(folder, there, target, say)
    if storage_note.is_same(there, target):
        say(f"The studies of {folder.path} are in {there} already.")
        return
    prepare(target.url)
    studies = _described(folder, identity, there)
    _remember(folder, there, target)
    with _failing(folder, there, target), _opened(there) as source:
        with _made(folder, target) as made:
            rows.copy(source, prefix_of(there.run), made, prefix_of(target.run))
            _compare(rows.summary(source, prefix_of(there.run)), rows.summary(made, prefix_of(target.run)), target)
        storage_note.keep(folder, target)  # from here on the run is in its new place
    _tidy(folder, target, there, say)
    say(f"The {len(studies)} studies of {folder.path} are in {target} now, every row as it was.")


def _described(folder: RunFolder, identity: Identity, there: Storage) -> tuple[str, ...]:
    """The studies that are to be moved; they note what run they are of, which early versions did not."""
    if postgres(there.url) is None:
        check_there(folder.study_db)
    with Ledger(there.url, there.run) as ledger:
        studies = ledger.studies()
        if not studies:
            raise SweepError(f"The studies of {folder.path} cannot be moved: nothing has run there yet.")
        notebook = Notebook(ledger, notes_study(identity.space, identity.targets))
        if notebook.identity is None:
            notebook.note_identity(identity)
    return studies


@contextmanager
def _failing(folder: RunFolder, there: Storage, target: Storage) -> Iterator[None]:
    """Says of whatever fails that nothing has changed."""
    try:
        yield
    except (SQLAlchemyError, ConnectionLost, OSError) as error:
        reason = str(getattr(error, "orig", None) or error).rstrip(".")
        raise SweepError(
            f"The studies of {folder.path} cannot be moved from {there} to {target}: {reason}. "
            "They are where they were; give the same command again."
        ) from error


@contextmanager
def _opened(storage: Storage) -> Iterator[Engine]:
    """A storage that exists, held for this process."""
    opened = Patience(str(storage)).through(
        lambda: open_storage(storage.url, prefix_of(storage.run), _TIMEOUT_S, create=True)
    )
    try:
        yield opened.engine
    finally:
        opened.remove_session()
        opened.engine.dispose()


@contextmanager
def _made(folder: RunFolder, storage: Storage) -> Iterator[Engine]:
    """A storage for a copy; a file is there once the block has ended."""
    with new_file(folder.study_db) if postgres(storage.url) is None else _opened(storage) as made:
        yield made


def _compare(original: dict[str, dict[str, str]], copied: dict[str, dict[str, str]], target: Storage) -> None:
    for study, tables in original.items():
        for table, expected in tables.items():
            found = copied.get(study, {}).get(table, "nothing")
            if found != expected:
                raise SweepError(
                    f"The copy of study {study!r} in {target} is not like the original: expected {expected} in "
                    f"{table}, found {found}. The studies are where they were."
                )


def _remember(folder: RunFolder, there: Storage, target: Storage) -> None:
    note = _Places(places=(storage_note.note_of(there), storage_note.note_of(target)))
    atomic.write_text(folder.moving_json, note.model_dump_json(indent=1) + "\n")


def _tidy(folder: RunFolder, current: Storage, other: Storage, say: Callable[[str], None]) -> None:
    """Removes what the last move has left where the studies are not.

    Args:
        folder: of the run.
        current: where the studies are.
        other: another place that the user named, with the password of today.
        say: takes a line for the user.
    """
    if not folder.moving_json.exists():
        return
    try:
        places = _Places.model_validate_json(folder.moving_json.read_bytes()).places
    except ValidationError as error:
        raise SweepError(
            f"{folder.moving_json} is damaged. Delete it: it only says what a move may have left."
        ) from error
    for note in places:
        left = storage_note.in_folder(folder) if note is None else Storage(note.url, note.run)
        if left.run == current.run:
            continue
        known = next((place.url for place in (current, other) if storage_note.is_same(place, left)), left.url)
        try:
            _remove(folder, Storage(known, left.run))
        except (SweepError, SQLAlchemyError, ConnectionLost) as error:
            say(f"What is left of the studies in {left} could not be removed: {error}")
    folder.moving_json.unlink()


def _remove(folder: RunFolder, storage: Storage) -> None:
    if storage.run is None:
        folder.study_db.unlink(missing_ok=True)
        return
    with _opened(storage) as engine:
        rows.remove(engine, prefix_of(storage.run))
