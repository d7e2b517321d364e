"""Opening the database of a study, and saying in our words what is wrong with it. Part of the ledger."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import optuna
from sqlalchemy import exc
from sqlalchemy.engine import URL, make_url

from search_spaces.errors import SweepError
from sweep import atomic

_SQLITE = b"SQLite format 3\0"


def sqlite_url(path: Path) -> str:
    """The storage URL of a database file."""
    return URL.create("sqlite", database=str(path)).render_as_string()


def shown(url: str) -> str:
    """A storage URL without its password."""
    try:
        return make_url(url).render_as_string(hide_password=True)
    except exc.ArgumentError:
        return "the storage"


def open_storage(url: str, timeout_s: float, create: bool) -> optuna.storages.RDBStorage:
    """The storage behind a URL.

    SQLite keeps its rollback journal, forced to disk at every commit: it survives a power failure, may be read from
    another machine over a network disk or by somebody without leave to write, and is one file to copy. Write-ahead
    logging would be faster per commit and none of these.

    Args:
        url: of SQLAlchemy.
        timeout_s: how long to wait for a locked SQLite file.
        create: make the database where there is none.

    Raises:
        SweepError: it is missing, locked, damaged, somebody else's, or cannot be reached.
    """
    optuna.logging.disable_default_handler()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        parsed = make_url(url)
    except exc.ArgumentError:
        raise SweepError(
            "`storage` must be a URL like sqlite:////runs/study.db or postgresql+psycopg://user@host/name."
        ) from None
    with storage_errors(url):
        if parsed.get_backend_name() != "sqlite" or not parsed.database:
            return _open(url)
        path = Path(parsed.database)
        if not path.exists():
            if not create:
                raise SweepError(f"{path} does not exist: nothing has run there yet.")
            _create(path)
        _check(path, timeout_s)
        return _open(url, connect_args={"timeout": timeout_s})


@contextmanager
def storage_errors(url: str) -> Iterator[None]:
    """Turns what a database may raise into one message that names the storage, never its password."""
    try:
        yield
    except (ImportError, OSError) as error:
        raise SweepError(f"Storage {shown(url)} cannot be used: {error}.") from error
    except (exc.SQLAlchemyError, sqlite3.Error, optuna.exceptions.StorageInternalError) as error:
        cause = error.__cause__ if isinstance(error, optuna.exceptions.StorageInternalError) else error
        reason = getattr(cause, "orig", None) or cause or error
        raise SweepError(f"Storage {shown(url)} cannot be used: {reason}.") from error


def _open(url: str, **engine: object) -> optuna.storages.RDBStorage:
    template = url.replace("{", "{{").replace("}", "}}")  # Optuna formats the URL
    try:
        return optuna.storages.RDBStorage(template, engine_kwargs=engine)
    except RuntimeError as error:  # its schema is of another Optuna
        raise SweepError(f"Storage {shown(url)} was made by another version of Optuna: {error}") from error


def _create(path: Path) -> None:
    """Makes the database under a temporary name, so that a kill in between leaves no half of one."""
    temporary = path.with_name(f".{path.name}-{os.getpid()}{atomic.TEMPORARY}")

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(temporary, check_same_thread=False)
        connection.execute("PRAGMA synchronous = OFF")  # forced to disk once, below, instead of per table
        return connection

    temporary.unlink(missing_ok=True)
    try:
        storage = _open(sqlite_url(temporary), creator=connect)
        storage.remove_session()
        storage.engine.dispose()
        atomic.write_bytes(path, temporary.read_bytes())
    finally:
        temporary.unlink(missing_ok=True)


def _check(path: Path, timeout_s: float) -> None:
    """Refuses a file that is not Optuna's before Optuna writes its tables into it."""
    found = "an empty file" if path.stat().st_size == 0 else "another kind of file"
    with path.open("rb") as file:
        ours = file.read(len(_SQLITE)) == _SQLITE
    if ours:
        found = "another program's database"
        with closing(sqlite3.connect(path, timeout=timeout_s)) as database:
            tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        ours = {"studies", "trials", "trial_user_attributes", "version_info"} <= tables
    if not ours:
        raise SweepError(f"{path} must be a study database of Optuna. Found {found}; move it away or give another run.")
