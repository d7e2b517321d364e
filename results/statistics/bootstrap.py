"""Bootstrap over videos: how far a score would move had other videos been collected."""

from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from results.statistics.counts import Counts, resampled_f1

RESAMPLES = 2000
LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """From `low` to `high`, holding the figure with probability LEVEL, as far as the videos vary."""

    low: float
    high: float


def generator(*names: str) -> np.random.Generator:
    """A stream of random numbers that belongs to names, so that no figure depends on what was computed before it."""
    digest = sha256("\0".join(names).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def resamples(videos: int, random: np.random.Generator, count: int = RESAMPLES) -> NDArray[np.float64]:
    """How often each video is drawn when as many are drawn as there are, with replacement.

    Returns:
        (R, V)
    """
    return random.multinomial(videos, np.full(videos, 1 / videos), size=count).astype(np.float64)


def percentiles(values: NDArray[np.floating]) -> Interval:
    """The middle LEVEL of resampled figures (percentile bootstrap, Efron 1979)."""
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))


def f1_interval(counts: Counts, weights: NDArray[np.floating]) -> Interval:
    """Interval of a cell's macro-F1, mean over seeds.

    Args:
        counts: (n, V, 2, C) of the cell.
        weights: (R, V) from `resamples`; the same for cells that are compared.
    """
    return percentiles(resampled_f1(counts, weights))
