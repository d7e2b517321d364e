"""A Dask cluster whose workers die, hang, leave, join late or are of another version: nothing lost, nothing twice."""

import re
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from results.records import Cell
from search_spaces.errors import SweepError
from sweep import engines, environment
from sweep.coordinator import run_cells
from sweep.executors import Executor, Setup, WorkerDied, WorkersUnavailable
from sweep.executors._dask.executor import DaskExecutor
from sweep.folder import RunFolder
from sweep.job import EpochEvent, Job, Outcome
from sweep.ledger import Ledger, sqlite_url
from tests import dask_cluster
from tests.conftest import Sweep
from tests.dask_cluster import Cluster
from tests.fake_run import CHOICES, ROOT, executions, made_folder, make_job, write_data
from tests.fake_trial import cell, cells, fake_outcome
from tests.waiting import WAIT_S, wait_until

TRIAL = "tests.fake_trial:run_trial"


@dataclass
class Site:
    """A run folder, and what was said to its user."""

    folder: RunFolder
    said: list[str] = field(default_factory=list)

    def setup(self, cluster: Cluster, hang_s: float | None = None, workers: int | None = None) -> Setup:
        return Setup(workers, self.folder.logs, self.said.append, hang_s, scheduler=cluster.address, trial=TRIAL)

    @contextmanager
    def executor(self, cluster: Cluster, *, hang_s: float | None = None, patience_s: float = 60) -> Iterator[Executor]:
        executor = DaskExecutor(self.setup(cluster, hang_s), slack_s=1, patience_s=patience_s)
        try:
            yield executor
        finally:
            executor.shutdown(cancel_futures=True)

    def submit(self, executor: Executor, of: Cell) -> Future[Outcome]:
        return executor.submit(make_job(self.folder)(of), lambda _: None)

    def go(self) -> None:
        """Lets waiting trials end."""
        (self.folder.path / "go").touch()

    def has_begun(self, *of: Cell) -> Callable[[], bool]:
        return lambda: all(str(each) in executions(self.folder) for each in of)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    folder = made_folder(tmp_path)
    write_data(folder)
    return Site(folder)


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with dask_cluster.running(tmp_path_factory.mktemp("cluster")) as started:
        yield started


@pytest.fixture
def cluster(scheduler: Cluster) -> Iterator[Cluster]:
    """One without workers; its scheduler has served others, as schedulers do."""
    yield scheduler
    scheduler.clear()


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[Cluster]:
    """One whose scheduler may be killed."""
    with dask_cluster.running(tmp_path / "cluster") as started:
        yield started


def _coordinate(site: Site, executor: Executor, *wanted: Cell) -> dict[str, int]:
    """Trains cells as a sweep does; how many attempts each one took."""
    with Ledger(sqlite_url(site.folder.study_db)) as ledger:
        ledger.open_study("arousal", CHOICES)
        run_cells(
            ledger,
            [("arousal", of) for of in wanted],
            make_job=make_job(site.folder),
            executor=executor,
            folder=site.folder,
            on_event=lambda _: None,
        )
        holes = {str(hole.cell): hole.state for hole in ledger.holes("arousal", wanted)}
        assert set(holes.values()) <= {"failed"}
        return {str(of): executions(site.folder).count(str(of)) for of in wanted}


def test_a_cell_that_kills_its_dask_worker_is_a_hole_after_three_and_the_rest_finishes_once(
    site: Site, cluster: Cluster
) -> None:
    for name in "abcd":
        cluster.add_worker(name)
    others = cells(4, "nap")
    with site.executor(cluster) as executor:
        attempts = _coordinate(site, executor, cell("killer"), *others)
    assert attempts == {str(cell("killer")): 3} | {str(of): 1 for of in others}
    assert cluster.trials() == []


def test_a_killed_dask_worker_costs_the_trials_it_ran_and_no_others(site: Site, cluster: Cluster) -> None:
    cluster.add_worker("a")
    first, second = cell("wait0"), cell("wait1")
    with site.executor(cluster) as executor:
        lost = site.submit(executor, first)
        wait_until(site.has_begun(first))
        cluster.add_worker("b")
        wait_until(lambda: executor.workers == 2)
        kept = site.submit(executor, second)
        wait_until(site.has_begun(second))
        cluster.worker("a").kill()
        with pytest.raises(
            WorkerDied, match=r"^the worker at tcp://\S+ is gone, after seed 101, epoch 1; log: .*\.log$"
        ):
            lost.result(timeout=WAIT_S)
        site.go()
        assert kept.result(timeout=WAIT_S) == fake_outcome(second)
    assert executions(site.folder) == [str(first), str(second)]


