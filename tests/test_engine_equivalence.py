"""The engine against the same networks written from torch's own layers and trained in a plain padded loop."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.metrics import f1_score
from torch import Tensor, nn

from benchmarks import plain_data
from benchmarks.plain_loop import train_seed
from benchmarks.plain_ways import PlainNetwork, build
from results.metrics import confusion, macro_f1
from results.records import Branch, Cell, SeedRecord
from search_spaces import registry
from search_spaces.errors import SweepError
from search_spaces.settings import Settings
from sweep import feature_store
from sweep.batches import Runs, chunks, whole_segments
from sweep.device import Device
from sweep.fusion import Fusion
from sweep.job import DataSource, Job
from sweep.objective import Parts, backward, predict
from sweep.trial import build_parts, run_trial
from tests.stores import store_of

ROOT = Path(__file__).resolve().parents[1]
FORREST = ROOT.parent / "shared" / "data" / "forrest"
WIDTH = 11
ROUNDING = 1e-4  # of the largest entry: float32 sums over up to 400 steps and a dozen layers, in another order

WAYS = [
    *((way, {"layers": 2}) for way in registry.names("ways")),  # two show all that more of a kind would
    ("way1", {}),
    ("baseline", {"baseline_layers": 1, "baseline_bidirectional": True}),
    ("baseline", {"baseline_layers": 2, "baseline_bidirectional": True}),
    ("way1", {"norm_first": True, "layers": 2}),
    ("way2", {"attention_heads": 4}),
]
READOUTS = [(way, {"readout": readout, "layers": 1}) for way in registry.names("ways") for readout in ("mean", "final")]
MODES = [*((True, *case) for case in WAYS + READOUTS), *((False, *case) for case in WAYS)]


def ragged(seed: int) -> list[int]:
    """Lengths of 9 segments in random order, one of them of one step and one of 400."""
    random = np.random.default_rng(seed)
    return random.permutation([1, 400, *random.integers(2, 220, 7)]).tolist()


def engine(cache: Path, way: str, settings: Settings) -> tuple[Parts, Runs, Runs]:
    """Random segments, and a network whose every weight is random: an initial 0 or 1 would hide a swap."""
    random = np.random.default_rng(7)
    lengths = {"train": ragged(1), "devel": ragged(2), "test": []}
    values = random.normal(0, 1, (sum(map(sum, lengths.values())), WIDTH)).astype(np.float32)
    store = store_of(cache, {"fau": values}, lengths, {"arousal": random.integers(0, 5, 18).tolist()})
    train, devel = (whole_segments(store.segments, "arousal", name) for name in ("train", "devel"))
    cell = Cell(target="arousal", branches=(Branch(features="fau", way=way),))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        parts = build_parts(cell, settings, (Fusion(store, "fau", settings),), train, Device.of("cpu"))
        for parameter in parts.network.parameters():
            parameter.data += 0.1 * torch.randn_like(parameter)
    return parts, train, devel


def padded(parts: Parts, runs: Runs, batch: NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor]:
    """Values (b, T, F), lengths and classes of a batch, padded to its longest."""
    lengths = runs.length[batch]
    steps = parts.fusions[0].gather(runs.start[batch].tolist(), lengths.tolist())
    values = nn.utils.rnn.pad_sequence(list(steps.split(lengths.tolist())), batch_first=True)
    return values, torch.from_numpy(lengths), torch.from_numpy(runs.classes[batch])


def plain_loss(plain: PlainNetwork, parts: Parts, runs: Runs, batch: NDArray[np.int64]) -> float:
    """Adds the batch's gradient to the plain network's; its loss."""
    values, lengths, classes = padded(parts, runs, batch)
    loss = nn.functional.cross_entropy(plain(values, lengths), classes)
    loss.backward()
    return loss.item()


def assert_same(actual: Tensor, expected: Tensor, scale: float, name: str) -> None:
    assert actual.shape == expected.shape, name
    assert (actual - expected).abs().max().item() <= ROUNDING * scale, name


@pytest.mark.parametrize(("training", "way", "changed"), MODES, ids=str)
def test_loss_and_gradients_are_those_of_torchs_layers_on_the_padded_batch(tmp_path, training, way, changed):
    settings = Settings(**changed)
    parts, train, _ = engine(tmp_path, way, settings)
    plain = build(parts.network, way, settings).train(training)
    parts.network.train(training)
    assert {1, 400} <= set(train.length.tolist())
    batch = np.random.default_rng(5).permutation(len(train))
    assert len(list(chunks(train.length, batch))) >= 3
    assert backward(parts, train, batch, settings) == pytest.approx(plain_loss(plain, parts, train, batch), rel=1e-5)
    gradients = {name: given.grad for name, given in parts.network.named_parameters() if given.grad is not None}
    assert len(gradients) == len(list(parts.network.parameters()))
    mine = plain.translate(gradients)
    expected = {name: given.grad for name, given in plain.named_parameters() if given.grad is not None}
    assert mine.keys() == expected.keys()
    scale = max(gradient.abs().max().item() for gradient in expected.values())
    for name, gradient in expected.items():
        assert_same(mine[name], gradient, max(gradient.abs().max().item(), 0.01 * scale), name)


@pytest.mark.parametrize(("way", "changed"), WAYS + READOUTS, ids=str)
def test_predictions_and_f1_are_those_of_torchs_layers_one_segment_at_a_time(tmp_path, way, changed):
    settings = Settings(**changed)
    parts, _, devel = engine(tmp_path, way, settings)
    plain = build(parts.network, way, settings).eval()
    with torch.no_grad():
        each = [plain(*padded(parts, devel, np.array([at]))[:2])[0].softmax(dim=0) for at in range(len(devel))]
    expected, mine = torch.stack(each), torch.from_numpy(predict(parts, devel))
    assert_same(mine, expected, 1.0, way)
    classes = mine.argmax(dim=1).numpy()
    assert classes.tolist() == expected.argmax(dim=1).tolist()
    oracle = f1_score(devel.classes, expected.argmax(dim=1), labels=range(5), average="macro", zero_division=0)
    assert macro_f1(confusion(devel.classes, classes)) == pytest.approx(oracle)


def test_padding_changes_nothing_in_torchs_layers_either(tmp_path):
    settings = Settings(layers=1)
    for way in registry.names("ways"):
        parts, train, _ = engine(tmp_path / way, way, settings)
        plain = build(parts.network, way, settings).eval()
        values, lengths, _ = padded(parts, train, np.arange(len(train)))
        noisy = values.masked_fill(torch.arange(values.shape[1])[:, None] >= lengths[:, None, None], 9.0)
        with torch.no_grad():
            assert_same(plain(noisy, lengths), plain(values, lengths), 1.0, way)


def test_a_way_without_a_plain_twin_is_refused():
    with pytest.raises(SweepError, match="plain Way"):
        PlainNetwork("way7", WIDTH, Settings())


def sweeps_record(cache: Path, cell: Cell, settings: Settings) -> SeedRecord:
    _, store = feature_store.build(FORREST, "muse2021", cache)
    source = DataSource(root=FORREST, reader="muse2021", cache=cache, digest=store.digest)
    return run_trial(Job(cell=cell, settings=settings, data=source), lambda _: None).record.seeds[0]


@pytest.mark.slow
@pytest.mark.forrest
@pytest.mark.skipif(not FORREST.exists(), reason="the real tree is not here")
@pytest.mark.parametrize(
    "changed",
    [{"epochs": 5}, {"epochs": 2, "baseline_layers": 1, "baseline_bidirectional": True, "hidden": 32}],
    ids=str,
)
def test_epochs_on_the_real_tree_give_the_losses_and_f1_of_a_plain_loop(tmp_path, changed):
    settings = Settings(seeds=1, **changed)
    cell = Cell(target="arousal", branches=(Branch(features="rms+scene~", way="baseline"),))
    plain = train_seed(plain_data.read(FORREST, "rms+scene~", "arousal", settings), cell, settings, 101)
    record = sweeps_record(tmp_path, cell, settings)
    assert record.train_loss == pytest.approx(plain.train_loss, rel=1e-5)
    assert record.devel_f1 == pytest.approx(plain.devel_f1)
    assert record.best_epoch == plain.best_epoch


def test_the_plain_loop_is_a_program_that_reports_what_a_seed_gave_and_took(tree):
    words = ["--features", "vggish+bert~", "--way", "baseline", "--target", "arousal", "--seeds", "1", "--epochs", "1"]
    command = [sys.executable, "benchmarks/plain_loop.py", str(tree), *words, "--settings", '{"hidden": 8}']
    report = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    assert len(report["seeds"][0]["train_loss"]) == len(report["seeds"][0]["devel_f1"]) == 1
    assert report["wall_s"] > report["start_s"] + report["parse_s"]
