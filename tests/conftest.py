"""What holds for every test process and for the processes it starts."""

# ruff: noqa: PLC0415 - what needs torch is imported by the fixture that uses it: most tests do without

import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.postgres_server import Server
    from tests.tiny_run import TinyRun

# Before torch is imported. Several test processes with a thread a core each wait for one another: on two cores the
# suite takes three times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell that starts tests in the background has them ignore Ctrl-C, and so would every command that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples in every run, and none kept: what fails here fails everywhere. A busy machine is no defect.
calm = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture)
settings.register_profile("sweep", derandomize=True, database=None, deadline=None, suppress_health_check=calm)
settings.load_profile("sweep")


@dataclass(frozen=True)
class Said:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


Sweep = Callable[..., Said]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Packed arrays, apart from whatever a test looks at."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny tree; not to be changed."""
    from tests.tiny_run import tiny_tree

    return tiny_tree(tmp_path_factory.mktemp("data") / "tree")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, tree: Path, cache: Path) -> "TinyRun":
    """A run of the space ROLES that is done; not to be changed."""
    from tests.tiny_run import ROLES, tiny_run

    run = tiny_run(tmp_path_factory.mktemp("finished"), tree, cache, ROLES)
    run.carry_out()
    return run


@pytest.fixture(scope="session")
def postgres() -> "Iterator[Server]":
    """A PostgreSQL server; a test that stops it starts it again."""
    from tests.postgres_server import find_binaries, serving

    binaries = find_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server on this machine")
    with serving(binaries) as server:
        yield server


@pytest.fixture
def sweep(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Sweep:
    """The command line, called in this process."""
    from sweep import cli

    def call(*words: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["sweep", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        return Said(int(ended.value.code or 0), captured.out, captured.err)

    return call
