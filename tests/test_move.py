"""`sweep move`: a run's studies go from SQLite to PostgreSQL and back; nothing is lost, wherever it is killed."""

import multiprocessing
import os
import signal
from contextlib import closing
from pathlib import Path

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState, create_trial

from sweep import _study_rows, identity, storage_note
from sweep._database import Database
from sweep._postgres import Postgres
from sweep.ledger import Ledger, sqlite_url
from sweep.lock import coordinating
from sweep.notes import notes_study
from tests.conftest import Sweep
from tests.fake_run import CHOICES
from tests.fake_trial import cells
from tests.killed_move import killed_at
from tests.postgres_server import PASSWORD, Server
from tests.tiny_run import ROLES, TinyRun, copied, files, tiny_run

FORMATS = ("text", "csv", "md", "latex", "html")


def studies_in(url: str) -> int:
    with Postgres.of(url).reading() as ask:
        return int(ask("SELECT count(*) FROM studies")[0][0])


def summary(run: TinyRun) -> dict[str, dict[str, str]]:
    """Every row of a run's studies, wherever they are."""
    storage = storage_note.existing(run.folder)
    prefix = f"{storage.run}/" if storage.run else ""
    with closing(Database(storage.url, prefix, create=False, timeout_s=1)) as database:
        return _study_rows.summary(database._backend.engine, prefix)


@pytest.fixture
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a user keeps it whose run folder does not know it."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)


def test_a_run_goes_to_postgresql_and_back_and_every_command_finds_it(
    postgres: Server, finished: TinyRun, tmp_path: Path, sweep: Sweep, password: None
) -> None:
    run, url = copied(finished, tmp_path), postgres.database()
    tables = {name: sweep("tables", run.folder.path, "--format", name).out for name in FORMATS}
    status, before = sweep("status", run.folder.path, "--json").out, summary(run)
    said = sweep("move", run.folder.path, "--to", url)
    assert said.code == 0
    assert PASSWORD not in said.err
    assert f"are in {Postgres.of(url).shown}#run-" in said.err
    assert not run.folder.study_db.exists()
    assert not run.folder.moving_json.exists()
    assert all(PASSWORD.encode() not in content for content in files(run.folder.path).values())
    assert summary(run) == before
    assert {name: sweep("tables", run.folder.path, "--format", name).out for name in FORMATS} == tables
    assert sweep("status", run.folder.path, "--json").out == status
    done = sweep("resume", run.folder.path, "--data", run.tree, "--cache", run.cache)
    assert "nothing was left to train" in done.err
    assert sweep("move", run.folder.path, "--to", url).err.endswith("already.\n")
    assert sweep("move", run.folder.path, "--to", "sqlite").code == 0
    assert not run.folder.storage_json.exists()
    assert summary(run) == before
    assert studies_in(url) == 0


def odd_study(run: TinyRun) -> list[object]:
    """A study of what we do not store but Optuna can: values, dates and attributes of every kind, any state."""
    storage = optuna.storages.RDBStorage(sqlite_url(run.folder.study_db))
    study = optuna.create_study(storage=storage, study_name="by hand", directions=["maximize", "minimize"])
    study.set_user_attr("note", {"ü": [1, None, 1e300]})
    storage.set_study_system_attr(study._study_id, "system", [1, 2])
    for state in TrialState:
        study.add_trial(
            create_trial(
                state=state,
                values=[float("inf"), -0.0] if state == TrialState.COMPLETE else None,
                params={"x": 0.1 + 0.2, "way": None},
                distributions={"x": FloatDistribution(0, 1), "way": CategoricalDistribution(("a", None, 3))},
                user_attrs={"text": "ü" * 3000},
                system_attrs={"fixed": {"x": 1}},
                intermediate_values={1: 0.5, 2: float("nan"), 3: float("-inf")},
            )
        )
    storage.remove_session()
    storage.engine.dispose()
    return as_optuna_has_it(run)


