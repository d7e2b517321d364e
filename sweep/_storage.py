"""Opening the database of a study, and saying in our words what is wrong with it. Part of the ledger."""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
from sqlalchemy import exc
from sqlalchemy.engine import URL, Engine

from search_spaces.errors import SweepError
from sweep import atomic, refusals
from sweep._sqlite import check_there, check_whole, hint, not_json, sqlite_path, unusable
from sweep.patience import Patience
from sweep.postgres_url import postgres, shared


def shown(url: str) -> str:
    """A storage URL without its password, nor the options behind a "?", which may hold one too."""
    if (path := sqlite_path(url)) is not None:
        return f"sqlite:///{path}"
    try:
        database = postgres(url)
    except SweepError:
        database = None
    return "the storage" if database is None else database.shown


def open_storage(url: str, prefix: str, timeout_s: float, create: bool) -> optuna.storages.RDBStorage:
    """The storage behind a URL.

    SQLite keeps its rollback journal, forced to disk at every commit: it survives a power failure, may be read from
    another machine over a network disk or by somebody without leave to write, and is one file to copy. Write-ahead
    logging would be faster per commit and none of these.

    Args:
        url: of SQLAlchemy.
        prefix: stands before the names of a run's studies; in PostgreSQL also what its coordinator locks.
        timeout_s: how long to wait for a locked SQLite file.
        create: to write: makes the database where there is none, and holds a run in PostgreSQL for this process alone.

    Raises:
        SweepError: it is missing, locked, damaged, somebody else's, or the run has another coordinator.
        ConnectionLost: it cannot be reached.
    """
    optuna.logging.disable_default_handler()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    path = sqlite_path(url)
    with storage_errors(url):
        if path is None:
            return _open_shared(url, prefix, create)
        if create and not path.exists() and not path.is_symlink():
            _create(path)
        check_there(path)
        check_whole(path, timeout_s)
        return _open(_engine_url(path), connect_args={"timeout": timeout_s})


def prepare(url: str) -> None:
    """Makes sure that a run can be kept in a PostgreSQL database; of a file there is nothing to say yet.

    Raises:
        SweepError: it cannot.
    """
    database = postgres(url)
    if database is not None:
        from sweep import _postgres_storage  # noqa: PLC0415 - psycopg is an extra

        with storage_errors(url):
            Patience(database.shown).through(lambda: _postgres_storage.prepare(database))


def _open_shared(url: str, prefix: str, create: bool) -> optuna.storages.RDBStorage:
    database = shared(url, "`storage`")
    from sweep import _postgres_storage  # noqa: PLC0415 - psycopg is an extra

    if create:
        return _postgres_storage.open_writing(database, prefix.removesuffix("/"))
    return _postgres_storage.open_reading(database)


@contextmanager
def storage_errors(url: str) -> Iterator[None]:
    """Turns what a database may raise into one message that names the storage, never its password."""
    try:
        yield
    except OSError as error:
        raise _unusable(
            url, f"{error.filename}: {refusals.sentence(error)}" if error.filename else str(error)
        ) from error
    except ImportError as error:
        raise _unusable(url, str(error)) from error
    except json.JSONDecodeError as error:
        raise _unusable(url, not_json(error)) from error
    except (exc.SQLAlchemyError, sqlite3.Error, optuna.exceptions.StorageInternalError) as error:
        cause = error.__cause__ if isinstance(error, optuna.exceptions.StorageInternalError) else error
        reason = getattr(cause, "orig", None) or cause or error
        raise _unusable(url, f"{str(reason).rstrip('.')}{hint(reason)}") from error
    except optuna.exceptions.UpdateFinishedTrialError as error:
        raise _unusable(url, f"somebody else has ended a trial of this run meanwhile: {error}") from error


def _unusable(url: str, reason: str) -> SweepError:
    return unusable(shown(url), reason)


def _engine_url(path: Path) -> str:
    """The URL of a file as the installed SQLAlchemy spells it; not every release escapes signs in it."""
    return URL.create("sqlite", database=str(path)).render_as_string()


def _open(url: str, **engine: object) -> optuna.storages.RDBStorage:
    template = url.replace("{", "{{").replace("}", "}}")  # Optuna formats the URL
    try:
        return optuna.storages.RDBStorage(template, engine_kwargs=engine)
    except RuntimeError as error:  # its schema is of another Optuna
        raise SweepError(f"Storage {shown(url)} was made by another version of Optuna: {error}") from error


def _create(path: Path) -> None:
    """Makes an empty database."""
    with new_file(path):
        pass


@contextmanager
def new_file(path: Path) -> Iterator[Engine]:
    """A database to be filled, which is there once the block has ended; a kill in between leaves no half of one."""
    temporary = path.with_name(f".{path.name}-{os.getpid()}{atomic.TEMPORARY}")

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(temporary, check_same_thread=False)
        connection.execute("PRAGMA synchronous = OFF")  # forced to disk once, below, instead of per commit
        return connection

    temporary.unlink(missing_ok=True)
    try:
        storage = _open(_engine_url(temporary), creator=connect)
        yield storage.engine
        storage.remove_session()
        storage.engine.dispose()
        atomic.put(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
