"""Optuna on PostgreSQL: its tables made once, and a storage that writes with the run's lock alone. Part of the ledger.

Connections are made by libpq from its own reading of the URL: SQLAlchemy and Optuna never see a password.
"""

from collections.abc import Callable
from contextlib import closing
from typing import Any

import psycopg
from optuna.storages import RDBStorage
from sqlalchemy import event
from sqlalchemy.engine import Engine, ExceptionContext
from sqlalchemy.pool import QueuePool

from search_spaces.errors import SweepError
from sweep._postgres import SCHEME, Postgres
from sweep._run_lock import WritingConnections
from sweep.patience import ConnectionLost

_MAKING = 0x6D7573655F73  # the advisory lock under which tables are made


def open_writing(database: Postgres, run: str) -> RDBStorage:
    """The storage for the one coordinator of a run; tables are made where there are none.

    Raises:
        SweepError: another coordinator has the run.
        ConnectionLost: the server does not answer.
    """
    prepare(database)
    connections = WritingConnections(database, run)
    return _open(database, connections.connect, look_first=False)


def open_reading(database: Postgres) -> RDBStorage:
    """The storage for whoever only looks.

    Raises:
        SweepError: there are no studies.
        ConnectionLost: the server does not answer.
    """

    def connect() -> psycopg.Connection[tuple[Any, ...]]:
        connection = database.connect()
        connection.read_only = True
        return connection

    database.check()
    return _open(database, connect, look_first=True)


def prepare(database: Postgres) -> None:
    """Makes Optuna's tables where there are none.

    Raises:
        SweepError: they are of another version of Optuna.
        ConnectionLost: the server does not answer.
    """
    with closing(database.connect()) as connection, database.losing(connection):
        connection.execute("SELECT pg_advisory_lock(%s)", [_MAKING])  # one at a time
        storage = _open(database, database.connect, look_first=True)
        storage.remove_session()
        storage.engine.dispose()


def _open(database: Postgres, connect: Callable[[], object], *, look_first: bool) -> RDBStorage:
    """A storage over one connection; over two while it looks at the tables, and makes them where it may."""
    pool = {"poolclass": QueuePool, "pool_size": 1, "max_overflow": int(look_first)}
    # A connection that went with the server while nothing was asked of it is replaced, and no outage.
    engine = {"creator": connect, "use_native_hstore": False, "pool_pre_ping": True, **pool}
    skip = not look_first
    try:
        storage = RDBStorage(SCHEME, engine_kwargs=engine, skip_compatibility_check=skip, skip_table_creation=skip)
    except RuntimeError as error:  # its schema is of another Optuna
        raise SweepError(f"Storage {database.shown} was made by another version of Optuna: {error}") from error
    _tell_losses(storage.engine, database)
    return storage


def _tell_losses(engine: Engine, database: Postgres) -> None:
    """Gives lost connections a name of their own.

    Optuna, which knows nothing of them, repeats what adds a trial after any error; where the answer to a commit was
    lost, there would be two.
    """

    def tell(context: ExceptionContext) -> None:
        if context.is_disconnect and not context.is_pre_ping:
            raise ConnectionLost(database.reason(context.original_exception))

    event.listen(engine, "handle_error", tell)