def test_what_a_killed_dask_worker_had_printed_is_in_the_runs_log(site: Site, cluster: Cluster) -> None:
    cluster.add_worker("a")
    with site.executor(cluster) as executor:
        lost = site.submit(executor, cell("killer"))
        assert isinstance(lost.exception(timeout=WAIT_S), WorkerDied)
    assert f"--- {cell('killer')} in process" in site.folder.log(cell("killer")).read_text()


@pytest.mark.slow
def test_a_dask_worker_that_is_stopped_is_given_up_and_gets_no_other_trial(site: Site, cluster: Cluster) -> None:
    cluster.add_worker("a", nanny=True)
    with site.executor(cluster, hang_s=5) as executor:
        told: list[EpochEvent] = []
        hung = executor.submit(make_job(site.folder)(cell("wait0")), told.append)
        wait_until(lambda: bool(told))
        frozen = cluster.worker("a")
        frozen.suspend()
        with pytest.raises(
            WorkerDied, match=r"told nothing for 7.25 s and was given up, after seed 101, epoch 1; log: "
        ):
            hung.result(timeout=WAIT_S)
        site.go()
        assert site.submit(executor, cell("f1")).result(timeout=WAIT_S) == fake_outcome(cell("f1"))
        assert not frozen.is_running()  # its nanny has started another one


def test_workers_that_join_late_take_part_and_those_that_leave_cost_no_attempt(site: Site, cluster: Cluster) -> None:
    with site.executor(cluster) as executor:
        assert executor.workers == 1
        assert site.said == [f"Dask scheduler {cluster.address}: no workers yet; waiting for some to join"]
        moved = site.submit(executor, cell("wait0"))
        cluster.add_worker("a", nanny=True)
        wait_until(site.has_begun(cell("wait0")))
        cluster.add_worker("b", threads=2)
        wait_until(lambda: executor.workers == 3)
        cluster.stop_worker("a")
        wait_until(lambda: executions(site.folder) == [str(cell("wait0"))] * 2)
        wait_until(lambda: executor.workers == 2)
        site.go()
        assert moved.result(timeout=WAIT_S) == fake_outcome(cell("wait0"))
    assert [line for line in site.said if "trials" in line] == [
        "Dask: 1 worker, 1 trials at a time",
        "Dask: 2 workers, 3 trials at a time",
        "Dask: 1 worker, 2 trials at a time",
    ]


@pytest.mark.slow
def test_a_scheduler_that_is_started_again_goes_on_and_costs_no_attempt(site: Site, own_cluster: Cluster) -> None:
    own_cluster.add_worker("a")
    with site.executor(own_cluster) as executor:
        assert site.submit(executor, cell("f1")).result(timeout=WAIT_S) == fake_outcome(cell("f1"))
        under_way = site.submit(executor, cell("wait0"))
        wait_until(site.has_begun(cell("wait0")))
        own_cluster.kill_scheduler()
        wait_until(lambda: any("connection lost" in line for line in site.said))
        own_cluster.start_scheduler()
        own_cluster.add_worker("b")
        site.go()
        assert under_way.result(timeout=WAIT_S) == fake_outcome(cell("wait0"))
        assert site.submit(executor, cell("f2")).result(timeout=WAIT_S) == fake_outcome(cell("f2"))
    assert executions(site.folder).count(str(cell("f1"))) == 1
    assert f"Dask scheduler {own_cluster.address}: connected again" in site.said


def test_a_scheduler_that_does_not_come_back_stops_the_sweep(site: Site, own_cluster: Cluster) -> None:
    own_cluster.add_worker("a")
    with site.executor(own_cluster, patience_s=2) as executor:
        under_way = site.submit(executor, cell("wait0"))
        wait_until(site.has_begun(cell("wait0")))
        own_cluster.kill_scheduler()
        with pytest.raises(WorkersUnavailable, match=r"has not answered for 0\.0333333 minutes"):
            under_way.result(timeout=WAIT_S)
        with pytest.raises(WorkersUnavailable):
            site.submit(executor, cell("f1")).result(timeout=WAIT_S)


