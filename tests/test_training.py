from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from results.metrics import macro_f1
from results.records import Branch, Cell
from search_spaces import registry
from search_spaces.settings import Settings
from sweep.batches import Runs, chunks, train_windows, whole_segments
from sweep.device import Device
from sweep.feature_store import FeatureStore
from sweep.fusion import Fusion
from sweep.job import TrialFailed
from sweep.objective import Parts, backward, predict
from sweep.training import History, Training, fit
from sweep.trial import build_parts
from tests.stores import store_of

SMALL = Settings(hidden=8, heads=2, feed_forward=12, layers=1, baseline_layers=1, epochs=3, standardize=())
LENGTHS = (1, 60, 7, 200, 33, 2, 5, 120, 1, 90)


def noise(cache: Path, scale: float = 1.0, width: int = 3) -> FeatureStore:
    """Segments of very unlike lengths, with values that tell nothing about their classes."""
    steps = 2 * sum(LENGTHS)
    values = np.random.default_rng(0).normal(0, 1, (steps, width)).astype(np.float32) * np.float32(scale)
    classes = [index % 5 for index in range(2 * len(LENGTHS))]
    return store_of(cache, {"fau": values}, {"train": LENGTHS, "devel": LENGTHS, "test": ()}, {"arousal": classes})


def signal(cache: Path) -> FeatureStore:
    """Short segments whose steps scatter around a corner of their class."""
    random = np.random.default_rng(3)
    classes = [index % 5 for index in range(160)]
    lengths = random.integers(2, 12, 160).tolist()
    values = np.eye(5)[np.repeat(classes, lengths)] + random.normal(0, 0.2, (sum(lengths), 5))
    parts = {"train": lengths[:100], "devel": lengths[100:], "test": ()}
    return store_of(cache, {"fau": values.astype(np.float32)}, parts, {"arousal": classes})


def data(store: FeatureStore) -> tuple[Runs, Runs]:
    return train_windows(store.segments, "arousal", 200, 100), whole_segments(store.segments, "arousal", "devel")


def parts_of(store: FeatureStore, settings: Settings, *ways: str) -> Parts:
    cell = Cell(target="arousal", branches=tuple(Branch(features="fau", way=way) for way in ways))
    fusions = tuple(Fusion(store, branch.features, settings) for branch in cell.branches)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        return build_parts(cell, settings, fusions, data(store)[0], Device.of("cpu"))


def train(
    parts: Parts, store: FeatureStore, settings: Settings, on_epoch: Callable[[int, float, float], None] | None = None
) -> History:
    windows, devel = data(store)
    training = Training(parts, settings, torch.Generator().manual_seed(1))

    def tell(under_way: Training) -> None:
        history = under_way.history
        if on_epoch:
            on_epoch(history.epochs, history.devel_f1[-1], history.best)

    return fit(training, windows, devel, on_epoch=tell)


def score(parts: Parts, devel: Runs) -> float:
    cells = np.zeros((5, 5), np.int64)
    np.add.at(cells, (devel.classes, predict(parts, devel).argmax(axis=1)), 1)
    return macro_f1(cells)


def plain(parts: Parts, runs: Runs, batch: NDArray[np.int64], eta: float) -> tuple[float, list[torch.Tensor]]:
    """Objective and gradients of a batch padded to its longest window and weighted by the whole formula."""
    inputs = [fusion.gather(runs.start[batch].tolist(), runs.length[batch].tolist()) for fusion in parts.fusions]
    logits = parts.network(inputs, torch.from_numpy(runs.length[batch]))
    classes = torch.from_numpy(runs.classes[batch])
    losses = torch.stack([torch.nn.functional.cross_entropy(logits[:, k], classes) for k in range(logits.shape[1])])
    objective = parts.weighting(losses, parts.network.matrices(), eta)
    learned = [*parts.network.parameters(), *parts.weighting.parameters()]
    return objective.item(), list(torch.autograd.grad(objective, learned))


@pytest.mark.parametrize("way", registry.names("ways"))
@pytest.mark.parametrize("weighting", [None, *registry.names("weightings")])
def test_chunks_change_neither_the_loss_nor_the_gradient_of_a_batch(tmp_path, way, weighting):
    settings = SMALL.model_copy(update={"weighting": weighting or "equal", "eta": 0.5})
    store = noise(tmp_path)
    parts = parts_of(store, settings, way, *(["way2"] if weighting else []))
    windows, _ = data(store)
    batch = np.array([9, 0, 3, 1, 4, 7, 8])
    assert len(list(chunks(windows.length, batch))) >= 3
    expected, gradients = plain(parts, windows, batch, settings.eta)
    assert backward(parts, windows, batch, settings) == pytest.approx(expected, abs=1e-5)
    learned = [*parts.network.parameters(), *parts.weighting.parameters()]
    for parameter, gradient in zip(learned, gradients, strict=True):
        assert parameter.grad is not None
        assert torch.allclose(parameter.grad, gradient, atol=1e-5)


