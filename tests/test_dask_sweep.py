"""Real training on a Dask cluster: the bytes of the engine `local`, from whatever epoch, whoever is killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from benchmarks.traces import attempts, outcome
from results.records import Branch, Cell
from search_spaces.settings import Settings
from sweep import feature_store
from sweep.executors import Setup, WorkerDied
from sweep.executors._dask.executor import DaskExecutor
from sweep.executors.local import LocalExecutor
from sweep.folder import RunFolder
from sweep.job import DataSource, EpochEvent, Job, Outcome
from tests import dask_cluster
from tests.dask_cluster import Cluster
from tests.fake_run import ROOT, executions, made_folder, write_data
from tests.tiny_run import ROLES, TinyRun, trials, write_space
from tests.waiting import WAIT_S, wait_until

pytestmark = pytest.mark.slow
LONG = Settings(
    seeds=2, epochs=150, patience=150, hidden=8, heads=2, feed_forward=12, layers=1, learning_rate=0.02, dropout=0.2
)
CELL = Cell(target="arousal", branches=(Branch(features="vggish+bert~", way="way2"),))
AWAY = Path("/proc/self/cwd")  # a folder of ours here, and another one in every Dask worker


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with dask_cluster.running(tmp_path / "cluster") as started:
        yield started


@dataclass
class Long:
    """A trial of seconds that can be run again and again, and the epochs that were told of it."""

    folder: RunFolder
    job: Job
    epochs: list[EpochEvent]

    def submit(self, executor: DaskExecutor | LocalExecutor) -> Future[Outcome]:
        return executor.submit(self.job, self.epochs.append)

    def went_on(self) -> bool:
        """Whether the second attempt began where the first one had been, and not afresh."""
        first, second = attempts(self.folder.logs)[str(CELL)]
        return bool(first.epochs) and second.epochs[0] > first.epochs[0] and second.epochs[-1] > first.epochs[-1]


@pytest.fixture
def long(tmp_path: Path, tree: Path, cache: Path) -> Long:
    _, store = feature_store.build(tree, "muse2021", cache)
    folder = RunFolder(tmp_path / "run")
    folder.create()
    data = DataSource(root=tree, reader="muse2021", cache=cache, digest=store.digest)
    return Long(folder, Job(cell=CELL, settings=LONG, data=data, checkpoint=folder.checkpoint(CELL)), [])


def bytes_of(found: Outcome) -> tuple[str, bytes]:
    return found.record.model_dump_json(), found.predictions


def _at_peace(long: Long, place: Path) -> Outcome:
    place.mkdir()
    with LocalExecutor(1, place) as executor:
        return executor.submit(long.job.model_copy(update={"checkpoint": None}), lambda _: None).result(timeout=WAIT_S)


def _on(cluster: Cluster, folder: RunFolder, checkpoint_s: float) -> DaskExecutor:
    setup = Setup(None, folder.logs, lambda _: None, scheduler=cluster.address)
    return DaskExecutor(setup, checkpoint_s=checkpoint_s)


def test_a_trial_goes_on_elsewhere_from_what_its_killed_worker_had_sent(
    long: Long, cluster: Cluster, tmp_path: Path
) -> None:
    cluster.add_worker("a")
    executor = _on(cluster, long.folder, checkpoint_s=0)
    try:
        lost = long.submit(executor)
        wait_until(lambda: len(long.epochs) >= 20 and long.job.checkpoint is not None and long.job.checkpoint.exists())
        cluster.worker("a").kill()
        assert isinstance(lost.exception(timeout=WAIT_S), WorkerDied)
        cluster.add_worker("b")
        found = long.submit(executor).result(timeout=WAIT_S)
    finally:
        executor.shutdown(cancel_futures=True)
    assert bytes_of(found) == bytes_of(_at_peace(long, tmp_path / "peace"))
    assert long.went_on()
    assert not list((cluster.folder / "b").rglob("*.safetensors"))


def test_what_is_stopped_on_a_cluster_goes_on_here_from_its_last_epoch(
    long: Long, cluster: Cluster, tmp_path: Path
) -> None:
    cluster.add_worker("a")
    executor = _on(cluster, long.folder, checkpoint_s=3600)
    stopped = long.submit(executor)
    wait_until(lambda: len(long.epochs) >= 20)
    executor.shutdown(cancel_futures=True)
    assert isinstance(stopped.exception(timeout=0), WorkerDied)
    assert cluster.trials() == []
    with LocalExecutor(1, long.folder.logs) as local:
        found = long.submit(local).result(timeout=WAIT_S)
    assert bytes_of(found) == bytes_of(_at_peace(long, tmp_path / "peace"))
    assert long.went_on()


@contextmanager
def _sweep(folder: Path, *words: object) -> Iterator[subprocess.Popen[str]]:
    """A sweep in a session of its own, of which nothing is left afterwards."""
    code = "from sweep.cli import main; main()"
    command = [sys.executable, "-c", code, *map(str, words)]
    environment = {"PYTHONPATH": str(ROOT), **os.environ}
    with subprocess.Popen(
        command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _read_until(process: subprocess.Popen[str], word: str) -> str:
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if word in line:
            return said
    raise AssertionError(f"{word!r} was not said: {said}")


def test_a_sweep_on_a_battered_cluster_gives_the_same_records_artifacts_and_tables(
    finished: TinyRun, cluster: Cluster, tmp_path: Path
) -> None:
    write_space(tmp_path / "own.toml", ROLES)
    for name in ("a", "b"):
        cluster.add_worker(name, nanny=True)
    words = ["run", "own.toml", "--data", finished.tree, "--run", "run", "--cache", AWAY / "cache"]
    dask = ["--engine", "dask", "--scheduler", cluster.address]
    with _sweep(tmp_path, *words, *dask) as first:
        said = _read_until(first, "[3/")
        cluster.worker("a").kill()
        said += _read_until(first, "[6/")
        cluster.kill_scheduler()
        said += _read_until(first, "connection lost")
        cluster.start_scheduler()
        cluster.add_worker("c")
        said += _read_until(first, "[10/")
        first.send_signal(signal.SIGINT)
        said += first.stderr.read() if first.stderr else ""
    assert first.returncode == 130, said
    before = trials(tmp_path / "run")
    assert sum(states.count("COMPLETE") for states in before.values()) >= 10
    with _sweep(tmp_path, "resume", "run", *dask) as second:
        said = second.stderr.read() if second.stderr else ""
    assert second.returncode == 0, said
    after = trials(tmp_path / "run")
    assert all(states.count("COMPLETE") == 1 for states in after.values())
    assert all(after[cell] == states for cell, states in before.items() if "COMPLETE" in states)
    assert outcome(tmp_path / "run") == outcome(finished.folder.path)
    sent = {path.parent.name for path in cluster.cache("c").rglob("*.npz")}
    assert sent
    assert not [each for each in psutil.process_iter() if _names(each, tmp_path) and "sweep.cli" in _words(each)]


def _names(process: psutil.Process, folder: Path) -> bool:
    return str(folder) in _words(process)


def _words(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def test_ctrl_c_in_a_terminal_ends_a_cluster_made_here_and_keeps_what_was_under_way(
    long: Long, tmp_path: Path, tree: Path
) -> None:
    text = ROLES.replace("epochs = 8", "epochs = 3000\npatience = 3000")
    write_space(tmp_path / "own.toml", text)
    words = ["run", "own.toml", "--data", tree, "--run", "stopped", "--workers", 1, "--engine", "dask"]
    with _sweep(tmp_path, *words) as process:
        group = psutil.Process(process.pid)
        folder = RunFolder(tmp_path / "stopped")
        wait_until(
            lambda: folder.logs.exists() and any(b"epoch 9:" in log.read_bytes() for log in folder.logs.iterdir())
        )
        started = group.children(recursive=True)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to everybody in it
        said = process.stderr.read() if process.stderr else ""
    assert process.returncode == 130, said
    assert "Go on with: sweep resume" in said
    assert list(folder.checkpoints.iterdir())
    assert not psutil.wait_procs(started, timeout=WAIT_S)[1]


_OWNER = """
import pathlib, sys
from sweep.executors import Setup
from sweep.executors._dask.executor import DaskExecutor
from sweep.folder import RunFolder
from tests.fake_run import make_job
from tests.fake_trial import cell
folder = RunFolder(pathlib.Path(sys.argv[1]))
executor = DaskExecutor(Setup(1, folder.logs, print, scheduler=sys.argv[2], trial="tests.fake_trial:run_trial"))
executor.submit(make_job(folder)(cell("slow")), print).result()
"""


def test_trials_end_when_their_coordinator_is_killed(tmp_path: Path, cluster: Cluster) -> None:
    folder = made_folder(tmp_path)
    write_data(folder)
    cluster.add_worker("a")
    command = [sys.executable, "-c", _OWNER, str(folder.path), cluster.address]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as owner:
        wait_until(lambda: len(executions(folder)) == 1)
        assert len(cluster.trials()) == 1
        owner.kill()
        wait_until(lambda: cluster.trials() == [], timeout_s=5)
