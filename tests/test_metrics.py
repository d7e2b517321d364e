import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score

from results.metrics import confusion, macro_f1, scores

TRUTH = np.array([0, 0, 0, 1, 1, 2])
PREDICTED = np.array([0, 0, 1, 1, 2, 2])
# class 0: TP 2, 3 true, 2 predicted -> 4/5; class 1: TP 1, 2 and 2 -> 2/4; class 2: TP 1, 1 and 2 -> 2/3; 3 and 4: 0.
CLASS_F1 = (4 / 5, 2 / 4, 2 / 3, 0.0, 0.0)


def test_scores_are_the_ones_counted_by_hand() -> None:
    got = scores(TRUTH, PREDICTED)
    assert got.class_f1 == pytest.approx(CLASS_F1)
    assert got.macro_f1 == pytest.approx((4 / 5 + 2 / 4 + 2 / 3) / 5)
    assert got.weighted_f1 == pytest.approx((3 * 4 / 5 + 2 * 2 / 4 + 1 * 2 / 3) / 6)
    assert got.micro_f1 == pytest.approx(4 / 6)
    assert got.predicted_classes == 3
    assert got.confusion[0] == (2, 1, 0, 0, 0)


def test_a_class_that_never_occurs_counts_zero_in_the_macro_mean() -> None:
    perfect = np.array([0, 1, 2])
    assert scores(perfect, perfect).macro_f1 == pytest.approx(3 / 5)


def test_masked_segments_are_left_out() -> None:
    masked = np.concatenate([TRUTH, [-1, -1]])
    assert scores(masked, np.concatenate([PREDICTED, [4, 3]])) == scores(TRUTH, PREDICTED)


def test_every_score_equals_sklearns() -> None:
    draw = np.random.default_rng(7)
    for _ in range(30):
        classes = draw.integers(1, 6)  # partitions that lack classes too
        truth, predicted = draw.integers(0, classes, (2, draw.integers(1, 60)))
        got = scores(truth, predicted)
        expected = {
            average: f1_score(truth, predicted, labels=list(range(5)), average=average, zero_division=0)
            for average in ("macro", "weighted", "micro", None)
        }
        assert got.macro_f1 == macro_f1(confusion(truth, predicted)) == pytest.approx(expected["macro"], abs=1e-15)
        assert got.weighted_f1 == pytest.approx(expected["weighted"], abs=1e-15)
        assert got.micro_f1 == pytest.approx(expected["micro"], abs=1e-15)
        assert got.class_f1 == pytest.approx(expected[None], abs=1e-15)
        assert (np.array(got.confusion) == confusion_matrix(truth, predicted, labels=list(range(5)))).all()
        assert got.predicted_classes == len(set(predicted.tolist()))


def test_rows_of_the_confusion_are_true_classes() -> None:
    table = confusion(np.array([0, 0, 3]), np.array([1, 1, 4]))
    assert (table[0, 1], table[3, 4], table.sum()) == (2, 1, 3)


@pytest.mark.parametrize(
    ("truth", "predicted", "words"),
    [
        ([0, 1], [0], "alike"),
        ([-1, -1], [0, 0], "masked partition has no score"),
        ([0, 5], [0, 0], "truth must be classes 0…4"),
        ([0, 1], [0, -1], "predicted must be classes 0…4"),
    ],
)
def test_what_cannot_be_scored_is_refused(truth: list[int], predicted: list[int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        scores(np.array(truth), np.array(predicted))
