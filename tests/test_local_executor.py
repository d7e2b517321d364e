"""Trials in real worker processes: outcomes, logs, and every way a worker can end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from results.records import Cell
from search_spaces.errors import SweepError
from sweep.executors import TrialCrashed, WorkerDied, WorkersUnavailable
from sweep.executors._watch import oom_kills
from sweep.executors.local import LocalExecutor
from sweep.folder import RunFolder
from sweep.job import EpochEvent, Job, Outcome, TrialFailed
from tests.fake_run import executions, local_executor, made_folder, make_job
from tests.fake_trial import cell, cells, fake_outcome

Run = Callable[[Cell], Outcome]


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return made_folder(tmp_path)


@pytest.fixture
def executor(folder: RunFolder) -> Iterator[LocalExecutor]:
    with local_executor(folder, workers=1) as opened:
        yield opened


@pytest.fixture
def run(folder: RunFolder, executor: LocalExecutor) -> Run:
    return lambda of: executor.submit(make_job(folder)(of), _ignore).result(timeout=30)


def _ignore(_: EpochEvent) -> None:
    pass


def _wait(condition: Callable[[], bool], timeout_s: float = 15) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def test_an_outcome_comes_back_to_the_last_digit_and_byte(run: Run) -> None:
    expected = fake_outcome(cell("f1"))
    outcome = run(cell("f1"))
    assert outcome == expected
    assert outcome.record.model_dump_json() == expected.record.model_dump_json()


def test_epochs_are_reported_before_the_outcome(folder: RunFolder, executor: LocalExecutor) -> None:
    seen: list[EpochEvent] = []
    executor.submit(make_job(folder)(cell("f1")), seen.append).result(timeout=30)
    assert seen == [EpochEvent(seed=101, epoch=1, devel_f1=0.25, best_f1=0.25)]


def test_a_worker_is_used_again(run: Run, executor: LocalExecutor) -> None:
    run(cell("f1"))
    before = executor.pids
    run(cell("f2"))
    assert len(before) == 1
    assert executor.pids == before


def test_what_a_trial_prints_goes_to_its_log_and_not_into_the_protocol(run: Run, folder: RunFolder) -> None:
    assert run(cell("loud")) == fake_outcome(cell("loud"))
    log = folder.log(cell("loud")).read_text()
    assert all(text in log for text in ("printed by python", "printed by a child", "complaint"))


def test_a_training_that_failed_says_why_and_leaves_its_traceback(run: Run, folder: RunFolder) -> None:
    with pytest.raises(TrialFailed, match=r"^loss is not finite in epoch 3, batch 5$"):
        run(cell("fail"))
    assert "Traceback (most recent call last)" in folder.log(cell("fail")).read_text()


def test_a_crashed_trial_names_its_log_and_does_not_take_the_worker_with_it(
    run: Run, folder: RunFolder, executor: LocalExecutor
) -> None:
    with pytest.raises(TrialCrashed, match=r"ValueError: shapes \(3,\) and \(4,\) do not match; log: .*\.log"):
        run(cell("crash"))
    assert 'raise ValueError("shapes' in folder.log(cell("crash")).read_text()
    before = executor.pids
    run(cell("f1"))
    assert executor.pids == before


def test_a_users_mistake_found_by_a_worker_is_one_here(run: Run) -> None:
    with pytest.raises(SweepError, match=r"^the data has another digest$"):
        run(cell("mistake"))


def test_a_record_that_is_not_a_record_ends_the_trial_only(run: Run) -> None:
    with pytest.raises(TrialCrashed, match="makes no sense"):
        run(cell("nan"))
    assert run(cell("f1")) == fake_outcome(cell("f1"))


def test_a_worker_that_exits_says_how(run: Run) -> None:
    with pytest.raises(WorkerDied, match="the worker ended with exit code 7, after seed 101, epoch 1; log: "):
        run(cell("exit"))


def test_a_trial_that_needs_more_memory_than_there_is_says_so(run: Run) -> None:
    with pytest.raises(TrialFailed, match=r"^out of memory: MemoryError; fewer --workers need less$"):
        run(cell("hungry"))


def test_a_worker_that_hangs_is_killed_and_replaced(folder: RunFolder) -> None:
    with local_executor(folder, workers=1, hang_s=1.5) as executor:
        with pytest.raises(
            WorkerDied, match=r"the worker ended no epoch for 1.5 s and was killed, after seed 101, epoch 1"
        ):
            executor.submit(make_job(folder)(cell("slow")), _ignore).result(timeout=30)
        for of in cells(3, "nap"):  # each takes a moment, all of them more than the limit allows one
            assert executor.submit(make_job(folder)(of), _ignore).result(timeout=30) == fake_outcome(of)


def test_the_kernels_count_of_memory_kills_is_read(tmp_path: Path) -> None:
    (tmp_path / "vmstat").write_text("nr_free_pages 7\noom_kill 3\nnr_zspages 0\n")
    assert oom_kills(tmp_path / "vmstat") == 3
    assert oom_kills(tmp_path / "none") == 0


def test_a_killed_worker_fails_only_its_own_trial_and_is_replaced(folder: RunFolder) -> None:
    job = make_job(folder)
    with local_executor(folder, workers=2) as executor:
        futures = {of: executor.submit(job(of), _ignore) for of in (cell("die"), *cells(6, "nap"))}
        with pytest.raises(WorkerDied, match=r"was ended by SIGKILL, after seed 101, epoch 1; log: .*arousal-die-way1"):
            futures.pop(cell("die")).result(timeout=30)
        assert {of: future.result(timeout=30) for of, future in futures.items()} == {
            of: fake_outcome(of) for of in cells(6, "nap")
        }


def test_a_worker_killed_while_idle_is_replaced_without_harm(run: Run, executor: LocalExecutor) -> None:
    run(cell("f1"))
    (pid,) = executor.pids
    os.kill(pid, signal.SIGKILL)
    _wait(lambda: executor.pids == ())
    assert run(cell("f2")) == fake_outcome(cell("f2"))


def test_an_error_while_reporting_an_epoch_belongs_to_its_trial(folder: RunFolder, executor: LocalExecutor) -> None:
    def refuse(_: EpochEvent) -> None:
        raise LookupError("no live view")

    with pytest.raises(LookupError, match="no live view"):
        executor.submit(make_job(folder)(cell("f1")), refuse).result(timeout=30)
    assert executor.submit(make_job(folder)(cell("f2")), _ignore).result(timeout=30) == fake_outcome(cell("f2"))


def test_shutting_down_waits_for_what_was_submitted(folder: RunFolder) -> None:
    executor = local_executor(folder, workers=2)
    futures = [executor.submit(make_job(folder)(of), _ignore) for of in cells(4, "nap")]
    executor.shutdown()
    assert [future.result(timeout=0) for future in futures] == [fake_outcome(of) for of in cells(4, "nap")]
    assert executor.pids == ()
    with pytest.raises(RuntimeError, match="after shutdown"):
        executor.submit(make_job(folder)(cell("f1")), _ignore)


def test_cancelling_ends_workers_in_mid_training(folder: RunFolder) -> None:
    executor = local_executor(folder, workers=1)
    running, queued = (executor.submit(make_job(folder)(cell("slow", way)), _ignore) for way in ("way1", "way2"))
    _wait(lambda: len(executions(folder)) == 1)
    executor.shutdown(cancel_futures=True)
    assert queued.cancelled()
    assert isinstance(running.exception(timeout=0), WorkerDied)
    assert executor.pids == ()


def test_workers_run_one_thread_each_in_a_session_of_their_own(
    folder: RunFolder, executor: LocalExecutor, run: Run
) -> None:
    run(cell("f1"))
    (pid,) = executor.pids
    assert psutil.Process(pid).environ()["OMP_NUM_THREADS"] == "1"
    assert os.getsid(pid) == pid != os.getsid(0)


def test_a_trial_that_cannot_be_loaded_is_named(folder: RunFolder) -> None:
    with LocalExecutor(1, folder.logs, "tests.fake_trial:no_such") as executor:
        future = executor.submit(make_job(folder)(cell("f1")), _ignore)
        with pytest.raises(WorkersUnavailable, match=r"it ended with exit code 1; see .*workers\.log"):
            future.result(timeout=30)
    assert "Trial 'tests.fake_trial:no_such' cannot be loaded" in (folder.logs / "workers.log").read_text()


def test_a_worker_that_hangs_while_it_starts_is_killed(folder: RunFolder, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        (tmp_path / "sleepy.py").write_text("import time\ntime.sleep(60)")
        patch.setenv("PYTHONPATH", str(tmp_path))
        patch.setattr("sweep.executors._slot._START_S", 2.0)
        patch.setattr("sweep.executors._slot._STARTS", 1)
        with LocalExecutor(1, folder.logs, "sleepy:run", hang_s=0.4) as executor:
            future = executor.submit(make_job(folder)(cell("f1")), _ignore)
            with pytest.raises(WorkersUnavailable, match="was ended by SIGKILL"):
                future.result(timeout=30)


def test_less_than_one_worker_is_refused(folder: RunFolder) -> None:
    with pytest.raises(SweepError, match=r"`workers` must be at least 1\. Found 0\."):
        LocalExecutor(0, folder.logs)


_OWNER = """
import sys, pathlib, time
from sweep.folder import RunFolder
from tests.fake_run import local_executor, make_job
from tests.fake_trial import cell
folder = RunFolder(pathlib.Path(sys.argv[1]))
executor = local_executor(folder, 2)
for way in ("way1", "way2"):
    executor.submit(make_job(folder)(cell("slow", way)), lambda event: None)
