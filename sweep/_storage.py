"""Opening the database of a study, and saying in our words what is wrong with it. Part of the ledger."""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote, quote_plus

import optuna
from sqlalchemy import exc
from sqlalchemy.engine import URL, make_url

from search_spaces.errors import SweepError
from sweep import atomic, refusals

_SQLITE = b"SQLite format 3\0"
_TABLES = {  # of Optuna; it would make those that are missing, and with them a study that lost its figures
    "studies",
    "study_directions",
    "study_system_attributes",
    "study_user_attributes",
    "trial_heartbeats",
    "trial_intermediate_values",
    "trial_params",
    "trial_system_attributes",
    "trial_user_attributes",
    "trial_values",
    "trials",
    "version_info",
}


def sqlite_url(path: Path) -> str:
    """The storage URL of a database file."""
    return URL.create("sqlite", database=str(path)).render_as_string()


def shown(url: str) -> str:
    """A storage URL without its password, nor the options behind a "?", which may hold one too."""
    parsed = _parsed(url)
    if parsed is None:
        return "the storage"
    return parsed.set(query={}).render_as_string(hide_password=True) + ("?…" if parsed.query else "")


def _parsed(url: str) -> URL | None:
    try:
        return make_url(url)
    except (exc.ArgumentError, ValueError):  # the latter of a port that is no number
        return None


def _without_secrets(text: str, url: str) -> str:
    """What a driver says about a URL, without the parts that `shown` leaves out."""
    parsed = _parsed(url)
    if parsed is None:
        return text.replace(url, "the storage")
    options = [value for values in parsed.normalized_query.values() for value in values]
    secrets = [str(secret) for secret in (parsed.password, *options) if secret]
    quoted = (quote_as(secret, errors="replace") for secret in secrets for quote_as in (quote, quote_plus))
    for secret in sorted({*secrets, *quoted}, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


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
    parsed = _parsed(url)
    if parsed is None:
        raise SweepError(
            "`storage` must be a URL like sqlite:////runs/study.db or postgresql+psycopg://user@host/name."
        )
    with storage_errors(url):
        if parsed.get_backend_name() != "sqlite" or not parsed.database:
            return _open(url)
        path = Path(parsed.database)
        if not path.exists():
            if path.is_symlink():  # to a disk that is not there now, perhaps; a new database would hide the old one
                raise SweepError(
                    f"{path} is a link to {path.readlink()}, which leads nowhere. Bring that file back, or give "
                    "another run."
                )
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
    except OSError as error:
        raise _unusable(
            url, f"{error.filename}: {refusals.sentence(error)}" if error.filename else str(error)
        ) from error
    except ImportError as error:
        raise _unusable(url, str(error)) from error
    except json.JSONDecodeError as error:
        raise _unusable(url, f"it is damaged, expected JSON, found a syntax error: {error}") from error
    except (exc.SQLAlchemyError, sqlite3.Error, optuna.exceptions.StorageInternalError) as error:
        cause = error.__cause__ if isinstance(error, optuna.exceptions.StorageInternalError) else error
        reason = getattr(cause, "orig", None) or cause or error
        raise _unusable(url, f"{str(reason).rstrip('.')}{_hint(reason)}") from error


def _hint(error: object) -> str:
    """What SQLite means by its words for a file that could not grow."""
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:  # without what an extended code adds
        case sqlite3.SQLITE_FULL:
            return ": no space left on the disk. Make room, then give the same command again"
        case sqlite3.SQLITE_IOERR:
            return (
                ": no space left on the disk, a limit on the size of files (`ulimit -f`), or a failing disk. "
                "Mend it, then give the same command again"
            )
    return ""


def _unusable(url: str, reason: str) -> SweepError:
    return SweepError(f"Storage {shown(url)} cannot be used: {_without_secrets(reason, url).rstrip('.')}.")


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
    """Refuses a file that is not Optuna's, or not whole, before Optuna writes what it misses into it."""
    found = "an empty file" if path.stat().st_size == 0 else "another kind of file"
    with path.open("rb") as file:
        is_database = file.read(len(_SQLITE)) == _SQLITE
    if is_database:
        tables, trouble = _look_into(path, timeout_s)
        if trouble:
            raise SweepError(f"{path} is damaged: {trouble}. Put a copy of it back, or make another run.")
        if tables >= _TABLES:
            return
        found = "another program's database"
    raise SweepError(f"{path} must be a study database of Optuna. Found {found}; move it away or give another run.")


def _look_into(path: Path, timeout_s: float) -> tuple[set[str], str]:
    """The tables of a database, and what is wrong with it: pages, or tables that are missing among Optuna's."""
    try:
        with closing(sqlite3.connect(path, timeout=timeout_s)) as database:
            tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            (said,) = database.execute("PRAGMA integrity_check(1)").fetchone()  # some milliseconds a megabyte
    except sqlite3.OperationalError:  # locked, say, which is no damage
        raise
    except sqlite3.DatabaseError as error:
        return set(), str(error)
    lacking = ", ".join(sorted(_TABLES - tables)) if {"studies", "trials"} <= tables else ""
    return tables, f"it lacks {lacking}" if lacking else "" if said == "ok" else said.splitlines()[-1]
