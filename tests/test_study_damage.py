"""A study that was altered or cut short: noticed whatever was hit, told with the trial's number, never printed."""

import json
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from search_spaces.errors import SweepError
from sweep._seals import sealed, unsealed
from sweep.ledger import Ledger, sqlite_url
from sweep.study_reader import StudyReader
from tests.fake_run import CHOICES, made_folder
from tests.fake_trial import cells, fake_outcome

ATTRIBUTES = "UPDATE trial_user_attributes SET value_json = replace(value_json, ?, ?) WHERE key = ?"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A database with two finished trials and one that waits, and a note."""
    folder = made_folder(tmp_path_factory.mktemp("study"))
    with Ledger(sqlite_url(folder.study_db)) as ledger:
        ledger.open_study("arousal", CHOICES)
        ledger.enqueue("arousal", cells(3))
        for of in cells(2):
            ticket, outcome = ledger.ask("arousal", of), fake_outcome(of)
            assert ticket is not None
            ledger.complete(ticket, outcome.record, outcome.cost, folder.write_artifact(of, outcome.predictions))
        ledger.set_attribute("arousal", "tests:arousal", [{"macro_f1": 0.25}])
    return folder.study_db.read_bytes()


@pytest.fixture
def path(tmp_path: Path, study: bytes) -> Path:
    (tmp_path / "study.db").write_bytes(study)
    return tmp_path / "study.db"


def _change(path: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        assert database.execute(statement, values).rowcount > 0


def _refusal(path: Path) -> str:
    """What both who reads and who writes is told."""
    said = []
    for kind in (StudyReader, Ledger):
        with pytest.raises(SweepError) as refused:
            kind(sqlite_url(path))
        said.append(str(refused.value))
    assert said[0] == said[1]
    return said[0]


def test_an_unaltered_study_is_read(path: Path) -> None:
    with StudyReader(sqlite_url(path)) as reader:
        assert reader.records("arousal") == tuple(fake_outcome(of).record for of in cells(2))
        assert reader.attribute("arousal", "tests:arousal") == [{"macro_f1": 0.25}]


@pytest.mark.parametrize(
    ("key", "old", "new"),
    [
        ("record", r"\"best_epoch\":", r"\"best_epoch\":1"),
        ("record", r"\"device\":\"cpu\"", r"\"device\":\"cuda\""),
        ("cost", r"\"wall_s\":0.2", r"\"wall_s\":0.9"),
        ("artifact", "artifacts/arousal-f0", "artifacts/arousal-f1"),
        ("artifact", "artifacts/", "../../"),
        ("sha256", "a", "b"),
    ],
)
def test_an_altered_result_is_told_with_its_trial(path: Path, key: str, old: str, new: str) -> None:
    _change(path, f"{ATTRIBUTES} AND trial_id = 1", old, new, key)
    said = _refusal(path)
    assert said.startswith("Trial 0 of study 'arousal' was altered: its record, cost or artifact has SHA-256 ")
    assert said.endswith("Put a copy of the study back, or make another run.")


@pytest.mark.parametrize("trial", [1, 2, 3])
@pytest.mark.parametrize("text", ['"arousal f9/way1"', '"valence f0/way1"', "7"])
def test_an_altered_cell_is_told_whatever_its_state(path: Path, trial: int, text: str) -> None:
    _change(path, "UPDATE trial_user_attributes SET value_json = ? WHERE key = 'cell' AND trial_id = ?", text, trial)
    expected = f"Trial {trial - 1} of study 'arousal' was altered: its cell is {json.loads(text)!r}, its study and"
    assert _refusal(path).startswith(expected)


def test_a_trial_that_lost_its_cell_is_told_and_not_trained_again(path: Path) -> None:
    _change(path, "DELETE FROM trial_user_attributes WHERE key = 'cell' AND trial_id = 2")
    assert "Trial 1 of study 'arousal' was altered: its cell is None" in _refusal(path)


def test_altered_parameters_are_told(path: Path) -> None:
    _change(path, "UPDATE trial_params SET param_value = 3 WHERE trial_id = 1 AND param_name = 'features'")
    assert "its cell is 'arousal f0/way1', its study and parameters say 'arousal f3/way1'" in _refusal(path)


def test_another_trials_whole_result_is_told(path: Path) -> None:
    for key in ("record", "cost", "artifact", "sha256"):
        of = "(SELECT value_json FROM trial_user_attributes WHERE trial_id = 2 AND key = ?)"
        _change(path, f"UPDATE trial_user_attributes SET value_json = {of} WHERE trial_id = 1 AND key = ?", key, key)  # noqa: S608 # ours
    assert "Trial 0 of study 'arousal' was altered: its cell is 'arousal f0/way1', its record is of" in _refusal(path)


def test_a_renamed_study_is_told(path: Path) -> None:
    _change(path, "UPDATE studies SET study_name = 'arousam'")
    assert "Trial 0 of study 'arousam' was altered: its cell is 'arousal f0/way1'" in _refusal(path)


def test_a_state_that_is_none_is_told(path: Path) -> None:
    _change(path, "UPDATE trials SET state = 'COMPLFTE' WHERE trial_id = 1")
    assert "Study 'arousal' in sqlite:///" in _refusal(path)


def test_an_altered_note_is_told(path: Path) -> None:
    statement = "UPDATE study_user_attributes SET value_json = replace(value_json, '0.25', '0.75') WHERE key = ?"
    _change(path, statement, "tests:arousal")
    with (
        StudyReader(sqlite_url(path)) as reader,
        pytest.raises(SweepError, match="The note 'tests:arousal' of study 'arousal' was altered"),
    ):
        reader.attribute("arousal", "tests:arousal")


def test_a_study_of_an_early_version_without_digests_is_read(path: Path) -> None:
    _change(path, "DELETE FROM trial_user_attributes WHERE key = 'sha256'")
    _change(path, "UPDATE study_user_attributes SET value_json = '[0.5]' WHERE key = 'tests:arousal'")
    with StudyReader(sqlite_url(path)) as reader:
        assert reader.records("arousal") == tuple(fake_outcome(of).record for of in cells(2))
        assert reader.attribute("arousal", "tests:arousal") == [0.5]


@pytest.mark.parametrize("value", [None, 3, "x", [0.1, None], {"a": {"b": [1e-300]}}, {"value": 1}])
def test_a_note_comes_back_as_it_was_sealed(value: object) -> None:
    assert unsealed(json.loads(json.dumps(sealed(value))), "x") == value  # type: ignore[arg-type] # plain JSON


def _everything(path: Path) -> object:
    """All that status, tables and resume take from a study."""
    with StudyReader(sqlite_url(path)) as reader:
        names = reader.studies()
        found = [(reader.records(n), reader.costs(n), reader.artifacts(n), reader.interruptions(n)) for n in names]
        states = [[(hole.cell, hole.state) for hole in reader.holes(n, cells(4))] for n in names]
        return names, found, states, [reader.attribute(n, "tests:arousal") for n in names]


def _read_or_refused(path: Path) -> object:
    try:
        return _everything(path)
    except SweepError:
        return None


def test_a_study_cut_anywhere_is_refused_or_read_right(path: Path, study: bytes) -> None:
    whole = _everything(path)
    draw = random.Random(0)  # noqa: S311 # which places
    places = {0, 1, 16, 99, 100, 4095, 4096, len(study) - 1, *(draw.randrange(len(study)) for _ in range(40))}
    places |= {page * 4096 for page in range(1, len(study) // 4096)}
    seen = []
    for place in sorted(places):
        path.write_bytes(study[:place])
        seen.append(_read_or_refused(path))
    assert len(seen) > 60
    assert all(found is None for found in seen), "a cut study was read"
    assert whole is not None


def test_a_study_with_altered_bytes_is_refused_or_read_right(path: Path, study: bytes) -> None:
    whole, draw = _everything(path), random.Random(1)  # noqa: S311 # which bytes
    seen = []
    for _ in range(60):
        place = draw.randrange(len(study))
        path.write_bytes(study[:place] + bytes([study[place] ^ (1 << draw.randrange(8))]) + study[place + 1 :])
        seen.append(_read_or_refused(path))
    assert None in seen
    assert all(found in (None, whole) for found in seen)
