"""Records, artifacts and tables of a run are the same bytes in another order, under another name, by another user."""

import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.traces import outcome
from results.records import Cell
from sweep import digest, procedure
from sweep.events import CellDone
from sweep.folder import RunFolder
from tests.fake_run import ROOT
from tests.tiny_run import ROLES, TinyRun, write_space

_NOBODY = """
import os, pathlib, pwd, sys
from sweep.folder import RunFolder
from tests.tiny_run import ROLES, TinyRun, tiny_tree, write_space

def carry_out(place):
    place.mkdir()
    cache, space = place / "cache", write_space(place / "own.toml", ROLES)
    TinyRun(tiny_tree(place / "tree"), space, RunFolder(place / "run"), cache).carry_out()

place = pathlib.Path(sys.argv[1])
carry_out(place / "first")  # so that everything is imported: nobody may not be allowed to read where it is installed
nobody = pwd.getpwnam("nobody")
os.setgroups([])
os.setgid(nobody.pw_gid)
os.setuid(nobody.pw_uid)
os.umask(0o077)
os.environ |= {"HOME": "/nonexistent", "USER": "nobody", "LOGNAME": "nobody"}
carry_out(place / "second")
"""


def _shuffled(cell: Cell) -> str:
    return digest.of_value(str(cell))


def _trained(run: TinyRun) -> list[str]:
    return [str(event.cell) for event in run.events if isinstance(event, CellDone)]


def test_the_order_of_cells_and_the_name_of_the_folder_change_no_byte(
    finished: TinyRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = TinyRun(
        finished.tree, write_space(tmp_path / "own.toml", ROLES), RunFolder(tmp_path / "an other näme"), finished.cache
    )
    monkeypatch.setattr(procedure, "_rank", _shuffled)
    other.carry_out()
    assert _trained(other) != _trained(finished)
    assert sorted(_trained(other)) == sorted(_trained(finished))
    assert outcome(other.folder.path) == outcome(finished.folder.path)


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A folder that another user may write to; pytest's own are closed to all but one."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o777)  # for the length of one test
        yield Path(place)


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_gets_the_same_bytes(finished: TinyRun, open_to_all: Path) -> None:
    if not all(folder.stat().st_mode & 0o005 == 0o005 for folder in (ROOT, *ROOT.parents)):
        pytest.skip("this checkout is closed to other users, who cannot run what lies in it")
    command = [sys.executable, "-c", _NOBODY, str(open_to_all)]
    own = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}  # root's to write
    done = subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    run = open_to_all / "second" / "run"
    assert run.stat().st_uid == pwd.getpwnam("nobody").pw_uid
    assert outcome(run) == outcome(finished.folder.path)
