"""F1 scores of predicted classes, always over the fixed labels 0…4.

Fixed, so that a partition that lacks a class stays comparable with one that has all. Every score comes from a table of
counts: the training loop needs one after every epoch, and a library call takes longer than a small epoch. The tests
hold them against scikit-learn's.
"""

import numpy as np
from numpy.typing import NDArray

from results.records import Scores
from search_spaces.corpus import MASKED
from search_spaces.settings import N_CLASSES


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
    table = confusion(truth, predicted)
    per_class = class_f1(table)
    true, total = table.sum(axis=1), table.sum()
    return Scores(
        macro_f1=macro_f1(table),
        weighted_f1=float(per_class @ true / total),
        micro_f1=float(np.trace(table) / total),  # one class a segment: precision, recall and accuracy agree
        class_f1=tuple(per_class.tolist()),
        confusion=tuple(tuple(row) for row in table.tolist()),
        predicted_classes=int(table.any(axis=0).sum()),
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


def class_f1(confusion: NDArray[np.integer]) -> NDArray[np.float64]:
    """2 TP / (true + predicted) of every class, 0 for one that never occurs.

    Args:
        confusion: (C, C) counts, row = true class, column = predicted.

    Returns:
        (C,)
    """
    hits = np.diagonal(confusion)  # (C,)
    total = confusion.sum(axis=0) + confusion.sum(axis=1)  # (C,) predicted + true
    f1: NDArray[np.float64] = 2 * hits / np.maximum(total, 1)  # hits are 0 wherever total is 0
    return f1


def macro_f1(confusion: NDArray[np.integer]) -> float:
    """Mean of `class_f1` over all classes."""
    return float(class_f1(confusion).mean())


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
