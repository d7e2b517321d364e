"""The connection to a Dask scheduler, and the cluster of this machine where the user named no scheduler."""

import asyncio
import logging
import signal
import uuid
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

import dask
from distributed import Client, LocalCluster

from search_spaces.errors import SweepError
from sweep.executors import WorkersUnavailable

_CONNECT_S = 10.0
_CLOSE_S = 5.0
_LOGGERS = ("distributed", "distributed.client")  # those to which Dask gives handlers of their own


class Link:
    """A client of one scheduler, which may be connected again and again.

    Args:
        scheduler: address; None for a cluster made here, on 127.0.0.1.
        workers: of a cluster made here.
        log: file that takes what Dask would print; None leaves it where it is.

    Attributes:
        topic: of Dask's, on which stations tell this coordinator how it goes.
        client: connected; only between `connect` and `close`.
    """

    client: Client

    def __init__(self, scheduler: str | None, workers: int, log: Path) -> None:
        self.topic = f"muse-sweep-{uuid.uuid4().hex}"
        self._scheduler = scheduler
        self._workers = workers
        self._cluster: LocalCluster | None = None
        self._comm: object = None
        self._log = log

    @property
    def address(self) -> str:
        """Of the scheduler."""
        return self._scheduler or "of this machine"

    @property
    def is_lost(self) -> bool:
        """Whether the connection of the last `connect` has ended: Dask's client may have made another since.

        What was submitted or subscribed to over the old one is forgotten.
        """
        return self.client.scheduler_comm is not self._comm or self.client.status != "running"

    async def connect(self, heard: Callable[[str], None], timeout_s: float = _CONNECT_S) -> None:
        """Connects, and makes the cluster first where there is none.

        Args:
            heard: takes what stations tell; called in this event loop.
            timeout_s: how long to try.

        Raises:
            OSError: no scheduler answers in time.
            SweepError: the address is none.
        """
        _log_to(self._log)
        address = self._scheduler or (await self._made_here()).scheduler_address
        try:
            client = Client(address, asynchronous=True, timeout=timeout_s, set_as_default=False, name="muse-sweep")
            self.client = await client
        except (ValueError, ImportError) as error:  # ImportError: a protocol that is not installed
            raise SweepError(
                f"--scheduler: expected an address such as tcp://HOST:8786, found {address}: {error}"
            ) from error
        self._comm = self.client.scheduler_comm

        def on_event(event: tuple[float, Any]) -> None:
            heard(str(event[1]))

        self.client.subscribe_topic(self.topic, on_event)

    async def drop(self) -> None:
        """Lets go of a connection that is lost."""
        with suppress(Exception):  # there may be nothing left of it
            await asyncio.wait_for(self.client.close(timeout=1), _CLOSE_S)

    async def close(self) -> None:
        """Ends the connection, and the cluster that was made here."""
        await self.drop()
        if self._cluster is not None:
            closing = self._cluster.close()
            if closing is not None:  # it is a cluster of this event loop, and gives what can be awaited
                with suppress(Exception):
                    await asyncio.wait_for(asyncio.ensure_future(closing), 2 * _CLOSE_S)

    async def _made_here(self) -> LocalCluster:
        """One Dask worker a trial, each a process, reached by nobody but this machine."""
        if self._cluster is None:
            _keep_ctrl_c()
            # A cell that kills its worker is not given out again by Dask: the coordinator counts attempts.
            with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
                cluster = LocalCluster(
                    n_workers=self._workers,
                    threads_per_worker=1,
                    processes=True,
                    host="127.0.0.1",
                    dashboard_address="127.0.0.1:0",  # health and metrics; with None, port 8787 and a warning
                    scheduler_kwargs={"dashboard": False},
                    memory_limit=0,  # theirs is small; trials are other processes
                    asynchronous=True,
                )
                try:
                    self._cluster = await cluster
                except RuntimeError as error:
                    reason = error.__cause__ or error
                    raise WorkersUnavailable(f"No Dask cluster can be started on this machine: {reason}") from error
        return self._cluster


def _keep_ctrl_c() -> None:
    """From here on, Ctrl-C does not reach what this thread starts: it is for the coordinator, who ends Dask workers."""
    resource_tracker.ensure_running()  # multiprocessing lifts every mask where it starts it, so that comes first
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _log_to(path: Path) -> None:
    """From here on, what Dask has to say goes to a file: a terminal shows the table, and Dask is wordy."""
    file = logging.FileHandler(path, delay=True)
    file.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    file.setLevel(logging.WARNING)
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        for handler in logger.handlers:
            handler.close()
        logger.handlers = [file]