while len(executor.pids) < 2 or not (folder.path / "executions").exists():
    time.sleep(0.02)
print(*executor.pids, flush=True)
time.sleep(60)
"""


def _gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE  # ended; its adoptive parent has yet to notice
    except psutil.NoSuchProcess:
        return True


def test_workers_end_in_mid_training_when_their_coordinator_is_killed(folder: RunFolder) -> None:
    command = [sys.executable, "-c", _OWNER, str(folder.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1]) as owner:
        assert owner.stdout is not None
        pids = [int(pid) for pid in owner.stdout.readline().split()]
        assert not any(_gone(pid) for pid in pids)
        owner.kill()
        _wait(lambda: all(_gone(pid) for pid in pids), timeout_s=5)
    assert len(pids) == 2


def test_a_worker_sees_the_end_of_its_input_in_mid_training(folder: RunFolder) -> None:
    command = [sys.executable, "-m", "sweep.worker", "--trial", "tests.fake_trial:run_trial", "--parent"]
    root = Path(__file__).parents[1]
    with subprocess.Popen(
        [*command, str(os.getpid())], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=root
    ) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        assert b"ready" in worker.stdout.readline()
        job: Job = make_job(folder)(cell("slow"))
        worker.stdin.write(f'{{"job": {job.model_dump_json()}, "log": "{folder.log(cell("slow"))}"}}\n'.encode())
        worker.stdin.flush()
        assert b"epoch" in worker.stdout.readline()
        worker.stdin.close()
        assert worker.wait(timeout=5) == 0
