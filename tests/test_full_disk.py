"""No space left, wherever it happens: one message that names the file, exit code 2, and the run goes on later."""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from search_spaces.errors import SweepError
from sweep import atomic
from sweep.folder import RunFolder
from sweep.ledger import Ledger, sqlite_url
from sweep.lock import coordinating
from tests.conftest import Sweep
from tests.fake_run import executions, figures, local_executor, made_folder
from tests.fake_trial import cell, cells, fake_outcome
from tests.test_coordinator import Run
from tests.tiny_run import NAMES, ROLES, TinyRun, files, tiny_run, trials

SWEEP = [sys.executable, "-c", "from sweep.cli import main; main()"]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small disk needs leave to mount: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def _fill(place: Path, leaving: int = 0) -> Path:
    """A file that takes what room is left, but for some bytes."""
    ballast = place / ".ballast"
    free = shutil.disk_usage(place).free - leaving
    ballast.write_bytes(bytes(max(free, 0)))
    return ballast


def test_a_file_that_does_not_fit_leaves_the_old_one_and_nothing_else(small: Path) -> None:
    atomic.write_text(small / "x", "old")
    with pytest.raises(SweepError, match=r"x cannot be written: No space left on device\. Make room, then give"):
        atomic.write_bytes(small / "x", bytes(3 * 2**20))
    assert files(small) == {"x": b"old"}


def test_a_run_that_cannot_be_locked_or_noted_says_so(small: Path) -> None:
    folder = RunFolder(small / "run")
    folder.create()
    ballast = _fill(small)
    with pytest.raises(SweepError, match=r"coordinator\.json cannot be written: No space left"), coordinating(folder):
        pass
    ballast.unlink()
    with coordinating(folder):
        pass


def test_a_study_that_does_not_fit_is_not_begun(small: Path) -> None:
    ballast = _fill(small, 40_000)
    with pytest.raises(SweepError, match=r"study\.db.*(no space left|No space left).*Make room"):
        Ledger(sqlite_url(small / "study.db"))
    assert list(small.iterdir()) == [ballast]


@pytest.mark.parametrize("leaving", [0, 4096, 20_000, 60_000])
def test_a_full_disk_stops_the_sweep_and_costs_no_finished_cell(small: Path, leaving: int) -> None:
    run = Run(made_folder(small))
    run.go(*cells(2))
    done, before = run.records(), executions(run.folder)
    ballast = _fill(small, leaving)
    with pytest.raises(SweepError, match=r"[Nn]o space left.*Make room"):
        run.go(*cells(39))
    assert not list(run.folder.path.rglob("*.tmp"))
    ballast.unlink()
    assert run.records().items() >= done.items()
    stored = set(run.records())
    counts = {of: executions(run.folder).count(of) for of in stored}
    run.go(*cells(12))
    assert {of: executions(run.folder).count(of) for of in stored} == counts
    assert run.records() | figures(tuple(fake_outcome(of).record for of in cells(12))) == run.records()
    assert all(hole.state != "failed" for hole in run.holes(*cells(39)))
    assert len(before) == 2


def test_a_full_disk_of_logs_is_no_fault_of_a_cell(tmp_path: Path, small: Path) -> None:
    run = Run(made_folder(tmp_path))
    with local_executor(run.folder, 1) as executor:  # its worker is there before the disk fills
        run.go_on(executor, cell("f0"))
        subprocess.run(["mount", "--bind", str(small), str(run.folder.logs)], check=True)
        try:
            _fill(small)
            with pytest.raises(SweepError, match=r"arousal-f1-.*\.log cannot be written: No space left on device\."):
                run.go_on(executor, cell("f1"))
        finally:
            subprocess.run(["umount", "--lazy", str(run.folder.logs)], check=True)
    assert [hole.state for hole in run.holes(cell("f1"))] == ["pending"]
    run.go(cell("f1"))
    assert run.records() == figures(tuple(fake_outcome(of).record for of in cells(2)))


def _limited(limit: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))


def test_a_full_disk_leaves_no_half_of_a_sample_tree(small: Path, sweep: Sweep) -> None:
    ballast = _fill(small, leaving=8192)
    said = sweep("data", "sample", small / "sample")
    assert (said.code, "No space left on device" in said.err) == (2, True), said
    assert [path.name for path in small.iterdir()] == [ballast.name]


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory, tree: Path, cache: Path, finished: TinyRun) -> TinyRun:
    """A run that has not begun; its data is packed, since `finished` used the same cache."""
    fewer = NAMES.replace(', "bert~"]', "]").replace("epochs = 8", "epochs = 1")
    return tiny_run(tmp_path_factory.mktemp("begun"), tree, cache, fewer)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limit", "file"),
    [(500, "run.json"), (150_000, "study.db")],
)
def test_a_file_that_may_not_grow_is_named_and_the_run_goes_on_later(
    begun: TinyRun, tmp_path: Path, limit: int, file: str
) -> None:
    run = tmp_path / "run"
    words = ["run", begun.space, "--data", begun.tree, "--run", run, "--cache", begun.cache, "--workers", "1"]
    command = [*SWEEP, *map(str, words)]
    # No git and no coverage: the limit would kill the one amid the index of this checkout, the other at its end.
    bare = {**{name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}, "PATH": ""}
    stopped = subprocess.run(command, capture_output=True, text=True, check=False, env=bare, preexec_fn=_limited(limit))
    assert (stopped.returncode, "Traceback" in stopped.stderr) == (2, False), stopped.stderr
    assert "limit on the size of files" in stopped.stderr
    assert file in stopped.stderr
    assert not list(run.rglob("*.tmp"))
    assert TinyRun(begun.tree, begun.space, RunFolder(run), begun.cache).carry_out()
    assert all(states.count("COMPLETE") == 1 for states in trials(run).values())


def test_tables_that_do_not_fit_are_named(small: Path, finished: TinyRun, sweep: Sweep) -> None:
    ballast = _fill(small)
    said = sweep("tables", finished.folder.path, "--out", small / "out")
    assert said.code == 2
    assert "No space left on device. Make room, then give the same command again." in said.err
    ballast.unlink()
    assert sweep("tables", finished.folder.path, "--out", small / "out").code == 0


def test_a_cache_that_does_not_fit_is_named_and_packs_later(small: Path, tree: Path, sweep: Sweep) -> None:
    ballast = _fill(small, 4096)
    said = sweep("data", "check", tree, "--cache", small)
    assert said.code == 2, said
    assert str(small) in said.err
    assert "No space left on device. Make room, then give the same command again." in said.err
    assert not [path for path in small.rglob("*") if "half" in path.name]
    ballast.unlink()
    assert sweep("data", "check", tree, "--cache", small).code == 0


@pytest.mark.slow
def test_a_checkpoint_that_does_not_fit_stops_the_run_and_blames_no_cell(
    small: Path, tree: Path, cache: Path, finished: TinyRun
) -> None:
    made = tiny_run(small, tree, cache, ROLES)
    made.folder.create()
    with Ledger(sqlite_url(made.folder.study_db)):
        ballast = _fill(small, 90_000)  # room for run.json and the notes, not for many trials
    with pytest.raises(SweepError, match=r"[Nn]o space left"):
        made.carry_out()
    ballast.unlink()
    before = {of: states for of, states in trials(made.folder.path).items() if "COMPLETE" in states}
    made.carry_out()
    after = trials(made.folder.path)
    assert all(after[of] == states for of, states in before.items())
    assert all(states[-1] == "COMPLETE" for states in after.values())
