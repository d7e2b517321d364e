"""The study: queue, claim, record, holes, recovery, adoption, and storages that cannot be used."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import optuna
import pytest

from results.records import Branch, Cell, Hole
from results.select import top_two
from results.summary import collapse, summarize
from search_spaces.errors import SweepError
from sweep.folder import RunFolder
from sweep.ledger import Choices, Ledger, Ticket, sqlite_url
from sweep.study_reader import StudyReader
from tests.fake_run import CHOICES, figures, made_folder
from tests.fake_trial import cell, cells, fake_outcome

STUDY = "arousal"


@pytest.fixture(scope="module")
def empty_study(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A database with one empty study; making one takes half a second, copying it none."""
    path = tmp_path_factory.mktemp("ledger") / "study.db"
    with Ledger(sqlite_url(path)) as made:
        made.open_study(STUDY, CHOICES)
    return path.read_bytes()


@pytest.fixture
def folder(tmp_path: Path, empty_study: bytes) -> RunFolder:
    made = made_folder(tmp_path)
    made.study_db.write_bytes(empty_study)
    return made


@pytest.fixture
def ledger(folder: RunFolder) -> Iterator[Ledger]:
    with Ledger(sqlite_url(folder.study_db)) as opened:
        yield opened


def _ask(ledger: Ledger, of: Cell, study: str = STUDY) -> Ticket:
    ticket = ledger.ask(study, of)
    assert ticket is not None
    return ticket


def _complete(ledger: Ledger, folder: RunFolder, of: Cell, study: str = STUDY) -> None:
    outcome = fake_outcome(of)
    artifact = folder.write_artifact(of, outcome.predictions)
    ledger.complete(_ask(ledger, of, study), outcome.record, outcome.cost, artifact)


def _optuna(folder: RunFolder, study: str = STUDY) -> optuna.Study:
    return optuna.load_study(study_name=study, storage=sqlite_url(folder.study_db))


def _hole(ledger: Ledger, of: Cell) -> Hole:
    (found,) = ledger.holes(STUDY, [of])
    return found


def test_only_missing_cells_are_queued(ledger: Ledger, folder: RunFolder) -> None:
    first, second, third, fourth = cells(4)
    assert ledger.enqueue(STUDY, [first, second, third]) == (first, second, third)
    _complete(ledger, folder, first)
    _ask(ledger, second)
    assert ledger.enqueue(STUDY, [first, second, third, fourth, fourth]) == (fourth,)
    assert [trial.state.name for trial in _optuna(folder).trials] == ["COMPLETE", "RUNNING", "WAITING", "WAITING"]


def test_a_cell_is_handed_out_once_and_an_unknown_one_never(ledger: Ledger, folder: RunFolder) -> None:
    ledger.enqueue(STUDY, cells(1))
    assert ledger.ask(STUDY, cells(1)[0]) is not None
    assert ledger.ask(STUDY, cells(1)[0]) is None
    assert ledger.ask(STUDY, cells(2)[1]) is None
    assert len(_optuna(folder).trials) == 1  # none was invented


def test_optuna_sees_features_and_way_as_categorical_parameters(ledger: Ledger, folder: RunFolder) -> None:
    ledger.enqueue(STUDY, [cell("f3", "way2")])
    _complete(ledger, folder, cell("f3", "way2"))
    best = _optuna(folder).best_trial
    outcome = fake_outcome(cell("f3", "way2"))
    assert best.params == {"features": "f3", "way": "way2"}
    assert best.distributions["way"] == optuna.distributions.CategoricalDistribution(("way1", "way2", "way3"))
    one, two = (seed.devel.macro_f1 for seed in outcome.record.seeds)
    assert best.value == pytest.approx((one + two) / 2)
    assert best.user_attrs["macro_f1_std"] == pytest.approx(abs(one - two) / 2**0.5)  # n - 1 = 1 below the root
    assert best.user_attrs["n_seeds"] == 2