def test_the_objective_of_a_chunked_batch_is_equation_13(tmp_path):
    settings = SMALL.model_copy(update={"eta": 0.01})
    store = noise(tmp_path)
    parts = parts_of(store, settings, "way2", "baseline")
    windows, _ = data(store)
    delta = torch.tensor([0.5, 2.0])
    parts.weighting.load_state_dict({"log_delta": delta.log()})
    batch = np.arange(len(windows))
    # Σ_τ [ L_τ / (2 δ_τ²) + log(1 + δ_τ) ] + η ‖θ‖, one window at a time
    loss = np.zeros(2)
    for start, length, label in zip(windows.start, windows.length, windows.classes, strict=True):
        inputs = [fusion.gather([int(start)], [int(length)]) for fusion in parts.fusions]
        with torch.no_grad():
            log_p = parts.network(inputs, torch.tensor([int(length)])).log_softmax(dim=2)[0, :, label]
        loss -= log_p.numpy() / len(windows)
    theta = np.sqrt(sum((w.detach() ** 2).sum().item() for w in parts.network.matrices()))
    by_hand = loss[0] / (2 * 0.25) + np.log(1.5) + loss[1] / (2 * 4) + np.log(3) + 0.01 * theta
    assert len(list(chunks(windows.length, batch))) >= 2
    assert backward(parts, windows, batch, settings) == pytest.approx(by_hand, abs=1e-5)


def test_the_recorded_loss_is_the_mean_over_windows_not_over_batches(tmp_path):
    settings = SMALL.model_copy(update={"epochs": 1, "batch_size": 7, "learning_rate": 1e-12})  # 7 + 3 windows
    store = noise(tmp_path)
    expected, _ = plain(parts_of(store, settings, "way2"), data(store)[0], np.arange(10), 0)
    assert train(parts_of(store, settings, "way2"), store, settings).train_loss == [pytest.approx(expected, abs=1e-5)]


def test_predictions_do_not_depend_on_chunks_and_keep_their_order(tmp_path):
    store = noise(tmp_path)
    parts = parts_of(store, SMALL, "way5")
    _, devel = data(store)
    together = predict(parts, devel)
    alone = [
        predict(parts, Runs(devel.start[[i]], devel.length[[i]], devel.classes[[i]]))[0] for i in range(len(devel))
    ]
    assert together == pytest.approx(np.stack(alone), abs=1e-5)
    assert together.sum(axis=1) == pytest.approx(np.ones(len(devel)), abs=1e-5)


def test_the_main_head_predicts(tmp_path):
    store = noise(tmp_path)
    parts = parts_of(store, SMALL, "way2", "baseline")
    _, devel = data(store)
    inputs = [fusion.gather(devel.start[[3]].tolist(), devel.length[[3]].tolist()) for fusion in parts.fusions]
    logits = parts.network(inputs, torch.from_numpy(devel.length[[3]]))
    assert predict(parts, devel)[3] == pytest.approx(logits[0, 0].softmax(dim=0).detach().numpy(), abs=1e-5)


@pytest.mark.parametrize("ways", [("baseline",), ("way2",), ("way4",), ("way2", "baseline")])
def test_what_can_be_learnt_is_learnt(tmp_path, ways):
    settings = SMALL.model_copy(update={"epochs": 25, "learning_rate": 0.02, "batch_size": 20})
    store = signal(tmp_path)
    history = train(parts_of(store, settings, *ways), store, settings)
    assert max(history.devel_f1) > 0.9
    assert history.train_loss[-1] < history.train_loss[0]


def test_the_weights_of_the_best_epoch_are_kept(tmp_path):
    settings = SMALL.model_copy(update={"epochs": 60, "patience": 5, "learning_rate": 0.05, "batch_size": 4})
    store = noise(tmp_path)
    parts = parts_of(store, settings, "way2")
    history = train(parts, store, settings)
    assert history.best_epoch == 1 + int(np.argmax(history.devel_f1))
    assert history.devel_f1[-1] < max(history.devel_f1)  # so the last epoch's weights would not do
    assert score(parts, data(store)[1]) == max(history.devel_f1)


def test_training_stops_after_as_many_epochs_without_a_better_score_as_patience_says(tmp_path):
    settings = SMALL.model_copy(update={"epochs": 50, "patience": 4, "learning_rate": 1e-12})
    store = noise(tmp_path)
    history = train(parts_of(store, settings, "baseline"), store, settings)
    assert history.best_epoch == 1
    assert len(history.train_loss) == len(history.devel_f1) == len(history.learning_rate) == 1 + 4


