"""A PostgreSQL database with studies: its URL, connections to it, and our words for what is wrong. Part of the ledger.

Knows psycopg alone, so that commands that only look at a run need neither Optuna nor SQLAlchemy. The URL is read by
libpq, which also finds passwords where its users keep them: PGPASSWORD, ~/.pgpass.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self, cast
from urllib.parse import quote, urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from search_spaces.errors import SweepError
from sweep._sqlite import unusable
from sweep._stored import Query
from sweep.patience import ConnectionLost
from sweep.storage_url import EXPECTED

SCHEME = "postgresql+psycopg://"
_PLACE = ("user", "host", "port", "dbname")
_KEPT = (  # options that hold no secret: a run folder remembers them
    "hostaddr", "passfile", "service", "sslmode", "sslrootcert", "sslcert", "sslkey", "channel_binding", "gssencmode",
    "target_session_attrs", "connect_timeout",
)  # fmt: skip
_SECRET = ("password", "sslpassword")
_DEFAULTS = {  # a server that is cut off is noticed within a minute, not after the system's two hours
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
    "client_encoding": "UTF8",
    "fallback_application_name": "sweep",
}
_HINTS = {  # of messages that an English server sends
    "password authentication failed": "Passwords come from the URL, from PGPASSWORD, or from ~/.pgpass",
    "no password supplied": "Give one in the URL, in PGPASSWORD, or in ~/.pgpass",
    'FATAL: database "': "`createdb` makes one",
    "permission denied for schema": "Its owner gives leave: GRANT CREATE ON SCHEMA public TO the user",
}


@dataclass(frozen=True)
class Postgres:
    """A database on a server.

    Attributes:
        parameters: libpq's, its password perhaps among them.
    """

    parameters: Mapping[str, str] = field(repr=False)
    has_table: ClassVar[str] = "SELECT 1 WHERE to_regclass(?) IS NOT NULL"

    @classmethod
    def of(cls, url: str) -> Self:
        """The database behind a URL.

        Raises:
            SweepError: it cannot be read, or has options that we do not keep and cannot do without.
        """
        rest = url.partition("://")[2]
        try:
            found = {key: str(value) for key, value in conninfo_to_dict(f"postgresql://{rest}").items()}
        except (psycopg.Error, UnicodeError):  # whose words quote the URL
            raise _malformed("something that libpq cannot read") from None
        if "@" in "".join(found.get(key, "") for key in ("host", "port", "dbname")):
            raise _malformed("an @ behind the host: in a password / is written %2F, @ %40")
        if not found.get("port", "0").replace(",", "").isdecimal():
            raise _malformed("a port that is no number")
        others = sorted(found.keys() - {*_PLACE, *_KEPT, *_SECRET})
        if others:
            raise SweepError(
                f"The storage's URL cannot have the option {others[0]}: a run folder could not remember it. Known: "
                f"{', '.join(_KEPT)}. Set others for the server or the user (ALTER ROLE … SET), or in PGOPTIONS."
            )
        return cls(found)

    @property
    def url(self) -> str:
        """The URL without a password, for a run folder."""
        options = {key: value for key, value in self.parameters.items() if key in _KEPT or self._is_odd(key)}
        return self.shown + (f"?{urlencode(options, quote_via=quote)}" if options else "")

    @property
    def shown(self) -> str:
        """The URL without password and options, for messages."""
        plain = {key: "" if self._is_odd(key) else self.parameters.get(key, "") for key in _PLACE}
        user = f"{quote(plain['user'], safe='')}@" if plain["user"] else ""
        host = f"[{plain['host']}]" if ":" in plain["host"] else plain["host"]
        port = f":{plain['port']}" if plain["port"] else ""
        return f"{SCHEME}{user}{host}{port}/{quote(plain['dbname'], safe='')}"

    def is_same(self, other: "Postgres") -> bool:
        """Whether both URLs lead to one database, for whichever user."""
        return self._where == other._where

    def connect(self, **more: str) -> psycopg.Connection[tuple[Any, ...]]:
        """A new connection.

        Args:
            more: parameters of libpq.

        Raises:
            SweepError: there never will be one: libpq cannot read a parameter.
            ConnectionLost: there is none to be had.
        """
        try:
            return psycopg.connect(make_conninfo(**{**_DEFAULTS, **self.parameters, **more}))
        except psycopg.OperationalError as error:
            raise ConnectionLost(self.reason(error)) from error
        except (psycopg.Error, UnicodeError) as error:  # a host may be no name
            raise unusable(self.shown, self.reason(error)) from error

    @contextmanager
    def reading(self) -> Iterator[Query]:
        """Questions about the database as it is at one moment.

        Raises:
            ConnectionLost: while it was read.
        """
        with closing(self.connect()) as connection:
            connection.read_only = True
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            with self.losing(connection):
                yield lambda statement, values=(): _rows(connection, statement, values)

    @contextmanager
    def losing(self, connection: psycopg.Connection[tuple[Any, ...]]) -> Iterator[None]:
        """Tells an error that ended the connection from others."""
        try:
            yield
        except psycopg.Error as error:
            if connection.closed:
                raise ConnectionLost(self.reason(error)) from error
            raise

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turns what reading may raise into one message; a lost connection stays one."""
        try:
            yield
        except psycopg.Error as error:
            raise unusable(self.shown, self.reason(error)) from error

    def check(self) -> None:
        """Makes sure that there are studies to be read.

        Raises:
            SweepError: there are none.
        """
        with self.reading() as ask:
            if not ask(self.has_table, ["studies"]):
                raise SweepError(f"Storage {self.shown} holds no studies: nothing has run there yet.")

    def reason(self, error: BaseException) -> str:
        """What libpq or the server says, on one line, with advice where we have some and without a password."""
        said = " ".join(str(error).removeprefix("connection failed: ").split()).rstrip(".")
        for key in _SECRET:
            with suppress(KeyError):
                said = said.replace(self.parameters[key], "***")
        return ". ".join((said, *(advice for words, advice in _HINTS.items() if words in said)))

    @property
    def _where(self) -> tuple[str | None, str, str | None]:
        found = self.parameters
        return found.get("host"), found.get("port", "5432"), found.get("dbname")

    def _is_odd(self, key: str) -> bool:
        """Whether a part of the place has no room before the "?": a socket's folder, several hosts."""
        place = self.parameters.get("host", ""), self.parameters.get("port", "")
        return key in ("host", "port") and any("/" in part or "," in part for part in place) and key in self.parameters


def _rows(connection: psycopg.Connection[tuple[Any, ...]], statement: str, values: Sequence[object]) -> list[Any]:
    return connection.execute(cast(Any, statement.replace("?", "%s")), values).fetchall()


def _malformed(found: str) -> SweepError:
    return SweepError(f"The storage's URL must be like {EXPECTED}. Found {found}.")