def test_a_cell_with_two_branches_has_four_parameters(ledger: Ledger, folder: RunFolder) -> None:
    branches = (Branch(features="f1", way="way2"), Branch(features="f4", way="way3"))
    joint = Cell(target="arousal", branches=branches)
    ledger.open_study("arousal/multitask", CHOICES)
    ledger.enqueue("arousal/multitask", [joint])
    _complete(ledger, folder, joint, "arousal/multitask")
    assert _optuna(folder, "arousal/multitask").best_params == {
        "features": "f1",
        "way": "way2",
        "related_features": "f4",
        "related_way": "way3",
    }
    assert ledger.studies() == ("arousal", "arousal/multitask")


def test_records_costs_and_artifacts_come_back_as_they_were_stored(ledger: Ledger, folder: RunFolder) -> None:
    ledger.enqueue(STUDY, cells(2))
    for of in cells(2):
        _complete(ledger, folder, of)
    with StudyReader(sqlite_url(folder.study_db)) as reader:
        assert reader.records(STUDY) == tuple(fake_outcome(of).record for of in cells(2))
        assert reader.costs(STUDY) == {str(of): fake_outcome(of).cost for of in cells(2)}
        stored = {of: folder.read_artifact(artifact) for of, artifact in reader.artifacts(STUDY).items()}
    assert stored == {str(of): fake_outcome(of).predictions for of in cells(2)}


def test_scores_read_alone_select_as_the_records_do(ledger: Ledger, folder: RunFolder) -> None:
    ledger.enqueue(STUDY, cells(6))
    for of in cells(6):
        _complete(ledger, folder, of)
    scored, records = ledger.scored(STUDY), ledger.records(STUDY)
    assert list(map(summarize, scored)) == list(map(summarize, records))
    assert list(map(collapse, scored)) == list(map(collapse, records))
    assert [each.cell for each in top_two(scored, STUDY)] == [record.cell for record in top_two(records, STUDY)]


def test_a_long_record_is_stored_whole(ledger: Ledger, folder: RunFolder) -> None:
    outcome = fake_outcome(cells(1)[0])
    settings = {"padding": "ü" * 200_000}
    record = outcome.record.model_copy(update={"settings": settings})
    ledger.enqueue(STUDY, cells(1))
    artifact = folder.write_artifact(cells(1)[0], b"")
    ledger.complete(_ask(ledger, cells(1)[0]), record, outcome.cost, artifact)
    assert ledger.records(STUDY) == (record,)


def test_a_dead_worker_costs_one_attempt_and_the_last_leaves_a_hole(ledger: Ledger) -> None:
    (of,) = cells(1)
    ledger.enqueue(STUDY, [of])
    for attempt in (1, 2, 3):
        ticket = _ask(ledger, of)
        assert ticket.attempt == attempt
        ledger.fail(ticket, "died", f"SIGKILL {attempt}")
        assert bool(ledger.enqueue(STUDY, [of])) == (attempt < 3)
    assert _hole(ledger, of) == Hole(cell=of, state="failed", reason="SIGKILL 3", attempts=3)


def test_a_failed_cell_is_a_hole_until_it_is_retried(ledger: Ledger, folder: RunFolder) -> None:
    (of,) = cells(1)
    ledger.enqueue(STUDY, [of])
    ledger.fail(_ask(ledger, of), "failed", "loss is not finite")
    assert ledger.enqueue(STUDY, [of]) == ()
    assert _hole(ledger, of) == Hole(cell=of, state="failed", reason="loss is not finite", attempts=1)
    assert ledger.enqueue(STUDY, [of], retry_failed=True) == (of,)
    assert _hole(ledger, of).state == "pending"
    _complete(ledger, folder, of)
    assert ledger.holes(STUDY, [of]) == ()


