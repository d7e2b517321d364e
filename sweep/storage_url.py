"""How a user names a storage: "sqlite", or the URL of a PostgreSQL database, with "#RUN" one run in it.

Knows spellings alone; no message quotes a URL, which may hold a password.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, unquote

from search_spaces.errors import SweepError

SQLITE = "sqlite"
"""What a user says for the file in the run folder."""
EXPECTED = "postgresql+psycopg://USER@HOST/DATABASE"
_SCHEMES = ("postgresql+psycopg", "postgresql", "postgres")
_PASSWORD = re.compile(r"(?<=://)([^/:@]*):.*@|(password=)[^&#]*", re.DOTALL)
_OPTIONS, _COMMANDS = ("--storage", "--to"), ("status", "dashboard")  # where a URL is meant


def is_postgres(url: str) -> bool:
    """Whether a URL names a PostgreSQL database."""
    scheme, separator, _ = url.partition("://")
    return bool(separator) and scheme in _SCHEMES


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


def without_passwords(words: Iterable[str]) -> Iterator[str]:
    """The words of a command line, but for the password of a URL where none belongs: a refusal quotes such a word.

    Example:
        >>> list(without_passwords(["resume", "postgresql://me:secret@here/sweeps"]))
        ['resume', 'postgresql://me:***@here/sweeps']
    """
    before, command, is_meant = "", "", False
    for word in words:
        command = command or word
        if "://" not in word or before in _OPTIONS or word.startswith(tuple(f"{option}=" for option in _OPTIONS)):
            yield word
        elif command in _COMMANDS and not is_meant:
            is_meant = True
            yield word
        else:
            yield _PASSWORD.sub(lambda found: f"{found[1]}:***@" if found[1] is not None else f"{found[2]}***", word)
        before = word


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
