"""How a user names a storage: "sqlite", or the URL of a PostgreSQL database, with "#RUN" one run in it.

Knows spellings alone; no message quotes a URL, which may hold a password.
"""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from search_spaces.errors import SweepError
from sweep import extras

if TYPE_CHECKING:
    from sweep._postgres import Postgres  # and psycopg with it, an extra

SQLITE = "sqlite"
"""What a user says for the file in the run folder."""
EXPECTED = "postgresql+psycopg://USER@HOST/DATABASE"
_SCHEMES = ("postgresql+psycopg", "postgresql", "postgres")


def is_postgres(url: str) -> bool:
    """Whether a URL names a PostgreSQL database."""
    scheme, separator, _ = url.partition("://")
    return bool(separator) and scheme in _SCHEMES


def postgres(url: str) -> "Postgres | None":
    """The PostgreSQL database behind a URL; None where it names another kind.

    Raises:
        SweepError: psycopg is not installed, or cannot be used, or cannot read the URL.
    """
    if not is_postgres(url):
        return None
    extras.need("psycopg", "postgres", "A storage in PostgreSQL")
    try:
        from sweep._postgres import Postgres  # noqa: PLC0415 - an extra
    except ImportError as error:  # without libpq
        raise SweepError(f"A storage in PostgreSQL needs libpq: pip install 'psycopg[binary]' ({error}).") from error
    return Postgres.of(url)


def shared(text: str, option: str) -> "Postgres":
    """The PostgreSQL database that a user named.

    Args:
        text: as it was given.
        option: that it was given for, for the message.

    Raises:
        SweepError: it names none; see `postgres`.
    """
    found = postgres(checked(text, option))
    if found is None:
        raise SweepError(f"{option} must be a URL like {EXPECTED}. Found {text}.")
    return found


def checked(text: str, option: str) -> str:
    """The storage that a user asked for.

    Args:
        text: as it was given.
        option: that it was given for, for the message.

    Raises:
        SweepError: it is neither "sqlite" nor the URL of a PostgreSQL database.
    """
    if text == SQLITE or is_postgres(text):
        return text
    scheme, separator, _ = text.partition("://")
    found = f"a URL that begins with {scheme[:20]}://" if separator else "something else"
    raise SweepError(f"{option} must be {SQLITE}, or a URL like {EXPECTED}. Found {found}.")


def of_run(url: str, run: str) -> str:
    """The spelling of one run in a database; see `split`."""
    return f"{url}#{quote(run, safe='')}"


def split(text: str) -> tuple[str, str | None]:
    """URL and run of what `of_run` gave, or of a URL alone.

    A "#" in a password that should have been written %23 is no beginning of a run: "@" follows it.
    """
    url, separator, run = text.rpartition("#")
    if not separator or "@" in run or "/" in run:
        return text, None
    return url, unquote(run)


def folder_path(text: str) -> Path:
    """The run folder that a user named.

    Raises:
        SweepError: it is a URL; as a path it would be printed, and its password with it.
    """
    if "://" in text:
        raise SweepError(
            "Expected a run folder, found a URL. `sweep status` and `sweep dashboard` take one in place of the run."
        )
    return Path(text)
