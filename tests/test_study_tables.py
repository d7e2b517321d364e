"""Reading a study's file past Optuna: it says what Optuna says, as of one moment, and without loading Optuna."""

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import optuna
import pytest

from search_spaces.errors import SweepError
from sweep._database import Database
from sweep._sqlite import DatabaseFile, sqlite_path, sqlite_url
from sweep._stored import State, Stored
from sweep._study_tables import StudyTables
from sweep.folder import RunFolder
from sweep.ledger import Ledger
from sweep.study_reader import StudyReader
from tests.fake_run import CHOICES, made_folder
from tests.fake_trial import cell, cells, fake_outcome
from tests.tiny_run import TinyRun

DONE, FAILED, RUNNING, WAITING = cells(4)


def complete(ledger: Ledger, folder: RunFolder, *names: str) -> None:
    for of in map(cell, names):
        ticket, outcome = ledger.ask("arousal", of), fake_outcome(of)
        assert ticket is not None
        artifact = folder.write_artifact(of, outcome.predictions)
        ledger.complete(ticket, outcome.record, outcome.cost, artifact)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """A study with a trial in every state of ours, a note, and a joint run in another."""
    folder = made_folder(tmp_path)
    with Ledger(sqlite_url(folder.study_db)) as ledger:
        ledger.open_study("arousal", CHOICES)
        ledger.open_study("arousal/multitask", CHOICES)
        ledger.enqueue("arousal", [DONE, FAILED, RUNNING, WAITING])
        complete(ledger, folder, DONE.branches[0].features)
        failed = ledger.ask("arousal", FAILED)
        assert failed is not None
        ledger.fail(failed, "failed", "the loss is nan")
        ledger.ask("arousal", RUNNING)
        joint = DONE.model_copy(update={"branches": (*DONE.branches, *FAILED.branches)})
        ledger.enqueue("arousal/multitask", [joint])
        ledger.set_attribute("arousal", "note", {"x": [1, None, "ü"]})
    return folder


def told(source: StudyTables | Database) -> dict[str, list[Stored]]:
    """Every trial in full, which `refresh` shows too where it has changed."""
    shown: list[Stored] = []
    source.refresh(lambda _, trial: shown.append(trial))
    found = {study: list(source.in_full(study, range(1000))) for study in source.names()}
    assert all(trial in [each for trials in found.values() for each in trials] for trial in shown)
    return found


def test_the_file_says_what_optuna_says(folder: RunFolder) -> None:
    mine = StudyTables(DatabaseFile(folder.study_db, 1), "")
    theirs = Database(sqlite_url(folder.study_db), "", create=False, timeout_s=1)
    assert told(mine) == told(theirs)
    assert {trial.state for trial in mine.trials("arousal")} == {"COMPLETE", "FAIL", "RUNNING", "WAITING"}
    for study, key in (("arousal", "note"), ("arousal", "choices"), ("arousal", "none"), ("nowhere", "note")):
        assert mine.attribute(study, key) == theirs.attribute(study, key)
    assert [trial.number for trial in mine.trials("arousal", State.COMPLETE, State.RUNNING)] == [0, 2]
    assert mine.trials("nowhere") == []
    theirs.close()


def test_of_a_whole_run_too(finished: TinyRun) -> None:
    mine = StudyTables(DatabaseFile(finished.folder.study_db, 1), "")
    theirs = Database(sqlite_url(finished.folder.study_db), "", create=False, timeout_s=1)
    assert told(mine) == told(theirs)
    theirs.close()


def test_what_is_read_is_of_one_moment_until_it_is_refreshed(folder: RunFolder) -> None:
    with StudyReader(sqlite_url(folder.study_db)) as reader, Ledger(sqlite_url(folder.study_db)) as ledger:
        complete(ledger, folder, WAITING.branches[0].features)
        assert [record.cell for record in reader.records("arousal")] == [DONE]
        reader.refresh()
        assert [record.cell for record in reader.records("arousal")] == [DONE, WAITING]


def test_a_file_that_has_gone_is_told_and_not_made_anew(folder: RunFolder) -> None:
    with StudyReader(sqlite_url(folder.study_db)) as reader:
        folder.study_db.unlink()
        with pytest.raises(SweepError, match=r"study\.db cannot be used: unable to open"):
            reader.records("arousal")
        with pytest.raises(SweepError, match=r"study\.db cannot be used: unable to open"):
            reader.refresh()
    assert not folder.study_db.exists()


def test_a_run_folder_at_two_slashes_is_read(folder: RunFolder) -> None:
    with StudyReader(sqlite_url(Path(f"/{folder.study_db}"))) as reader:
        assert reader.studies() == ("arousal", "arousal/multitask")


def test_studies_that_have_gone_are_forgotten_and_the_last_is_told(folder: RunFolder) -> None:
    with StudyReader(sqlite_url(folder.study_db)) as reader:
        optuna.delete_study(study_name="arousal/multitask", storage=sqlite_url(folder.study_db))
        reader.refresh()
        assert reader.studies() == ("arousal",)
        optuna.delete_study(study_name="arousal", storage=sqlite_url(folder.study_db))
        with pytest.raises(SweepError, match=r"have gone from .*study\.db: they were moved or deleted"):
            reader.refresh()