def test_trials_end_with_their_coordinator_and_leave_the_cluster_to_others(site: Site, cluster: Cluster) -> None:
    cluster.add_worker("a")
    with site.executor(cluster) as executor:
        stopped = site.submit(executor, cell("slow"))
        wait_until(site.has_begun(cell("slow")))
        executor.shutdown(cancel_futures=True)
        assert cluster.trials() == []
    assert isinstance(stopped.exception(timeout=0), WorkerDied)
    with site.executor(cluster) as executor:
        assert site.submit(executor, cell("f1")).result(timeout=WAIT_S) == fake_outcome(cell("f1"))


def test_two_sweeps_share_a_cluster(tmp_path: Path, cluster: Cluster) -> None:
    cluster.add_worker("a", threads=2)
    sites = [Site(made_folder(tmp_path / name)) for name in ("one", "other")]
    for each in sites:
        write_data(each.folder)
    with sites[0].executor(cluster) as one, sites[1].executor(cluster) as other:
        futures = [
            (of, site.submit(executor, of))
            for of in cells(6, "nap")
            for site, executor in zip(sites, (one, other), strict=True)
        ]
        assert all(future.result(timeout=WAIT_S) == fake_outcome(of) for of, future in futures)
    assert all(executions(site.folder) == sorted(map(str, cells(6, "nap"))) for site in sites)