def test_retrying_gives_back_all_attempts(ledger: Ledger) -> None:
    (of,) = cells(1)
    ledger.enqueue(STUDY, [of])
    for _ in range(3):
        ledger.fail(_ask(ledger, of), "died", "SIGKILL")
        ledger.enqueue(STUDY, [of])
    ledger.enqueue(STUDY, [of], retry_failed=True)
    assert _ask(ledger, of).attempt == 1


def test_retrying_leaves_finished_cells_alone(ledger: Ledger, folder: RunFolder) -> None:
    ledger.enqueue(STUDY, cells(1))
    _complete(ledger, folder, cells(1)[0])
    assert ledger.enqueue(STUDY, cells(1), retry_failed=True) == ()


def test_holes_tell_pending_from_running(ledger: Ledger) -> None:
    first, second, third = cells(3)
    ledger.enqueue(STUDY, [first, second])
    _ask(ledger, first)
    states = [(hole.state, hole.attempts) for hole in ledger.holes(STUDY, [first, second, third])]
    assert states == [("running", 1), ("pending", 0), ("pending", 0)]


def test_a_running_trial_without_a_record_is_recovered_as_interrupted(ledger: Ledger, folder: RunFolder) -> None:
    (of,) = cells(1)
    ledger.enqueue(STUDY, [of])
    _ask(ledger, of)
    ledger.recover(STUDY, folder)
    assert [trial.state.name for trial in _optuna(folder).trials] == ["FAIL"]
    assert _optuna(folder).trials[0].user_attrs["reason"] == "interrupted"
    assert _hole(ledger, of).state == "pending"
    assert ledger.enqueue(STUDY, [of]) == (of,)
    assert _ask(ledger, of).attempt == 1  # the cell is not at fault: no number of kills makes it a hole
    assert ledger.interruptions(STUDY) == {str(of): 1}


def _stopped_before_tell(ledger: Ledger, folder: RunFolder, missing: str = "nothing") -> Cell:
    """Everything of a trial is stored, but its coordinator died before it told the trial COMPLETE."""
    (of,) = cells(1)
    ledger.enqueue(STUDY, [of])
    _complete(ledger, folder, of)
    with sqlite3.connect(folder.study_db) as database:
        database.executescript("UPDATE trials SET state = 'RUNNING'; DELETE FROM trial_values")
        database.execute("DELETE FROM trial_user_attributes WHERE key = ?", (missing,))
    database.close()
    return of


def test_a_running_trial_with_a_whole_record_is_recovered_as_complete(ledger: Ledger, folder: RunFolder) -> None:
    of = _stopped_before_tell(ledger, folder)
    with Ledger(sqlite_url(folder.study_db)) as resumed:
        assert resumed.records(STUDY) == ()
        resumed.recover(STUDY, folder)
        record = fake_outcome(of).record
        assert figures(resumed.records(STUDY)) == figures((record,))
    one, two = (seed.devel.macro_f1 for seed in record.seeds)
    assert _optuna(folder).best_value == pytest.approx((one + two) / 2)


@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_a_whole_record_without_its_artifact_is_recovered_as_interrupted(
    ledger: Ledger, folder: RunFolder, damage: str
) -> None:
    of = _stopped_before_tell(ledger, folder)
    folder.artifact(of).unlink()
    if damage == "changed":
        folder.artifact(of).write_bytes(b"half")
    with Ledger(sqlite_url(folder.study_db)) as resumed:
        resumed.recover(STUDY, folder)
        assert resumed.records(STUDY) == ()
        assert resumed.enqueue(STUDY, [of]) == (of,)


def test_a_running_trial_whose_record_was_not_written_yet_is_interrupted(ledger: Ledger, folder: RunFolder) -> None:
    of = _stopped_before_tell(ledger, folder, missing="record")
    with Ledger(sqlite_url(folder.study_db)) as resumed:
        resumed.recover(STUDY, folder)
        assert _hole(resumed, of).state == "pending"