def test_the_rate_falls_on_a_plateau_and_not_below_its_floor(tmp_path):
    settings = SMALL.model_copy(
        update={"epochs": 9, "patience": 20, "learning_rate": 4e-6, "plateau_patience": 1, "min_learning_rate": 1.5e-6}
    )
    store = noise(tmp_path)
    history = train(parts_of(store, settings, "baseline"), store, settings)
    assert len(set(history.devel_f1)) == 1
    # the first score is the best; after each second bad epoch the rate is halved
    assert history.learning_rate == pytest.approx([4e-6, 4e-6, 4e-6, 2e-6, 2e-6, 1.5e-6, 1.5e-6, 1.5e-6, 1.5e-6])


def test_a_rising_score_keeps_the_rate(tmp_path):
    settings = SMALL.model_copy(update={"epochs": 25, "learning_rate": 0.02, "batch_size": 20, "plateau_patience": 1})
    store = signal(tmp_path)
    history = train(parts_of(store, settings, "way2"), store, settings)
    rate, best, bad, expected = 0.02, float("inf"), 0, []
    for f1 in history.devel_f1:
        expected.append(rate)
        better = 1 - f1 < best * (1 - 1e-4)  # torch's relative threshold
        best, bad = (1 - f1, 0) if better else (best, bad + 1)
        if bad > 1:
            rate, bad = rate / 2, 0
    assert history.learning_rate == pytest.approx(expected)
    assert history.learning_rate[4] == 0.02


def test_dropout_is_on_in_every_epoch_of_training_and_off_in_prediction(tmp_path):
    store = noise(tmp_path)
    losses = {}
    for dropout in (0.0, 0.5):
        torch.manual_seed(0)
        settings = SMALL.model_copy(update={"learning_rate": 1e-12, "dropout": dropout})
        parts = parts_of(store, settings, "way2")
        losses[dropout] = train(parts, store, settings).train_loss
        assert np.array_equal(predict(parts, data(store)[1]), predict(parts, data(store)[1]))
    assert losses[0.0] == pytest.approx([losses[0.0][0]] * 3, abs=1e-6)
    assert all(abs(with_it - without) > 1e-4 for with_it, without in zip(losses[0.5], losses[0.0], strict=True))


def test_every_epoch_is_reported_with_its_score_and_the_best_so_far(tmp_path):
    told: list[tuple[int, float, float]] = []
    store = noise(tmp_path)
    history = train(parts_of(store, SMALL, "way2"), store, SMALL, lambda *epoch: told.append(epoch))
    best = np.maximum.accumulate(history.devel_f1).tolist()
    assert told == list(zip([1, 2, 3], history.devel_f1, best, strict=True))


def test_delta_starts_near_one_and_is_kept_for_every_epoch_of_a_multitask_run_only(tmp_path):
    store = noise(tmp_path)
    history = train(parts_of(store, SMALL, "way2", "way4"), store, SMALL)
    assert [len(epoch) for epoch in history.delta] == [2, 2, 2]
    assert history.delta[0] == pytest.approx((1, 1), abs=0.01)
    assert history.delta[0] != (1, 1)
    assert train(parts_of(store, SMALL, "way2"), store, SMALL).delta == []


@pytest.mark.parametrize("ways", [("baseline",), ("way2",), ("way1", "way4")])
def test_a_value_that_is_not_finite_ends_the_trial_with_epoch_and_batch(tmp_path, ways):
    store = noise(tmp_path, scale=float("nan"))
    with pytest.raises(TrialFailed, match="loss is nan in epoch 1, batch 1"):
        train(parts_of(store, SMALL, *ways), store, SMALL)


def test_a_rate_that_blows_up_ends_the_trial_with_epoch_and_batch(tmp_path):
    settings = SMALL.model_copy(update={"learning_rate": 1e9, "batch_size": 4, "epochs": 20})
    store = noise(tmp_path, scale=1e30)
    with pytest.raises(TrialFailed, match=r"loss is (nan|inf) in epoch \d+, batch \d+"):
        train(parts_of(store, settings, "way4"), store, settings)


def test_weights_that_blow_up_in_the_last_batch_are_not_scored(tmp_path):
    settings = SMALL.model_copy(update={"learning_rate": 1e38, "epochs": 1})  # one batch: its own loss is finite
    store = noise(tmp_path)
    with pytest.raises(TrialFailed, match="devel predictions are not finite after epoch 1"):
        train(parts_of(store, settings, "way2"), store, settings)
