"""One coordinator per run in PostgreSQL, from whichever machine: an advisory lock on the connection that writes.

The lock belongs to a connection and ends with it, so a coordinator that died holds nothing. And the coordinator has no
other connection to write through: where the server has restarted, it writes again only once it holds the lock again.
(A pooler between them must hand out whole sessions, not transactions.)
"""

import os
import secrets
from datetime import UTC
from hashlib import sha256
from typing import Any

import psycopg

from search_spaces.errors import SweepError
from sweep import environment
from sweep._postgres import Postgres
from sweep.lock import Holder
from sweep.patience import ConnectionLost

_LABEL_BYTES = 63  # of an application_name
_KEEPALIVES = ("tcp_keepalives_idle = 30", "tcp_keepalives_interval = 10", "tcp_keepalives_count = 3")
_HOLDER = """
SELECT application_name, backend_start, pid FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND classid::bigint = ? AND objid::bigint = ? AND objsubid = 1 AND granted
"""


class WritingConnections:
    """The connections of one coordinator, one after the other, each with the lock of its run.

    Args:
        database: where the run is.
        run: its name there.
    """

    def __init__(self, database: Postgres, run: str) -> None:
        self._database = database
        self._run = run
        # Says whose it is to whoever asks the server; with a token, for numbers of processes come again.
        self._label = f"sweep {secrets.token_hex(4)} {os.getpid()}@{environment.host()}"[:_LABEL_BYTES]

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A new connection that holds the run.

        Raises:
            SweepError: another coordinator has it; the message names that process.
            ConnectionLost: there is no connection to be had.
        """
        connection = self._database.connect(application_name=self._label)
        try:
            with self._database.losing(connection):
                connection.autocommit = True
                for setting in _KEEPALIVES:  # the server shall notice soon that a machine is gone
                    connection.execute(f"SET {setting}".encode())
                self._hold(connection)
                connection.autocommit = False
        except BaseException:
            connection.close()
            raise
        return connection

    def _hold(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        if connection.execute("SELECT pg_try_advisory_lock(%s)", [_key(self._run)]).fetchone() == (True,):
            return
        found = connection.execute(_HOLDER.replace("?", "%s").encode(), _halves(self._run)).fetchone()
        if found is not None and found[0] == self._label:  # ours, of which the server has not noticed that it is cut
            connection.execute("SELECT pg_terminate_backend(%s)", [found[2]])
            raise ConnectionLost("an earlier connection of this process still holds the run")
        raise SweepError(
            f"Run {self._run} in {self._database.shown} is in use by {_named(found) or 'another process'}. "
            "A run has one coordinator: wait until it ends or stop it, then try again."
        )


def holder(database: Postgres, run: str) -> Holder | None:
    """The live process that coordinates a run, or None where there is none.

    Raises:
        ConnectionLost: the server does not answer.
    """
    with database.errors(), database.reading() as ask:
        found = ask(_HOLDER, _halves(run))
    return _named(found[0]) if found else None


def _named(found: tuple[Any, ...] | None) -> Holder | None:
    if found is None:
        return None
    process, _, host = str(found[0]).rpartition(" ")[2].partition("@")
    if not process.isdecimal():
        return None
    since = found[1].astimezone(UTC).isoformat(timespec="seconds") if found[1] else None
    return Holder(pid=int(process), host=host, since=since)


def _key(run: str) -> int:
    """A run's advisory lock: a signed 64-bit number."""
    return int.from_bytes(sha256(f"muse-sweep/{run}".encode()).digest()[:8], "big", signed=True)


def _halves(run: str) -> tuple[int, int]:
    """The key as pg_locks shows it: two unsigned 32-bit numbers."""
    return divmod(_key(run) % 2**64, 2**32)
