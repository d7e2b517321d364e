import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from results import predictions
from results.metrics import scores
from results.records import Branch, Cell, TrialRecord
from search_spaces.settings import Settings
from sweep import feature_store, intact
from sweep.batches import whole_segments
from sweep.fusion import Fusion
from sweep.job import DataSource, EpochEvent, Job, Outcome, TrialFailed
from sweep.trial import derived_seed, run_trial
from tests.trees import class_of, edit, label_file, partition_of, write_tree

SMALL = Settings(
    seeds=2, epochs=3, hidden=8, heads=2, feed_forward=12, layers=1, baseline_layers=1, learning_rate=0.02, dropout=0.2
)
ONE = Cell(target="arousal", branches=(Branch(features="vggish+bert~", way="way2"),))
OTHER = Cell(target="arousal", branches=(Branch(features="fau", way="way1"),))
JOINT = Cell(target="valence", branches=(Branch(features="vggish", way="way5"), Branch(features="fau", way="way2")))


def source(root: Path, cache: Path) -> DataSource:
    _, store = feature_store.build(root, "muse2021", cache)
    return DataSource(root=root, reader="muse2021", cache=cache, digest=store.digest)


@pytest.fixture
def data(tmp_path: Path) -> DataSource:
    return source(write_tree(tmp_path / "tree", partition=partition_of(4, 2, 1)), tmp_path / "cache")


def run(cell: Cell, data: DataSource, settings: Settings = SMALL) -> Outcome:
    return run_trial(Job(cell=cell, settings=settings, data=data), ignore)


def ignore(event: EpochEvent) -> None:
    pass


def bytes_of(outcome: Outcome) -> tuple[str, bytes]:
    return outcome.record.model_dump_json(), outcome.predictions


@pytest.mark.parametrize("cell", [ONE, JOINT], ids=str)
def test_the_same_job_gives_the_same_bytes_whatever_ran_before(data, cell):
    first = bytes_of(run(cell, data))
    run(OTHER, data)
    torch.manual_seed(12345)
    torch.rand(7)
    assert bytes_of(run(cell, data)) == first


def test_a_trial_leaves_the_callers_random_stream_alone(data):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    run(ONE, data)
    assert torch.equal(torch.rand(3), expected)


