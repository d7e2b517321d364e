from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from results import references
from results.metrics import confusion, macro_f1
from results.references import Labelled, Rows, constant, logistic, segment_statistics, stratified
from search_spaces.errors import SweepError

FORREST = Path(__file__).resolve().parents[2] / "shared" / "data" / "forrest"
MASKED = np.array([-1, -1])


def blobs(seed: int, n: int = 200) -> Labelled:
    """Five classes, each with its own mean in two of ten columns; the scales differ a thousandfold."""
    draw = np.random.default_rng(seed)
    y = draw.integers(0, 5, n)
    x = draw.normal(size=(n, 10)) * np.logspace(-2, 1, 10)
    x[:, 0] += y * 0.05
    return Labelled(x, y)


def test_segment_statistics_are_mean_and_standard_deviation_of_each_segment() -> None:
    values = np.array([[1.0, 0.0], [3.0, 0.0], [7.0, 4.0]], dtype=np.float32)
    got = segment_statistics(values, np.array([0, 2]), np.array([2, 1]))
    assert got.dtype == np.float64
    assert got.tolist() == [[2.0, 0.0, 1.0, 0.0], [7.0, 4.0, 0.0, 0.0]]  # one step: no spread


@pytest.mark.parametrize(("start", "length"), [(0, 0), (2, 2), (-1, 1)])
def test_a_segment_outside_the_rows_is_refused(start: int, length: int) -> None:
    with pytest.raises(ValueError, match="inside the 3 rows"):
        segment_statistics(np.zeros((3, 1)), np.array([start]), np.array([length]))


def test_the_constant_answers_the_majority_class_of_train() -> None:
    got = constant("arousal", np.array([2, 2, 0, -1]), np.array([2, 2, 1, 0]), MASKED)
    assert got.devel == pytest.approx((2 * 2 / (2 + 4)) / 5)  # TP 2, 2 true, 4 predicted
    assert got.test is None
    assert got.note == "always class 2"


def test_the_stratified_expectation_is_exact_for_two_segments() -> None:
    # p = 1/2 for classes 0 and 1; truth 0, 1. F1 of class 0: 1 if only segment 0 is answered 0 (p 1/4),
    # 2/3 if both are (1/4), 0 otherwise: 5/12. Class 1 alike. Macro over five classes: 2 · 5/12 / 5.
    got = stratified("arousal", np.array([0, 1]), np.array([0, 1]), MASKED)
    assert got.devel == pytest.approx(2 * 5 / 12 / 5)
    assert got.test is None


def test_the_stratified_expectation_is_what_draws_average_to() -> None:
    draw = np.random.default_rng(3)
    train, devel = draw.choice(5, 300, p=[0.4, 0.3, 0.2, 0.1, 0.0]), draw.integers(0, 5, 60)
    share = np.bincount(train, minlength=5) / 300
    drawn = [macro_f1(confusion(devel, draw.choice(5, 60, p=share))) for _ in range(4000)]
    assert stratified("valence", train, devel, devel).devel == pytest.approx(np.mean(drawn), abs=4e-3)


def test_the_probe_learns_what_is_there_and_nothing_where_nothing_is() -> None:
    train, devel, test = blobs(1), blobs(2), blobs(3)
    got = logistic("arousal", "rms", train, devel, test)
    assert got.features == "rms"
    assert got.devel > 0.9
    assert got.test is not None
    assert got.test > 0.9
    shuffled = Labelled(train.x, np.random.default_rng(4).permutation(train.y))
    assert logistic("arousal", "rms", shuffled, devel, test).devel < 0.4


def test_masked_segments_neither_teach_nor_score() -> None:
    train, devel = blobs(1), blobs(2)
    half = train.y.copy()
    half[100:] = -1
    noise = train.x.copy()
    noise[100:] = 1e6
    masked = Labelled(devel.x, np.full_like(devel.y, -1))
    got = logistic("arousal", "rms", Labelled(noise, half), devel, masked)
    plain = logistic("arousal", "rms", Labelled(train.x[:100], train.y[:100]), devel, masked)
    assert got == plain
    assert got.test is None


def test_statistics_are_asked_for_in_batches_and_may_be_computed_then(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    class Computed:
        def __init__(self, x: Rows) -> None:
            self.x, self.shape = x, x.shape

        def __getitem__(self, rows: NDArray[np.intp], /) -> NDArray[np.floating]:
            asked.append(len(rows))
            return self.x[rows]

    parts = [blobs(seed) for seed in (1, 2, 3)]
    whole = logistic("arousal", "rms", *parts)
    monkeypatch.setattr(references, "_BATCH", 64)
    assert logistic("arousal", "rms", *(Labelled(Computed(part.x), part.y) for part in parts)) == whole
    assert max(asked) <= 64
    assert sum(asked) == 600


def test_one_class_in_train_is_a_mistake_told_by_name() -> None:
    one = Labelled(np.zeros((4, 2)), np.zeros(4, dtype=int))
    with pytest.raises(SweepError, match="logistic reference of 'valence' needs two classes"):
        logistic("valence", "rms", one, one, one)


def test_devel_without_labels_is_refused() -> None:
    with pytest.raises(ValueError, match="Devel needs at least one"):
        constant("arousal", np.array([0, 1]), MASKED, MASKED)


def read_forrest(target: str) -> dict[str, Labelled]:
    features = sorted(path.name for path in (FORREST / "feature_segments").iterdir())
    partitions = pd.read_csv(FORREST / "metadata" / "partition.csv")
    found: dict[str, Labelled] = {}
    for name, videos in partitions.groupby("partition")["id"]:
        x, y = [], []
        for video in videos:
            tables = [pd.read_csv(FORREST / "feature_segments" / feature / f"{video}.csv") for feature in features]
            values = np.concatenate([table.iloc[:, 2:].to_numpy() for table in tables], axis=1)
            ids, start, length = np.unique(tables[0]["segment_id"], return_index=True, return_counts=True)
            labels = pd.read_csv(FORREST / "label_segments" / target / f"{video}.csv").set_index("segment_id")
            x.append(segment_statistics(values, start, length))
            y.append(labels.loc[ids, "class_id"].to_numpy())
        found[str(name)] = Labelled(np.concatenate(x), np.concatenate(y))
    return found


@pytest.mark.forrest
@pytest.mark.skipif(not FORREST.is_dir(), reason="the real tree is not beside the checkout")
@pytest.mark.parametrize(("target", "devel", "test"), [("arousal", 0.40, 0.37), ("valence", 0.24, 0.21)])
def test_the_probe_scores_on_the_real_tree_what_its_readme_says(target: str, devel: float, test: float) -> None:
    tree = read_forrest(target)
    got = logistic(target, "all", tree["train"], tree["devel"], tree["test"])
    assert (len(tree["train"].y), len(tree["devel"].y), len(tree["test"].y)) == (436, 176, 142)
    assert got.devel == pytest.approx(devel, abs=0.03)
    assert got.test == pytest.approx(test, abs=0.03)
    labels = (tree["train"].y, tree["devel"].y, tree["test"].y)
    assert constant(target, *labels).devel == pytest.approx(0.09, abs=0.02)
    assert 0.15 < stratified(target, *labels).devel < 0.22