def test_a_study_that_was_made_again_shows_nothing_of_the_old_one(folder: RunFolder) -> None:
    url = sqlite_url(folder.study_db)
    with StudyReader(url) as reader:
        assert [trial.cell for trial in reader.scored("arousal")] == [DONE]
        optuna.delete_study(study_name="arousal", storage=url)
        with Ledger(url) as ledger:  # SQLite gives out the same numbers again
            ledger.open_study("arousal", CHOICES)
            ledger.enqueue("arousal", [WAITING])
            complete(ledger, folder, WAITING.branches[0].features)
        reader.refresh()
        assert [trial.cell for trial in reader.scored("arousal")] == [WAITING]
        assert [record.cell for record in reader.records("arousal")] == [WAITING]


def test_a_reader_that_holds_the_file_is_waited_for(folder: RunFolder) -> None:
    said: list[str] = []
    with (
        Ledger(sqlite_url(folder.study_db), timeout_s=0.1) as ledger,
        closing(sqlite3.connect(folder.study_db, isolation_level=None, check_same_thread=False)) as reader,
    ):
        ledger.wait_for_storage(said.append, 30)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM trials").fetchall()
        release = threading.Timer(0.5, lambda: reader.execute("ROLLBACK"))
        release.start()
        complete(ledger, folder, WAITING.branches[0].features)
        release.join()
        assert len(ledger.records("arousal")) == 2
    assert [line.split(" ", 2)[2] for line in said][-1] == "answers again."
    assert "database is locked" in said[0]


def test_trials_are_read_some_at_a_time(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sweep._study_tables._AT_ONCE", 7)
    numbered = cells(39), cells(39, "nap"), cells(39, target="valence")
    with Ledger(sqlite_url(folder.study_db)) as ledger:
        ledger.open_study("valence", CHOICES)
        ledger.enqueue("arousal", [*numbered[0], *numbered[1]])
        ledger.enqueue("valence", numbered[2])
        mine = StudyTables(DatabaseFile(folder.study_db, 1), "")
        before = told(mine)
        assert len(before["arousal"]) + len(before["valence"]) > 100
        complete(ledger, folder, "nap3")
        assert told(mine) == told(Database(sqlite_url(folder.study_db), "", create=False, timeout_s=1))


def test_a_study_of_another_run_is_not_read(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "shared.db")
    for run in ("one", "two"):
        with Ledger(url, run) as ledger:
            ledger.open_study("arousal", CHOICES)
            ledger.enqueue("arousal", cells(2 if run == "one" else 3))
    with StudyReader(url, "one") as reader:
        assert reader.studies() == ("arousal",)
        assert len(reader.holes("arousal", cells(3))) == 3
        assert reader.attempts("arousal") == dict.fromkeys(map(str, cells(2)), 0)


def test_a_schema_that_is_not_known_is_left_to_optuna(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sweep._study_tables._SCHEMA", "v9")
    with StudyReader(sqlite_url(folder.study_db)) as reader:
        assert isinstance(reader._source, Database)
        assert [record.cell for record in reader.records("arousal")] == [DONE]


def test_a_running_trial_says_since_when(folder: RunFolder) -> None:
    with StudyReader(sqlite_url(folder.study_db)) as reader:
        (since,) = reader.running_since("arousal").values()
        assert timedelta() < datetime.now(UTC) - since < timedelta(minutes=1)
        assert reader.attempts("arousal") == {str(of): n for of, n in zip(cells(4), (1, 1, 1, 0), strict=True)}


def test_an_altered_trial_that_runs_is_told_when_it_is_refreshed(folder: RunFolder) -> None:
    with StudyReader(sqlite_url(folder.study_db)) as reader:
        with closing(sqlite3.connect(folder.study_db)) as database, database:
            database.execute("UPDATE trial_params SET param_value = 5 WHERE trial_id = 3 AND param_name = 'features'")
        with pytest.raises(SweepError, match="Trial 2 of study 'arousal' was altered: its cell is 'arousal f2/way1'"):
            reader.refresh()


def test_choices_that_were_altered_are_told(folder: RunFolder) -> None:
    with closing(sqlite3.connect(folder.study_db)) as database, database:
        change = (
            "UPDATE study_user_attributes SET value_json = replace(value_json, 'f1\"', 'f9\"') WHERE key = 'choices'"
        )
        assert database.execute(change).rowcount == 2
    with pytest.raises(SweepError, match="Trial 1 of study 'arousal' was altered"):
        StudyReader(sqlite_url(folder.study_db))


@pytest.mark.parametrize("name", ["plain.db", "a b.db", "ü.db", "x?y=1.db", "50%20.db", "{x}.db", "#.db"])
def test_a_url_leads_to_its_file_whatever_that_is_called(tmp_path: Path, name: str) -> None:
    assert sqlite_path(sqlite_url(tmp_path / name)) == tmp_path / name
    with Ledger(sqlite_url(tmp_path / name)) as ledger:
        ledger.open_study("arousal", CHOICES)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    with StudyReader(sqlite_url(tmp_path / name)) as reader:
        assert reader.studies() == ("arousal",)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "postgresql://host/x", "sqlite:///a.db?timeout=3"])
def test_other_urls_are_optunas(url: str) -> None:
    assert sqlite_path(url) is None


def test_commands_that_only_look_load_no_optuna() -> None:
    code = """
import sys
import sweep.commands.status, sweep.commands.tables
print(sorted({"optuna", "sqlalchemy", "alembic", "torch", "pandas", "scipy", "sklearn", "joblib"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