def test_what_a_trial_had_kept_before_is_replaced(ledger: Ledger, folder: RunFolder) -> None:
    (of,) = cells(1)
    ledger.enqueue(STUDY, [of])
    ticket = _ask(ledger, of)
    with closing(sqlite3.connect(folder.study_db)) as database, database:
        database.execute(
            "INSERT INTO trial_user_attributes (trial_id, key, value_json) SELECT trial_id, 'reason', '1' FROM trials"
        )
    ledger.fail(ticket, "failed", "no memory")
    assert _hole(ledger, of).reason == "no memory"


def test_nothing_is_kept_of_a_trial_that_somebody_else_has_ended(ledger: Ledger, folder: RunFolder) -> None:
    (of,) = cells(1)
    ledger.enqueue(STUDY, [of])
    ticket = _ask(ledger, of)
    with closing(sqlite3.connect(folder.study_db)) as database, database:
        database.execute("UPDATE trials SET state = 'FAIL'")
    with pytest.raises(SweepError, match="somebody else has ended"):
        ledger.fail(ticket, "failed", "no memory")
    assert "reason" not in _optuna(folder).trials[0].user_attrs


def test_recovery_leaves_waiting_and_finished_trials_alone(ledger: Ledger, folder: RunFolder) -> None:
    ledger.enqueue(STUDY, cells(2))
    _complete(ledger, folder, cells(1)[0])
    ledger.recover(STUDY, folder)
    assert [trial.state.name for trial in _optuna(folder).trials] == ["COMPLETE", "WAITING"]


def test_a_finished_cell_of_another_study_is_adopted_once_and_not_trained(ledger: Ledger, folder: RunFolder) -> None:
    first, second = cells(2)
    ledger.open_study("arousal/baseline", CHOICES)
    ledger.enqueue("arousal/baseline", [first, second])
    _complete(ledger, folder, first, "arousal/baseline")
    assert ledger.adopt(STUDY, "arousal/baseline", [first, second]) == (first,)
    assert ledger.adopt(STUDY, "arousal/baseline", [first, second]) == ()
    assert ledger.enqueue(STUDY, [first, second]) == (second,)
    assert figures(ledger.records(STUDY)) == figures((fake_outcome(first).record,))
    assert folder.holds(ledger.artifacts(STUDY)[str(first)])
    adopted, original = _optuna(folder).trials[0], _optuna(folder, "arousal/baseline").trials[0]
    assert (adopted.value, adopted.params) == (original.value, original.params)


def test_attributes_of_a_study_survive_reopening(ledger: Ledger, folder: RunFolder) -> None:
    ledger.set_attribute(STUDY, "resolution", {"best(audio)": ["vggish", 0.25]})
    ledger.set_attribute(STUDY, "resolution", {"best(audio)": ["egemaps", 0.5]})
    with StudyReader(sqlite_url(folder.study_db)) as reader:
        assert reader.attribute(STUDY, "resolution") == {"best(audio)": ["egemaps", 0.5]}
        assert reader.attribute(STUDY, "unknown") is None
        assert reader.attribute("no study", "resolution") is None


def test_a_study_that_does_not_exist_reads_as_empty_and_cannot_be_written(ledger: Ledger) -> None:
    assert ledger.records("valence") == ()
    assert [hole.state for hole in ledger.holes("valence", cells(2))] == ["pending", "pending"]
    with pytest.raises(SweepError, match=r"Study 'valence' does not exist in .*Known: arousal\."):
        ledger.enqueue("valence", cells(1))


def test_a_study_cannot_be_reopened_with_other_choices(ledger: Ledger) -> None:
    ledger.open_study(STUDY, CHOICES)
    with pytest.raises(SweepError, match=r"was made for other choices: expected .*'way9'.*, found .*'way1'"):
        ledger.open_study(STUDY, Choices(CHOICES.features, ("way9",)))


