"""From a URL to the PostgreSQL database that it names, for which psycopg must be there: an extra."""

from typing import TYPE_CHECKING

from search_spaces.errors import SweepError
from sweep import extras
from sweep.storage_url import EXPECTED, checked, is_postgres

if TYPE_CHECKING:
    from sweep._postgres import Postgres  # and psycopg with it


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
