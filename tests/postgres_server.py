"""A PostgreSQL server of the tests' own: in a temporary folder, on a free port of 127.0.0.1, with a password."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

USER, PASSWORD = "me", "p@ss/w0rd#%"
_OWNERS = ("postgres", "nobody")  # the server refuses to be root


def find_binaries() -> Path | None:
    """Where Debian's package, or whoever installed it, put the server; None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    elsewhere = shutil.which("initdb")
    if found:
        return found[-1].parent
    return Path(elsewhere).resolve().parent if elsewhere else None


class Server:
    """A server; `restart` and `stop` do what an administrator, or a power failure, does."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._binaries = binaries
        self._folder = folder
        self._databases = 0
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]

    def make(self) -> None:
        password = self._folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        how = ("-U", USER, "-A", "scram-sha-256", "--pwfile", password, "-E", "UTF8", "--locale", "C", "--no-sync")
        self._run("initdb", "-D", self._folder / "data", *how)

    def start(self) -> None:
        # Nothing is forced to the disk: what a test stops is the server, not the machine.
        options = f"-F -h 127.0.0.1 -p {self.port} -k {self._folder} -c full_page_writes=off"
        self._control("start", "-l", self._folder / "log", "-o", options)

    def stop(self) -> None:
        """At once, as in a crash; what was committed stays."""
        self._control("stop", "-m", "immediate")

    def restart(self) -> None:
        """As an upgrade does: open connections are cut."""
        self._control("restart", "-m", "fast", "-l", self._folder / "log")

    def database(self) -> str:
        """The URL of a new, empty database, with the password."""
        self._databases += 1
        name = f"sweeps_{self._databases}"
        with psycopg.connect(self.url("postgres").replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)

    def url(self, database: str, *, user: str = USER, password: str | None = PASSWORD, port: int | None = None) -> str:
        secret = "" if password is None else f":{quote(password, safe='')}"
        return f"postgresql+psycopg://{user}{secret}@127.0.0.1:{port or self.port}/{database}"

    def _control(self, verb: str, *words: object) -> None:
        self._run("pg_ctl", verb, "-D", self._folder / "data", "-w", "-t", "60", *words)

    def _run(self, program: str, *words: object) -> None:
        command = [str(self._binaries / program), *map(str, words)]
        subprocess.run(command, cwd="/", user=_owner(), stdout=subprocess.DEVNULL, check=True)


def _owner() -> str | None:
    """Who the server is, where it cannot be whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in _OWNERS if name in known)


@contextmanager
def serving(binaries: Path) -> Iterator[Server]:
    """A server while the block runs."""
    folder = Path(tempfile.mkdtemp(prefix="sweep-postgres-"))  # not pytest's own, which no other user may enter
    folder.chmod(0o755)
    if (owner := _owner()) is not None:
        shutil.chown(folder, owner)
    server = Server(binaries, folder)
    try:
        server.make()
        server.start()
        yield server
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            server.stop()
        shutil.rmtree(folder)