@pytest.fixture
def away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A run whose cache no Dask worker sees: a folder of ours here, and another one in every other process."""
    monkeypatch.chdir(tmp_path)
    site = Site(made_folder(Path("/proc/self/cwd")))
    write_data(site.folder)
    return site


def _job_of(away: Site, of: Cell, place: Path) -> Job:
    """The job, and where the fake trial counts its executions."""
    job = make_job(away.folder)(of)
    return job.model_copy(update={"data": job.data.model_copy(update={"root": place / "run"})})


def test_what_a_worker_lacks_is_sent_once_and_kept(away: Site, cluster: Cluster, tmp_path: Path) -> None:
    packed = (tmp_path / "run" / "features" / ("f" * 64) / "values.f32").read_bytes()
    cluster.add_worker("a", threads=2)

    def sent() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in cluster.cache("a").rglob("*") if path.suffix == ".f32"}

    def train(*wanted: Cell) -> None:
        with away.executor(cluster) as executor:
            futures = [executor.submit(_job_of(away, of, tmp_path), lambda _: None) for of in wanted]
            assert [future.result(timeout=WAIT_S) for future in futures] == [fake_outcome(of) for of in wanted]

    train(cell("f1"), cell("f2"))
    ((path, before),) = sent().items()
    assert path.read_bytes() == packed
    train(cell("f3"))
    assert sent() == {path: before}
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    cluster.stop_worker("a")
    cluster.add_worker("a")
    train(cell("f4"))
    assert path.read_bytes() == packed


def test_a_worker_that_cannot_keep_what_it_is_sent_says_where(away: Site, cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "full").touch()
    cluster.add_worker("a", XDG_CACHE_HOME=str(tmp_path / "full"))
    with away.executor(cluster) as executor:
        refused = executor.submit(_job_of(away, cell("f1"), tmp_path), lambda _: None)
        with pytest.raises(
            SweepError, match=r"^Dask worker tcp://\S+ on \S+: The cache \S+/full/\S+ cannot be written: "
        ):
            refused.result(timeout=WAIT_S)


def test_workers_of_another_version_are_refused_with_both_named(site: Site, cluster: Cluster, tmp_path: Path) -> None:
    other = tmp_path / "other" / "torch-9.9.9.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 9.9.9\n")
    cluster.add_worker("a", PYTHONPATH=f"{other.parent}:{ROOT}")
    cluster.await_worker("a")
    ours = re.escape(environment.versions()["torch"])
    with pytest.raises(
        WorkersUnavailable, match=rf"^Dask worker tcp://\S+ is refused: torch 9\.9\.9 there, {ours} here\.$"
    ):
        DaskExecutor(site.setup(cluster))
    cluster.add_worker("b")
    cluster.await_worker("b")
    with site.executor(cluster) as executor:
        futures = [site.submit(executor, of) for of in cells(3)]
        assert [future.result(timeout=WAIT_S) for future in futures] == [fake_outcome(of) for of in cells(3)]
        assert executor.workers == 1
    assert any("torch 9.9.9 there" in line for line in site.said)


def test_workers_of_other_code_are_refused(site: Site, cluster: Cluster, tmp_path: Path) -> None:
    for package in ("search_spaces", "results", "sweep"):
        shutil.copytree(ROOT / package, tmp_path / "checkout" / package)
    (tmp_path / "checkout" / "sweep" / "changed.py").touch()
    cluster.add_worker("a", PYTHONPATH=str(tmp_path / "checkout"))
    cluster.add_worker("b", PYTHONPATH=str(_before_dask(tmp_path)))
    cluster.await_worker("a", "b")
    with pytest.raises(WorkersUnavailable) as refused:
        DaskExecutor(site.setup(cluster))
    version = environment.versions()["muse-sweep"]
    assert f"muse-sweep {version} there and here, but of other code: " in str(refused.value)
    assert f"muse-sweep {version} there, which does not answer as {version} here does" in str(refused.value)


def _before_dask(place: Path) -> Path:
    """Where Python finds a muse-sweep of a time before Dask."""
    (place / "before").mkdir()
    (place / "before" / "sweep.py").touch()
    return place / "before"


@pytest.mark.slow
def test_no_scheduler_is_one_message(site: Site) -> None:
    with pytest.raises(SweepError, match=r"^No Dask scheduler answers at tcp://127\.0\.0\.1:9: "):
        DaskExecutor(Setup(1, site.folder.logs, site.said.append, scheduler="tcp://127.0.0.1:9"))
    with pytest.raises(SweepError, match=r"expected an address such as tcp://HOST:8786\. Found 'somewhere'\."):
        engines.check("dask", "somewhere")
    with pytest.raises(SweepError, match="goes with an engine of several machines"):
        engines.check("local", "tcp://127.0.0.1:9")


def test_a_run_that_nobody_listens_to_any_more_ends(site: Site, cluster: Cluster) -> None:
    def broken_pipe(_: str) -> None:
        raise SystemExit(1)  # as rich does

    with pytest.raises(SweepError, match=r"^Nobody reads any more what this command says\.$"):
        DaskExecutor(Setup(1, site.folder.logs, broken_pipe, scheduler=cluster.address))


def test_a_missing_extra_is_told_before_anything_is_done(
    sweep: Sweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    said = sweep("run", "smoke", "--data", tmp_path / "tree", "--run", tmp_path / "run", "--engine", "dask")
    assert said.code == 2
    assert "--engine dask needs distributed: pip install 'muse-sweep[distributed]'" in said.err
    assert not (tmp_path / "run").exists()


def _ignores_ctrl_c(process: psutil.Process) -> bool:
    (blocked,) = re.findall(r"^SigBlk:\s(\w+)$", Path(f"/proc/{process.pid}/status").read_text(), re.MULTILINE)
    return bool(int(blocked, 16) & 1 << (signal.SIGINT - 1))


def test_a_cluster_made_here_is_reached_by_this_machine_alone_and_ends_with_the_run(site: Site) -> None:
    here = psutil.Process()
    others = here.children(recursive=True)
    with engines.running("dask", Setup(1, site.folder.logs, site.said.append, trial=TRIAL)) as executor:
        assert site.submit(executor, cell("f1")).result(timeout=WAIT_S) == fake_outcome(cell("f1"))
        started = [each for each in here.children(recursive=True) if each not in others]
        sockets = [each for process in (here, *started) for each in process.net_connections("inet")]
        assert all(_ignores_ctrl_c(each) for each in started if "spawn_main" in " ".join(each.cmdline()))
        assert {each.laddr.ip for each in sockets if each.status == psutil.CONN_LISTEN} == {"127.0.0.1"}
    left = [" ".join(process.cmdline()) for process in started if process.is_running()]
    assert [words for words in left if "resource_tracker" not in words] == []
