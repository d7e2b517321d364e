"""Whether two cells that predicted the same segments differ by more than the choice of videos explains."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from results.statistics.bootstrap import Interval, percentiles
from results.statistics.counts import Counts, f1, macro_f1, resampled_f1, weighted

PERMUTATIONS = 9999
SEPARABLE = 0.05
"""Two cells are separable where the adjusted p-value is below this."""
_TIE = 1e-12  # figures that are equal but for rounding


@dataclass(frozen=True)
class Compared:
    """One cell's F1 minus another's, on the same videos.

    Attributes:
        difference: of macro-F1, mean over seeds.
        interval: of the difference, by bootstrap over videos.
        p: two-sided, by permutation.
    """

    difference: float
    interval: Interval
    p: float


def swaps(videos: int, random: np.random.Generator, count: int = PERMUTATIONS) -> NDArray[np.float64]:
    """Which videos change sides in each permutation: (R, V) of 0 and 1."""
    return random.integers(0, 2, size=(count, videos)).astype(np.float64)


def compare(one: Counts, other: Counts, weights: NDArray[np.floating], swapped: NDArray[np.floating]) -> Compared:
    """Compares two cells in pairs, video by video.

    If the cells were equally good, each video's predictions could as well be the other cell's: swapping them for random
    videos shows what differences chance makes. All seeds of a video are swapped together, since they share its content.

    Args:
        one: (n, V, 2, C).
        other: as `one`, of as many seeds.
        weights: (R, V) from `bootstrap.resamples`.
        swapped: (R', V) from `swaps`.

    Raises:
        ValueError: unlike numbers of seeds or videos.
    """
    if one.shape != other.shape:
        raise ValueError(f"Compared cells must have the same seeds and videos. Found {one.shape} and {other.shape}.")
    difference = macro_f1(one) - macro_f1(other)
    by_chance = _swapped_f1(one, other, swapped) - _swapped_f1(other, one, swapped)
    as_large = int(np.count_nonzero(np.abs(by_chance) >= abs(difference) - _TIE))
    moved = resampled_f1(one, weights) - resampled_f1(other, weights)
    return Compared(difference, percentiles(moved), (1 + as_large) / (1 + len(swapped)))


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """p-values adjusted for how many there are (Holm 1979), in the order given.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        (0.03, 0.06, 0.06)
    """
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, floor = [0.0] * len(p_values), 0.0
    for place, index in enumerate(order):
        floor = max(floor, min(1.0, (len(p_values) - place) * p_values[index]))
        adjusted[index] = floor
    return tuple(adjusted)


def _swapped_f1(one: Counts, other: Counts, swapped: NDArray[np.floating]) -> NDArray[np.float64]:
    """(R,) macro-F1 of `one` with some videos taken from `other`."""
    sums = one.sum(axis=1)[:, None] + weighted(other - one, swapped)  # (n, R, 2, C)
    found: NDArray[np.float64] = f1(sums).mean(axis=0)
    return found
