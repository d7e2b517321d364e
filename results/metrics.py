"""F1 scores of predicted classes, always over the fixed labels 0…4.

Fixed, so that a partition that lacks a class stays comparable with one that has all. `scores` goes through
scikit-learn and is what records hold. `macro_f1` is the same figure straight from a confusion matrix, for the training
loop, which needs it after every epoch.
"""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, f1_score

from results.records import Scores
from search_spaces.corpus import MASKED
from search_spaces.settings import N_CLASSES

_LABELS = list(range(N_CLASSES))


def scores(truth: NDArray[np.integer], predicted: NDArray[np.integer]) -> Scores:
    """Macro, weighted and micro F1, F1 per class and the confusion matrix of one partition.

    A class without a true and without a predicted segment scores 0 (zero_division=0): it counts in the macro mean, as
    the labels are fixed. Segments whose true class is masked are left out here, so callers hand over whole partitions.

    Args:
        truth: (n,) true classes 0…4, or -1 where masked.
        predicted: (n,) predicted classes 0…4.

    Raises:
        ValueError: other classes, unequal lengths, or no segment with a known class.

    Example:
        >>> round(scores(np.array([0, 0, 1, -1]), np.array([0, 1, 1, 4])).macro_f1, 4)
        0.2667
    """
    truth, predicted = _known(truth, predicted)
    by_average = {
        average: float(f1_score(truth, predicted, labels=_LABELS, average=average, zero_division=0))
        for average in ("macro", "weighted", "micro")
    }
    per_class = f1_score(truth, predicted, labels=_LABELS, average=None, zero_division=0)
    table = confusion_matrix(truth, predicted, labels=_LABELS)
    return Scores(
        macro_f1=by_average["macro"],
        weighted_f1=by_average["weighted"],
        micro_f1=by_average["micro"],
        class_f1=tuple(float(value) for value in per_class),
        confusion=tuple(tuple(int(count) for count in row) for row in table),
        predicted_classes=int(np.unique(predicted).size),
    )


def confusion(truth: NDArray[np.integer], predicted: NDArray[np.integer]) -> NDArray[np.int64]:
    """Counts of segments by true class (row) and predicted class (column), masked segments left out.

    Args:
        truth: (n,) true classes 0…4, or -1 where masked.
        predicted: (n,) predicted classes 0…4.

    Returns:
        (C, C) counts.

    Raises:
        ValueError: as `scores`.
    """
    truth, predicted = _known(truth, predicted)
    flat = truth.astype(np.int64) * N_CLASSES + predicted
    return np.bincount(flat, minlength=N_CLASSES**2).reshape(N_CLASSES, N_CLASSES).astype(np.int64)


def macro_f1(confusion: NDArray[np.integer]) -> float:
    """Mean over all classes of 2 TP / (true + predicted), a class that never occurs counting 0.

    Args:
        confusion: (C, C) counts, row = true class, column = predicted.
    """
    hits = np.diagonal(confusion)  # (C,)
    total = confusion.sum(axis=0) + confusion.sum(axis=1)  # (C,) predicted + true
    return float(np.mean(2 * hits / np.maximum(total, 1)))  # hits are 0 wherever total is 0


def _known(
    truth: NDArray[np.integer], predicted: NDArray[np.integer]
) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    if truth.shape != predicted.shape or truth.ndim != 1:
        raise ValueError(f"truth and predicted must be (n,) alike. Found {truth.shape} and {predicted.shape}.")
    known = truth != MASKED
    truth, predicted = truth[known], predicted[known]
    if truth.size == 0:
        raise ValueError("No segment has a known class; a masked partition has no score.")
    for name, values in (("truth", truth), ("predicted", predicted)):
        if values.min() < 0 or values.max() >= N_CLASSES:
            raise ValueError(f"{name} must be classes 0…{N_CLASSES - 1}. Found {values.min()}…{values.max()}.")
    return truth, predicted
