"""The database file of a study: its URL, whether it is whole, and our words for what is wrong. Part of the ledger.

Knows SQLite alone, so that commands that only look at a run need neither Optuna nor SQLAlchemy, which take a second to
load.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote, unquote

from search_spaces.errors import SweepError
from sweep import refusals
from sweep._stored import Query

_SCHEME = "sqlite:///"
_HEADER = b"SQLite format 3\0"
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
    return _SCHEME + quote(str(path), safe=" +/")


def sqlite_path(url: str) -> Path | None:
    """The file behind a storage URL; None where it is none, or has options besides."""
    path = url.removeprefix(_SCHEME)
    return Path(unquote(path)) if path and path != url and "?" not in path else None


@dataclass(frozen=True)
class DatabaseFile:
    """A database file, to be read.

    Attributes:
        timeout_s: how long to wait where it is locked.
    """

    path: Path
    timeout_s: float
    has_table: ClassVar[str] = "SELECT 1 FROM sqlite_master WHERE name = ?"

    @property
    def shown(self) -> str:
        """Its URL, for messages."""
        return f"{_SCHEME}{self.path}"

    def check(self) -> None:
        """Makes sure that it is there, whole and a study database."""
        check_there(self.path)
        check_whole(self.path, self.timeout_s)

    def errors(self) -> AbstractContextManager[None]:
        """Turns what reading may raise into one message."""
        return file_errors(self.path)

    @contextmanager
    def reading(self) -> Iterator[Query]:
        """Questions about the database as it is at one moment."""
        # Not to be made where it has gone meanwhile, as SQLite would.
        url = f"{self.path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(url, timeout=self.timeout_s, isolation_level=None, uri=True)) as connection:
            connection.execute("BEGIN")
            yield lambda statement, values=(): connection.execute(statement, values).fetchall()


def check_there(path: Path) -> None:
    """Makes sure that a database file exists.

    Raises:
        SweepError: it does not, or is a link that leads nowhere.
    """
    if path.exists():
        return
    if path.is_symlink():  # to a disk that is not there now, perhaps; a new database would hide the old one
        raise SweepError(
            f"{path} is a link to {path.readlink()}, which leads nowhere. Bring that file back, or give another run."
        )
    raise SweepError(f"{path} does not exist: nothing has run there yet.")


def check_whole(path: Path, timeout_s: float) -> None:
    """Refuses a file that is not Optuna's, or not whole, before Optuna writes what it misses into it."""
    found = "an empty file" if path.stat().st_size == 0 else "another kind of file"
    with path.open("rb") as file:
        is_database = file.read(len(_HEADER)) == _HEADER
    if is_database:
        tables, trouble = _look_into(path, timeout_s)
        if trouble:
            raise SweepError(f"{path} is damaged: {trouble}. Put a copy of it back, or make another run.")
        if tables >= _TABLES:
            return
        found = "another program's database"
    raise SweepError(f"{path} must be a study database of Optuna. Found {found}; move it away or give another run.")


@contextmanager
def file_errors(path: Path) -> Iterator[None]:
    """Turns what reading a database file may raise into one message that names it."""
    try:
        yield
    except OSError as error:
        reason = f"{error.filename}: {refusals.sentence(error)}" if error.filename else str(error)
        raise unusable(f"{_SCHEME}{path}", reason) from error
    except json.JSONDecodeError as error:
        raise unusable(f"{_SCHEME}{path}", not_json(error)) from error
    except sqlite3.Error as error:
        raise unusable(f"{_SCHEME}{path}", f"{str(error).rstrip('.')}{hint(error)}") from error


def unusable(shown: str, reason: str) -> SweepError:
    """The error for a storage that cannot be used."""
    return SweepError(f"Storage {shown} cannot be used: {reason.rstrip('.')}.")


def not_json(error: json.JSONDecodeError) -> str:
    """What is wrong with a value that is no JSON."""
    return f"it is damaged, expected JSON, found a syntax error: {error}"


def is_busy(error: object) -> bool:
    """Whether somebody else holds the file, for longer than was waited."""
    return _code(error) == sqlite3.SQLITE_BUSY


def hint(error: object) -> str:
    """What SQLite means by its words for a file that could not grow."""
    match _code(error):
        case sqlite3.SQLITE_FULL:
            return ": no space left on the disk. Make room, then give the same command again"
        case sqlite3.SQLITE_IOERR:
            return (
                ": no space left on the disk, a limit on the size of files (`ulimit -f`), or a failing disk. "
                "Mend it, then give the same command again"
            )
    return ""


def _code(error: object) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF  # without what an extended code adds


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
