"""Opening the database of a study, and saying in our words what is wrong with it. Part of the ledger."""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, quote_plus

import optuna
from sqlalchemy import exc
from sqlalchemy.engine import URL, make_url

from search_spaces.errors import SweepError
from sweep import atomic, refusals
from sweep._sqlite import check_there, check_whole, hint, not_json, sqlite_path, unusable


def shown(url: str) -> str:
    """A storage URL without its password, nor the options behind a "?", which may hold one too."""
    if (path := sqlite_path(url)) is not None:
        return f"sqlite:///{path}"
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
        path = sqlite_path(url) or Path(parsed.database)
        if create and not path.exists() and not path.is_symlink():
            _create(path)
        check_there(path)
        check_whole(path, timeout_s)
        return _open(_engine_url(path), connect_args={"timeout": timeout_s})


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


def _unusable(url: str, reason: str) -> SweepError:
    return unusable(shown(url), _without_secrets(reason, url))


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
    """Makes the database under a temporary name, so that a kill in between leaves no half of one."""
    temporary = path.with_name(f".{path.name}-{os.getpid()}{atomic.TEMPORARY}")

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(temporary, check_same_thread=False)
        connection.execute("PRAGMA synchronous = OFF")  # forced to disk once, below, instead of per table
        return connection

    temporary.unlink(missing_ok=True)
    try:
        storage = _open(_engine_url(temporary), creator=connect)
        storage.remove_session()
        storage.engine.dispose()
        atomic.write_bytes(path, temporary.read_bytes())
    finally:
        temporary.unlink(missing_ok=True)