def test_runs_that_share_a_storage_do_not_see_each_other(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "shared.db")
    with Ledger(url, "one") as one, Ledger(url, "two") as two:
        one.open_study(STUDY, CHOICES)
        two.open_study(STUDY, CHOICES)
        one.enqueue(STUDY, cells(3))
        assert two.ask(STUDY, cells(1)[0]) is None
        assert (one.studies(), two.studies()) == ((STUDY,), (STUDY,))
    assert sorted(optuna.get_all_study_names(url)) == ["one/arousal", "two/arousal"]


def test_a_trial_that_somebody_added_by_hand_is_left_out(ledger: Ledger, folder: RunFolder) -> None:
    _optuna(folder).enqueue_trial({"features": "f1", "way": "way1"})
    assert ledger.enqueue(STUDY, cells(1)) == cells(1)
    ledger.recover(STUDY, folder)
    assert ledger.records(STUDY) == ()


def test_a_record_of_a_newer_format_is_refused_naming_both(ledger: Ledger, folder: RunFolder) -> None:
    ledger.enqueue(STUDY, cells(1))
    _complete(ledger, folder, cells(1)[0])
    with sqlite3.connect(folder.study_db) as database:
        change = "UPDATE trial_user_attributes SET value_json = replace(value_json, ?, ?) WHERE key = 'record'"
        database.execute(change, (r"\"format\":1", r"\"format\":2"))
    database.close()
    with pytest.raises(SweepError, match="expected format 1, found format 2"):
        StudyReader(sqlite_url(folder.study_db))


def test_a_missing_database_is_not_made_by_reading(tmp_path: Path) -> None:
    with pytest.raises(SweepError, match=r"study\.db does not exist"):
        StudyReader(sqlite_url(tmp_path / "study.db"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("content", "found"), [(b"", "an empty file"), (b"no database " * 99, "another kind of file")])
def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path, content: bytes, found: str) -> None:
    path = tmp_path / "study.db"
    path.write_bytes(content)
    with pytest.raises(SweepError, match=rf"study\.db must be a study database of Optuna\. Found {found}"):
        Ledger(sqlite_url(path))
    assert path.read_bytes() == content


def test_another_programs_database_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE studies (name TEXT)")
    database.close()
    before = path.read_bytes()
    with pytest.raises(SweepError, match="another program's database"):
        Ledger(sqlite_url(path))
    assert path.read_bytes() == before


def test_a_damaged_database_is_named(folder: RunFolder, ledger: Ledger) -> None:
    content = folder.study_db.read_bytes()
    folder.study_db.write_bytes(content[:4096] + b"\xff" * 8192 + content[12288:])
    with pytest.raises(SweepError, match=r"study\.db"), StudyReader(sqlite_url(folder.study_db)) as reader:
        reader.records(STUDY)


def test_a_locked_database_is_named(folder: RunFolder, ledger: Ledger) -> None:
    blocker = sqlite3.connect(folder.study_db, isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(SweepError, match=r"study\.db cannot be used: database is locked"):
            Ledger(sqlite_url(folder.study_db), timeout_s=0.1)
    finally:
        blocker.close()


def test_a_storage_url_never_shows_its_password() -> None:
    with pytest.raises(SweepError, match=r"postgresql.*cannot be used") as caught:
        Ledger("postgresql+psycopg://me:secret@127.0.0.1:1/db")
    assert "secret" not in str(caught.value)
    with pytest.raises(SweepError, match="must be sqlite, or a URL") as caught:
        Ledger("me:secret")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["with space", "bräces{0}", "100%", "a#b", "a?b=c"])
def test_a_run_folder_may_have_an_odd_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with Ledger(sqlite_url(tmp_path / name / "study.db")) as ledger:
        ledger.open_study(STUDY, CHOICES)
    assert [path.name for path in (tmp_path / name).iterdir()] == ["study.db"]


def test_optuna_prints_nothing(ledger: Ledger, folder: RunFolder, capfd: pytest.CaptureFixture[str]) -> None:
    ledger.open_study("valence", CHOICES)
    ledger.enqueue(STUDY, cells(1))
    _complete(ledger, folder, cells(1)[0])
    assert capfd.readouterr() == ("", "")
