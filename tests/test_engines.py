"""The contract of every engine: outcomes, logs, and the ways in which a trial ends without an outcome."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from results.records import Cell
from search_spaces.errors import SweepError
from sweep import engines
from sweep.executors import Executor, Setup, TrialCrashed, WorkerDied
from sweep.folder import RunFolder
from sweep.job import EpochEvent, Outcome, TrialFailed
from tests.fake_run import executions, made_folder, make_job, trials_found, write_data
from tests.fake_trial import cell, cells, fake_outcome
from tests.waiting import WAIT_S, wait_until

TRIAL = "tests.fake_trial:run_trial"


def setup_of(folder: RunFolder, workers: int | None = 2, hang_s: float | None = None) -> Setup:
    return Setup(workers, folder.logs, lambda _: None, hang_s, trial=TRIAL)


@dataclass
class Engine:
    """An engine at work in a run folder of its own."""

    name: str
    folder: RunFolder
    executor: Executor
    epochs: list[EpochEvent] = field(default_factory=list)

    def submit(self, of: Cell, on_epoch: Callable[[EpochEvent], None] | None = None) -> Future[Outcome]:
        return self.executor.submit(make_job(self.folder)(of), on_epoch or self.epochs.append)

    def run(self, of: Cell) -> Outcome:
        return self.submit(of).result(timeout=WAIT_S)


def folder_of(place: Path) -> RunFolder:
    folder = made_folder(place)
    write_data(folder)
    trials_found()
    return folder


@pytest.fixture(scope="module", params=engines.names())
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = folder_of(tmp_path_factory.mktemp(request.param))
    with engines.running(request.param, setup_of(folder)) as executor:
        yield Engine(request.param, folder, executor)


def test_the_engines_are_found() -> None:
    assert {"dask", "local"} <= set(engines.names())
    with pytest.raises(SweepError, match=r"^Engine 'mpi' is unknown\. Known: dask, local\.$"):
        engines.check("mpi")


def test_it_says_how_many_trials_run_at_a_time(engine: Engine) -> None:
    assert engine.executor.workers == 2


def test_an_outcome_comes_back_to_the_last_digit_and_byte(engine: Engine) -> None:
    expected = fake_outcome(cell("f1"))
    outcome = engine.run(cell("f1"))
    assert outcome == expected
    assert outcome.record.model_dump_json() == expected.record.model_dump_json()


def test_epochs_are_told_before_the_outcome(engine: Engine) -> None:
    engine.epochs.clear()
    engine.run(cell("f2"))
    assert engine.epochs == [EpochEvent(seed=101, epoch=1, devel_f1=0.25, best_f1=0.25)]


def test_every_trial_of_many_runs_once(engine: Engine) -> None:
    wanted = cells(20, target="valence")
    futures = [engine.submit(of) for of in wanted]
    assert [future.result(timeout=WAIT_S) for future in futures] == [fake_outcome(of) for of in wanted]
    assert [line for line in executions(engine.folder) if line.startswith("valence")] == sorted(map(str, wanted))


def test_what_a_trial_prints_goes_to_the_runs_log(engine: Engine) -> None:
    engine.run(cell("loud"))
    log = engine.folder.log(cell("loud")).read_text()
    assert all(text in log for text in ("printed by python", "printed by a child", "complaint"))


def test_a_training_that_failed_says_why_and_leaves_its_traceback(engine: Engine) -> None:
    with pytest.raises(TrialFailed, match=r"^loss is not finite in epoch 3, batch 5$"):
        engine.run(cell("fail"))
    assert "Traceback (most recent call last)" in engine.folder.log(cell("fail")).read_text()


def test_a_crashed_trial_names_the_runs_log(engine: Engine) -> None:
    with pytest.raises(TrialCrashed) as crash:
        engine.run(cell("crash"))
    log = engine.folder.log(cell("crash"))
    assert str(crash.value) == f"ValueError: shapes (3,) and (4,) do not match; log: {log}"
    assert 'raise ValueError("shapes' in log.read_text()


def test_a_users_mistake_found_by_a_worker_is_one_here(engine: Engine) -> None:
    with pytest.raises(SweepError, match=r"^the data has another digest$"):
        engine.run(cell("mistake"))


def test_a_record_that_is_not_a_record_ends_the_trial_only(engine: Engine) -> None:
    with pytest.raises(TrialCrashed, match="makes no sense"):
        engine.run(cell("nan"))
    assert engine.run(cell("f3")) == fake_outcome(cell("f3"))


@pytest.mark.parametrize(
    ("of", "how"), [("exit", "ended with exit code 7"), ("die", "was ended by SIGKILL")], ids=["exit", "kill"]
)
def test_a_worker_that_dies_costs_its_own_trial_only(engine: Engine, of: str, how: str) -> None:
    others = cells(4, "nap")
    futures = [engine.submit(each) for each in others]
    with pytest.raises(WorkerDied) as died:
        engine.run(cell(of))
    assert str(died.value) == f"the worker {how}, after seed 101, epoch 1; log: {engine.folder.log(cell(of))}"
    assert [future.result(timeout=WAIT_S) for future in futures] == [fake_outcome(each) for each in others]


def test_an_error_while_an_epoch_is_told_belongs_to_its_trial(engine: Engine) -> None:
    def refuse(_: EpochEvent) -> None:
        raise LookupError("no live view")

    with pytest.raises(LookupError, match="no live view"):
        engine.submit(cell("f4"), refuse).result(timeout=WAIT_S)
    assert engine.run(cell("f5")) == fake_outcome(cell("f5"))


def test_a_trial_that_hangs_is_ended_and_its_place_is_free_again(engine: Engine, tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    with engines.running(engine.name, setup_of(folder, workers=1, hang_s=1.5)) as executor:
        hung = Engine(engine.name, folder, executor)
        with pytest.raises(WorkerDied, match=r"ended no epoch for 1.5 s and was killed, after seed 101, epoch 1; log"):
            hung.run(cell("slow"))
        assert hung.run(cell("f1")) == fake_outcome(cell("f1"))


def test_shutting_down_waits_for_what_was_submitted_or_ends_it_in_mid_training(engine: Engine, tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    with engines.running(engine.name, setup_of(folder, workers=1)) as executor:
        waited = Engine(engine.name, folder, executor)
        futures = [waited.submit(of) for of in cells(3, "nap")]
    assert [future.result(timeout=0) for future in futures] == [fake_outcome(of) for of in cells(3, "nap")]
    with pytest.raises(RuntimeError, match="after shutdown"):
        waited.submit(cell("f1"))


def test_an_error_ends_trials_in_mid_training(engine: Engine, tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    futures: list[Future[Outcome]] = []

    def interrupted() -> None:
        with engines.running(engine.name, setup_of(folder, workers=1)) as executor:
            futures.extend(Engine(engine.name, folder, executor).submit(cell("slow", way)) for way in ("way1", "way2"))
            wait_until(lambda: len(executions(folder)) == 1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    running, queued = sorted(futures, key=lambda future: future.cancelled())
    assert isinstance(running.exception(timeout=0), WorkerDied)
    assert queued.cancelled() or isinstance(queued.exception(timeout=0), WorkerDied)
    assert len(executions(folder)) == 1


def test_less_than_one_worker_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SweepError, match=r"`workers` must be at least 1\. Found 0\."):
        setup_of(made_folder(tmp_path), workers=0)
