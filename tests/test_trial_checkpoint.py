"""A trial that is stopped between any two epochs goes on from its checkpoint, to the bytes of one that never was."""

from pathlib import Path

import pytest

from results.records import Branch, Cell
from search_spaces.settings import Settings
from sweep import feature_store
from sweep.job import DataSource, EpochEvent, Job, Outcome
from sweep.trial import run_trial
from tests.trees import partition_of, write_tree

SMALL = Settings(
    seeds=2, epochs=4, hidden=8, heads=2, feed_forward=12, layers=1, baseline_layers=1, learning_rate=0.02, dropout=0.2,
    plateau_patience=0, batch_size=3,
)  # fmt: skip # dropout draws from the global stream; the plateau moves at once; several updates an epoch
ONE = Cell(target="arousal", branches=(Branch(features="vggish+bert~", way="way2"),))
SIXTH = Cell(target="arousal", branches=(Branch(features="fau", way="way6"),))
JOINT = Cell(target="valence", branches=(Branch(features="vggish", way="way5"), Branch(features="fau", way="way2")))


class Stopped(Exception):
    """Ends a trial from outside, as a kill does."""


@pytest.fixture
def data(tmp_path: Path) -> DataSource:
    root, cache = write_tree(tmp_path / "tree", partition=partition_of(4, 2, 1)), tmp_path / "cache"
    _, store = feature_store.build(root, "muse2021", cache)
    return DataSource(root=root, reader="muse2021", cache=cache, digest=store.digest)


class Trials:
    """Attempts at one job, and every epoch they trained."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.epochs: list[tuple[int, int]] = []

    def run(self, stop_after: int | None = None) -> Outcome:
        trained = 0

        def on_epoch(event: EpochEvent) -> None:
            nonlocal trained
            self.epochs.append((event.seed, event.epoch))
            trained += 1
            if trained == stop_after:
                raise Stopped

        return run_trial(self.job, on_epoch)


def bytes_of(outcome: Outcome) -> tuple[str, bytes]:
    return outcome.record.model_dump_json(), outcome.predictions


@pytest.mark.parametrize("cell", [ONE, SIXTH, JOINT], ids=str)
def test_a_trial_stopped_after_every_epoch_ends_with_the_same_bytes(data, tmp_path, cell):
    expected = bytes_of(run_trial(Job(cell=cell, settings=SMALL, data=data), lambda _: None))
    trials = Trials(Job(cell=cell, settings=SMALL, data=data, checkpoint=tmp_path / "state"))
    ended = None
    while ended is None:
        try:
            ended = trials.run(stop_after=1)
        except Stopped:
            assert len(trials.epochs) < 20
    assert bytes_of(ended) == expected
    assert sorted(trials.epochs) == sorted(set(trials.epochs))  # none was trained twice


def test_the_time_of_earlier_attempts_counts(data, tmp_path):
    trials = Trials(Job(cell=ONE, settings=SMALL, data=data, checkpoint=tmp_path / "state"))
    with pytest.raises(Stopped):
        trials.run(stop_after=6)
    outcome = trials.run()
    assert [cost.seed for cost in outcome.cost.seeds] == [101, 102]
    assert outcome.cost.wall_s > sum(cost.wall_s for cost in outcome.cost.seeds)


@pytest.mark.parametrize("changed", [{"learning_rate": 0.01}, {"seeds": 3}])
def test_a_checkpoint_of_other_settings_is_not_taken_up(data, tmp_path, changed):
    path = tmp_path / "state"
    with pytest.raises(Stopped):
        Trials(Job(cell=ONE, settings=SMALL, data=data, checkpoint=path)).run(stop_after=2)
    other = SMALL.model_copy(update=changed)
    expected = bytes_of(run_trial(Job(cell=ONE, settings=other, data=data), lambda _: None))
    trials = Trials(Job(cell=ONE, settings=other, data=data, checkpoint=path))
    assert bytes_of(trials.run()) == expected
    assert trials.epochs[0] == (101, 1)


def test_a_damaged_checkpoint_starts_the_trial_again(data, tmp_path, capsys):
    trials = Trials(Job(cell=ONE, settings=SMALL, data=data, checkpoint=tmp_path / "state"))
    with pytest.raises(Stopped):
        trials.run(stop_after=2)
    (tmp_path / "state").write_bytes((tmp_path / "state").read_bytes()[:500])
    expected = bytes_of(run_trial(Job(cell=ONE, settings=SMALL, data=data), lambda _: None))
    assert bytes_of(trials.run()) == expected
    assert "damaged" in capsys.readouterr().out
    assert trials.epochs[2] == (101, 1)


def test_a_trial_without_a_place_for_it_keeps_nothing(data, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    run_trial(Job(cell=ONE, settings=SMALL, data=data), lambda _: None)
    assert [path for path in sorted(tmp_path.rglob("*")) if path not in before and "cache" not in path.parts] == []


def test_a_checkpoint_of_other_code_is_not_gone_on_from(data, tmp_path, monkeypatch):
    trials = Trials(Job(cell=ONE, settings=SMALL, data=data, checkpoint=tmp_path / "checkpoint"))
    with pytest.raises(Stopped):
        trials.run(stop_after=3)
    monkeypatch.setattr("sweep.trial_checkpoint._code", lambda: "other")
    trials.epochs.clear()
    with pytest.raises(Stopped):
        trials.run(stop_after=1)
    assert trials.epochs == [(101, 1)]
