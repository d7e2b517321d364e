"""What any resampling of videos needs of predictions: hits and occurrences of every class, a video at a time.

A class's F1 is 2 hits / (true + predicted), and both are sums over videos: weighting videos, leaving some out or taking
them from another cell is a matrix product.
"""

import numpy as np
from numpy.typing import NDArray

from search_spaces.corpus import MASKED
from search_spaces.settings import N_CLASSES

Counts = NDArray[np.float64]
"""(n, V, 2, C): per seed and video, the hits of each class, and how often it is true plus how often predicted."""


def video_counts(
    predicted: NDArray[np.integer], truth: NDArray[np.integer], video: NDArray[np.integer], videos: int
) -> Counts:
    """Counts of every seed and video, masked segments left out.

    Args:
        predicted: (n, S) classes, a row a seed.
        truth: (S,) classes, -1 where masked.
        video: (S,) which video each segment is of, 0…V-1.
        videos: V.
    """
    known = truth != MASKED
    predicted, truth, video = predicted[:, known], truth[known], video[known]
    row = np.arange(len(predicted))[:, None] * videos + video  # (n, S) one number a seed and video
    rows = len(predicted) * videos

    def count(classes: NDArray[np.integer], where: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.bincount(row[where] * N_CLASSES + classes[where], minlength=rows * N_CLASSES)

    true = np.broadcast_to(truth, predicted.shape)
    everywhere = np.ones_like(predicted, dtype=bool)
    hits, occurring = count(true, predicted == true), count(true, everywhere) + count(predicted, everywhere)
    shape = (len(predicted), videos, N_CLASSES)
    return np.stack([hits.reshape(shape), occurring.reshape(shape)], axis=2).astype(np.float64)


def f1(sums: NDArray[np.floating]) -> NDArray[np.float64]:
    """Macro-F1 of summed counts: (…, 2, C) -> (…). A class that neither is nor is predicted scores 0."""
    found: NDArray[np.float64] = (2 * sums[..., 0, :] / np.maximum(sums[..., 1, :], 1)).mean(axis=-1)
    return found


def macro_f1(counts: Counts) -> float:
    """Mean over seeds of the macro-F1 on all videos."""
    return float(f1(counts.sum(axis=1)).mean())


def resampled_f1(counts: Counts, weights: NDArray[np.floating]) -> NDArray[np.float64]:
    """Mean over seeds of the macro-F1, once for every weighting of the videos.

    Args:
        counts: (n, V, 2, C).
        weights: (R, V) how often each video counts.

    Returns:
        (R,)
    """
    found: NDArray[np.float64] = f1(weighted(counts, weights)).mean(axis=0)
    return found


def weighted(counts: Counts, weights: NDArray[np.floating]) -> NDArray[np.float64]:
    """Counts summed over videos, once for every weighting: (n, R, 2, C)."""
    seeds, videos, *table = counts.shape
    return (weights @ counts.reshape(seeds, videos, -1)).reshape(seeds, len(weights), *table)
