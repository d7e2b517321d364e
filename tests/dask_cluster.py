"""A Dask cluster of separate processes: a scheduler, and workers with folders and caches of their own."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.fake_run import ROOT
from tests.waiting import wait_until

_DASK = [sys.executable, "-m", "dask"]


@dataclass
class Cluster:
    """Processes that a test may kill; all of them end with the `running` block.

    Attributes:
        folder: everything they write.
        address: of the scheduler.
    """

    folder: Path
    address: str = ""
    _scheduler: subprocess.Popen[bytes] | None = None
    _workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start_scheduler(self) -> None:
        """At the address that an earlier one had, where there was one."""
        told = self.folder / "scheduler.json"
        told.unlink(missing_ok=True)
        port = self.address.rpartition(":")[2] or "0"
        command = ["scheduler", "--host", "127.0.0.1", "--port", port, "--dashboard-address", "127.0.0.1:0"]
        self._scheduler = self._start([*command, "--scheduler-file", str(told)], "scheduler")
        wait_until(lambda: told.exists() and told.read_text().endswith("}"))
        self.address = json.loads(told.read_text())["address"]

    def kill_scheduler(self) -> None:
        assert self._scheduler is not None
        self._scheduler.kill()
        self._scheduler.wait()

    def add_worker(self, name: str, *, threads: int = 1, nanny: bool = False, **environment: str) -> None:
        """A Dask worker in a working folder and with a cache of its own; a nanny starts it again when it dies."""
        place = self.folder / name
        place.mkdir(exist_ok=True)
        options = ["--nthreads", str(threads), "--name", name, "--host", "127.0.0.1", "--no-dashboard"]
        options += ["--local-directory", str(place / "scratch"), "--nanny" if nanny else "--no-nanny"]
        environment = {"XDG_CACHE_HOME": str(place / "cache"), **environment}
        self._workers[name] = self._start(["worker", self.address, *options], name, environment, cwd=place)

    def await_worker(self, *names: str) -> None:
        """Waits until the scheduler knows some workers."""
        wait_until(lambda: all(b"Registered to" in (self.folder / f"{name}.log").read_bytes() for name in names))

    def worker(self, name: str) -> psutil.Process:
        """The process of a Dask worker that runs tasks: its nanny's child, or what was started."""
        started = psutil.Process(self._workers[name].pid)
        if "--no-nanny" in started.cmdline():
            return started
        found: list[psutil.Process] = []

        def there() -> bool:
            found[:] = [each for each in started.children() if "spawn_main" in " ".join(each.cmdline())]
            return len(found) == 1

        wait_until(there)
        return found[0]

    def cache(self, name: str) -> Path:
        """Where a worker keeps what it was sent."""
        return self.folder / name / "cache" / "muse-sweep" / "received"

    def stop_worker(self, name: str) -> None:
        """Ends a Dask worker as a batch system does at the end of its time."""
        self._workers[name].send_signal(signal.SIGTERM)
        self._workers.pop(name).wait()

    def trials(self) -> list[psutil.Process]:
        """Worker processes that belong to any of our Dask workers."""
        found = []
        for process in self._workers.values():
            with suppress(psutil.NoSuchProcess):
                found += [each for each in psutil.Process(process.pid).children(recursive=True) if _is_ours(each)]
        return found

    def clear(self) -> None:
        """Ends every worker at once; what they wrote is forgotten."""
        for name, process in self._workers.items():
            _end(process)
            shutil.rmtree(self.folder / name)
            (self.folder / f"{name}.log").unlink()
        self._workers.clear()

    def end(self) -> None:
        """Ends everything at once."""
        for process in (*self._workers.values(), self._scheduler):
            if process is not None:
                _end(process)

    def _start(
        self, words: list[str], name: str, environment: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> subprocess.Popen[bytes]:
        inherited = {"PYTHONPATH": str(ROOT), **os.environ, **(environment or {})}
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen([*_DASK, *words], env=inherited, stderr=log, stdout=log, cwd=cwd)


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(psutil.NoSuchProcess):
        for child in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                child.kill()
    process.kill()
    process.wait()


def _is_ours(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return "sweep.worker" in process.cmdline()
    return False


@contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """A cluster without workers, in a folder that is made where there is none."""
    folder.mkdir(exist_ok=True)
    cluster = Cluster(folder)
    try:
        cluster.start_scheduler()
        yield cluster
    finally:
        cluster.end()
