"""One coordinator per run."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from search_spaces.errors import SweepError
from sweep.folder import RunFolder
from sweep.lock import coordinating, holder
from tests.fake_run import made_folder
from tests.tiny_run import TinyRun

_HOLD = """
import sys, pathlib
from sweep.folder import RunFolder
from sweep.lock import coordinating
with coordinating(RunFolder(pathlib.Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def _held_elsewhere(folder: RunFolder) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", _HOLD, str(folder.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process


def test_a_second_coordinator_is_refused_and_told_who_the_first_is(tmp_path: Path) -> None:
    folder = made_folder(tmp_path)
    with (
        _held_elsewhere(folder) as process,
        pytest.raises(SweepError, match=rf"in use by process {process.pid} on {socket.gethostname()}, since 20\d\d-"),
        coordinating(folder),
    ):
        pass


def test_a_second_command_is_refused_and_changes_nothing(tmp_path: Path, finished: TinyRun) -> None:
    folder = RunFolder(Path(shutil.copytree(finished.folder.path, tmp_path / "run")))
    with _held_elsewhere(folder) as process:
        before = {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()}
        command = [sys.executable, "-c", "from sweep.cli import main; main()", "resume", str(folder.path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert before == {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()}
    assert (done.returncode, done.stdout) == (2, "")
    assert f"in use by process {process.pid} on {socket.gethostname()}" in " ".join(done.stderr.split())


def test_the_lock_of_a_killed_process_is_taken_over_at_once(tmp_path: Path) -> None:
    folder = made_folder(tmp_path)
    with _held_elsewhere(folder) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert folder.holder.exists()  # the note of a dead holder is no lock
        assert holder(folder) is None
        with coordinating(folder):
            found = holder(folder)
            assert found is not None
            assert found.pid == os.getpid()


def test_anyone_can_read_who_holds_a_run(tmp_path: Path) -> None:
    folder = made_folder(tmp_path)
    with _held_elsewhere(folder) as process:
        found = holder(folder)
        assert found is not None
        assert (found.pid, found.host) == (process.pid, socket.gethostname())


def test_a_run_that_nobody_holds_has_no_holder(tmp_path: Path) -> None:
    folder = made_folder(tmp_path)
    assert holder(folder) is None
    with coordinating(folder):
        pass
    assert holder(folder) is None
    assert not folder.holder.exists()


def test_asking_who_holds_a_run_leaves_a_finished_run_untouched(tmp_path: Path) -> None:
    folder = made_folder(tmp_path)
    before = sorted(folder.path.iterdir())
    assert holder(folder) is None
    assert sorted(folder.path.iterdir()) == before


def test_an_error_inside_gives_the_lock_back(tmp_path: Path) -> None:
    folder = made_folder(tmp_path)
    with pytest.raises(RuntimeError, match="inside"), coordinating(folder):
        raise RuntimeError("inside")
    with coordinating(folder):
        pass


def test_a_folder_that_cannot_be_locked_is_named(tmp_path: Path) -> None:
    folder = made_folder(tmp_path)
    folder.lock.mkdir()
    with pytest.raises(SweepError, match="cannot be locked"), coordinating(folder):
        pass


@pytest.mark.parametrize("content", ["", "rubbish", "[1]", '{"pid": "x"}', "\0" * 40])
def test_a_note_that_says_nothing_hinders_nobody(tmp_path: Path, content: str) -> None:
    folder = made_folder(tmp_path)
    folder.holder.write_text(content)
    assert holder(folder) is None
    with coordinating(folder):
        found = holder(folder)
        assert found is not None
        assert found.pid == os.getpid()
        folder.holder.write_text(content)
        with pytest.raises(SweepError, match="in use by another process"), coordinating(folder):
            pass
    assert not folder.holder.exists()


def test_a_folder_in_place_of_the_note_is_told_and_leaves_the_lock_free(tmp_path: Path) -> None:
    folder = made_folder(tmp_path)
    folder.holder.mkdir()
    with pytest.raises(SweepError, match=r"coordinator\.json cannot be written: Is a directory"), coordinating(folder):
        pass
    folder.holder.rmdir()
    with coordinating(folder):
        pass


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    folder = made_folder(tmp_path)
    (tmp_path / "precious").write_text("precious")
    folder.lock.symlink_to(tmp_path / "precious")
    with pytest.raises(SweepError, match=r"cannot be locked: .*\.coordinator\.lock"), coordinating(folder):
        pass
    assert (tmp_path / "precious").read_text() == "precious"