def as_optuna_has_it(run: TinyRun) -> list[object]:
    storage = optuna.storages.RDBStorage(sqlite_url(run.folder.study_db))
    study = optuna.load_study(storage=storage, study_name="by hand")
    trials = study.get_trials()
    for trial in trials:
        trial._trial_id = 0  # is given by the database
    found = [study.user_attrs, storage.get_study_system_attrs(study._study_id), study.directions, repr(trials)]
    storage.remove_session()
    storage.engine.dispose()
    return found


@pytest.fixture
def small(finished: TinyRun, tmp_path: Path) -> TinyRun:
    """A run with two trials, and a study by hand."""
    run = tiny_run(tmp_path, finished.tree, finished.cache, ROLES)
    run.folder.create()
    identity.write(run.folder, finished.identity)
    with Ledger(sqlite_url(run.folder.study_db)) as ledger:
        ledger.open_study(notes_study(finished.identity.space, finished.identity.targets), CHOICES)
        ledger.open_study("arousal", CHOICES)
        ledger.enqueue("arousal", cells(2))
        ledger.ask("arousal", cells(1)[0])
    odd_study(run)
    return run


def test_what_optuna_can_store_comes_back_as_it_was(
    postgres: Server, small: TinyRun, sweep: Sweep, password: None
) -> None:
    before = as_optuna_has_it(small)
    assert "RUNNING" in str(before)
    for to in (postgres.database(), "sqlite"):
        said = sweep("move", small.folder.path, "--to", to)
        assert said.code == 0, said.err
    assert as_optuna_has_it(small) == before


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="kills a process by signal")
def test_a_move_that_is_killed_anywhere_leaves_a_whole_run_and_goes_on_when_it_is_given_again(
    postgres: Server, small: TinyRun, sweep: Sweep, password: None
) -> None:
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tests.killed_move"])
    assert sweep("move", small.folder.path, "--to", postgres.database()).code == 0  # which notes what the run is
    before = summary(small)
    steps = 0
    for to in ("sqlite", postgres.database()):
        for step in range(20):
            killed = processes.Process(target=killed_at, args=(step, str(small.folder.path), to))
            killed.start()
            killed.join(60)
            assert summary(small) == before
            if killed.exitcode == 0:
                break
            assert killed.exitcode == -signal.SIGKILL
            steps += 1
        assert storage_note.is_same(storage_note.existing(small.folder), storage_note.named(small.folder, to, "--to"))
        assert not small.folder.moving_json.exists()
        assert small.folder.study_db.exists() == (to == "sqlite")
    assert steps > 10
    assert studies_in(to) == len(before)  # of all that was begun there, one is left


def test_a_run_that_somebody_works_on_is_not_moved(
    postgres: Server, small: TinyRun, sweep: Sweep, password: None
) -> None:
    url, path = postgres.database(), small.folder.path
    with coordinating(small.folder):
        assert "in use by process" in sweep("move", path, "--to", url).err
    assert small.folder.study_db.exists()
    sweep("move", path, "--to", url)
    storage = storage_note.existing(small.folder)
    with Ledger(storage.url, storage.run):  # as from another machine, which has no part in the folder's lock
        said = sweep("move", path, "--to", "sqlite")
    assert said.code == 2
    assert "in use by process" in said.err
    assert not small.folder.study_db.exists()


def test_a_place_that_cannot_be_used_leaves_the_run_where_it_is(postgres: Server, small: TinyRun, sweep: Sweep) -> None:
    before = summary(small)
    for to, reason in ((postgres.url("none"), "does not exist"), ("here", "--to must be sqlite, or a URL")):
        said = sweep("move", small.folder.path, "--to", to)
        assert said.code == 2
        assert reason in said.err
    assert summary(small) == before
    assert "are in" in sweep("move", small.folder.path, "--to", "sqlite").err


def test_run_refuses_another_storage_and_names_the_move(finished: TinyRun, sweep: Sweep, tmp_path: Path) -> None:
    run = copied(finished, tmp_path)
    words = ("run", run.space, "--data", run.tree, "--run", run.folder.path, "--cache", run.cache)
    said = sweep(*words, "--storage", "postgresql+psycopg://me:secret@127.0.0.1:1/x")
    assert said.code == 2
    assert f"are in {run.folder.study_db}; --storage names another place. `sweep move" in said.err
    assert "secret" not in said.err