def test_another_process_gives_the_same_bytes(data):
    job = Job(cell=ONE, settings=SMALL, data=data)
    code = (
        "import sys, torch; torch.set_num_threads(1); torch.manual_seed(99)\n"
        "from sweep.job import Job; from sweep.trial import run_trial\n"
        "outcome = run_trial(Job.model_validate_json(sys.stdin.read()), lambda event: None)\n"
        "sys.stdout.write(outcome.record.model_dump_json() + outcome.predictions.hex())\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, input=job.model_dump_json(), capture_output=True, text=True, check=True)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    record, predicted = bytes_of(run(ONE, data))
    torch.set_num_threads(threads)
    assert done.stdout == record + predicted.hex()


def test_a_seed_does_not_depend_on_the_other_seeds_of_its_trial(data):
    both = run(ONE, data)
    second = run(ONE, data, SMALL.model_copy(update={"seeds": 1, "first_seed": 102}))
    assert second.record.seeds[0] == both.record.seeds[1]
    assert np.array_equal(predictions.unpack(second.predictions).test[0], predictions.unpack(both.predictions).test[1])


def test_seeds_differ(data):
    outcome = run(ONE, data)
    assert [seed.seed for seed in outcome.record.seeds] == [101, 102]
    assert outcome.record.seeds[0].train_loss != outcome.record.seeds[1].train_loss
    devel = predictions.unpack(outcome.predictions).devel
    assert not np.allclose(devel[0], devel[1])


def test_derived_seeds_differ_by_cell_seed_and_purpose_and_fit_a_generator():
    drawn = {
        derived_seed(cell, seed, purpose)
        for cell in (ONE, OTHER, JOINT, Cell(target="valence", branches=ONE.branches))
        for seed in (101, 102, 103)
        for purpose in ("weights", "shuffle")
    }
    assert len(drawn) == 4 * 3 * 2
    assert all(0 <= number < 2**63 for number in drawn)


def test_a_record_survives_json(data):
    record = run(JOINT, data).record
    assert TrialRecord.model_validate_json(record.model_dump_json()) == record


def test_a_record_says_what_was_trained_on_what(data):
    record = run(ONE, data).record
    assert record.cell == ONE
    assert record.data_digest == data.digest
    assert Settings.model_validate(record.settings) == SMALL
    assert (record.device, record.versions["torch"]) == ("cpu", torch.__version__)
    store = feature_store.open_store(data.cache, data.digest)
    assert record.widths == (Fusion(store, "vggish+bert~", SMALL).width,)
    # projection F·8; Way2: attention 4·8·8, Bi-LSTM 2·4·(2·8·8 + 2·8); shared 16·8 + 8; head 8·5 + 5
    assert record.parameters == record.widths[0] * 8 + 256 + 1152 + 136 + 45


def test_the_score_is_that_of_the_recorded_predictions(data):
    outcome = run(ONE, data)
    store = feature_store.open_store(data.cache, data.digest)
    truth = whole_segments(store.segments, "arousal", "devel").classes
    devel = predictions.unpack(outcome.predictions).devel
    for seed, probabilities in zip(outcome.record.seeds, devel, strict=True):
        assert seed.devel == scores(truth, probabilities.argmax(axis=1))
        assert seed.devel.macro_f1 == pytest.approx(seed.devel_f1[seed.best_epoch - 1]) == max(seed.devel_f1)


def test_predictions_hold_every_segment_of_devel_and_test_as_probabilities(data):
    outcome = run(ONE, data)
    predicted = predictions.unpack(outcome.predictions)
    assert predicted.seeds == (101, 102)
    assert (predicted.devel.shape, predicted.test.shape) == ((2, 6, 5), (2, 3, 5))  # 3 segments a video
    assert predicted.test.sum(axis=2) == pytest.approx(np.ones((2, 3)), abs=1e-5)


def test_a_masked_devel_segment_is_predicted_but_not_scored(tmp_path):
    root = write_tree(tmp_path / "tree", partition=partition_of(4, 2, 1), masked_test=True)
    edit(label_file(root, "arousal", "5"), f",2,{class_of(4, 2, 'arousal')}\n", ",2,\n")
    outcome = run(OTHER, source(root, tmp_path / "cache"))
    predicted = predictions.unpack(outcome.predictions)
    assert predicted.devel.shape == (2, 6, 5)
    truth = np.array([class_of(place, segment, "arousal") for place in (4, 5) for segment in (1, 2, 3)])
    truth[1] = -1
    for seed, probabilities in zip(outcome.record.seeds, predicted.devel, strict=True):
        assert seed.devel == scores(truth, probabilities.argmax(axis=1))
        assert sum(map(sum, seed.devel.confusion)) == 5


def test_the_test_labels_change_nothing_but_the_digest(tmp_path):
    known = write_tree(tmp_path / "known", partition=partition_of(4, 2, 1))
    masked = write_tree(tmp_path / "masked", partition=partition_of(4, 2, 1), masked_test=True)
    one, other = (run(JOINT, source(root, tmp_path / "cache")) for root in (known, masked))
    assert one.record.data_digest != other.record.data_digest
    assert (one.record.seeds, one.predictions) == (other.record.seeds, other.predictions)


def test_a_multitask_trial_records_delta_per_epoch_starting_near_one(data):
    joint, single = run(JOINT, data).record, run(ONE, data).record
    for seed in joint.seeds:
        assert [len(epoch) for epoch in seed.delta] == [2] * seed.epochs
        assert seed.delta[0] == pytest.approx((1, 1), abs=0.05)
    assert joint.widths == (3, 2)
    assert all(seed.delta == () for seed in single.seeds)


def test_every_epoch_of_every_seed_is_reported(data):
    events: list[EpochEvent] = []
    outcome = run_trial(Job(cell=OTHER, settings=SMALL, data=data), events.append)
    assert [(event.seed, event.epoch) for event in events] == [(s, e) for s in (101, 102) for e in (1, 2, 3)]
    assert [event.devel_f1 for event in events] == [f1 for seed in outcome.record.seeds for f1 in seed.devel_f1]


def test_a_cost_names_every_seed_and_stays_out_of_the_record(data):
    outcome = run(OTHER, data)
    assert [seed.seed for seed in outcome.cost.seeds] == [101, 102]
    assert 0 < sum(seed.wall_s for seed in outcome.cost.seeds) < outcome.cost.wall_s
    assert 50 < outcome.cost.peak_memory_mb < 100_000
    for seed in outcome.cost.seeds:  # 4 train videos of 8 steps, 3 epochs
        assert seed.steps_per_s * seed.wall_s == pytest.approx(4 * 8 * 3)


def test_a_trial_that_fails_names_the_seed(data):
    store = feature_store.open_store(data.cache, data.digest)
    broken = data.cache / "features" / store.keys["fau"] / "values.f32"
    broken.write_bytes(np.full((store.segments.n_steps, 2), np.nan, np.float32).tobytes())
    with pytest.raises(TrialFailed, match="seed 101: the loss is nan in epoch 1, batch 1"):
        run(OTHER, data)


def test_every_seed_draws_its_batches_in_its_own_order(data):
    store = feature_store.open_store(data.cache, data.digest)
    values = np.array(store.values("fau"))
    values[5] = np.nan  # of one window; the batch that meets it tells where the window stood
    (data.cache / "features" / store.keys["fau"] / "values.f32").write_bytes(values.tobytes())
    met = set()
    for seed in range(101, 107):
        settings = SMALL.model_copy(update={"batch_size": 1, "seeds": 1, "first_seed": seed})
        with pytest.raises(TrialFailed, match=r"epoch 1, batch \d+$") as raised:
            run(OTHER, data, settings)
        met.add(str(raised.value).rpartition(" ")[2])
    assert len(met) >= 3


def test_a_single_target_needs_no_weighting(data):
    adaptive, equal = (run(ONE, data, SMALL.model_copy(update={"weighting": name})) for name in ("adaptive", "equal"))
    assert adaptive.record.seeds == equal.record.seeds
    assert adaptive.record.parameters == equal.record.parameters


def test_a_target_without_a_devel_label_is_told(data):
    index = data.cache / "corpora" / data.digest / "segments.npz"
    with np.load(index) as stored:
        arrays = dict(stored)
    arrays["class_arousal"][12:18] = -1  # our reader refuses such a tree; another may not
    np.savez(index, allow_pickle=False, **arrays)
    (index.parent / intact.DIGESTS).write_text(intact.listing(index.parent))
    with pytest.raises(TrialFailed, match="arousal has no labelled segment in train or devel"):
        run(OTHER, data)


def test_what_a_tree_says_is_learnt_by_a_whole_trial(tmp_path):
    root = write_tree(tmp_path / "tree", partition=partition_of(12, 5, 5))
    settings = SMALL.model_copy(update={"epochs": 60, "batch_size": 12, "dropout": 0.0, "seeds": 1})
    for cell in (OTHER.model_copy(update={"branches": (Branch(features="vggish", way="way2"),)}), JOINT):
        record = run(cell, source(root, tmp_path / "cache"), settings).record
        assert record.seeds[0].devel.macro_f1 > 0.9


def test_packed_predictions_are_read_back_and_hold_no_time_of_day(monkeypatch):
    devel, test = (np.random.default_rng(seed).random((2, 3, 5), np.float32) for seed in (0, 1))
    content = predictions.pack((101, 102), devel, test)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    assert predictions.pack((101, 102), devel, test) == content
    read = predictions.unpack(content)
    assert read.seeds == (101, 102)
    assert np.array_equal(read.devel, devel)
    assert np.array_equal(read.test, test)


def test_predictions_that_are_not_finite_are_no_class(data, monkeypatch):
    monkeypatch.setattr("sweep.trial.predict", lambda _, runs: np.full((len(runs.classes), 5), np.nan, np.float32))
    with pytest.raises(TrialFailed, match="seed 101: predictions of its best epoch are not finite"):
        run(ONE, data)
