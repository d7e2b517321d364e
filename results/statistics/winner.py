"""The winner's curse: the best of many cells owes part of its score to luck on the very segments that chose it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from results.statistics.counts import Counts, f1, macro_f1, resampled_f1, weighted

_TIE = 1e-12  # figures that are equal but for rounding; the earlier wins


@dataclass(frozen=True)
class Winner:
    """The best cell's macro-F1 as measured, and what is left of it without the luck of having been chosen.

    Attributes:
        index: which candidate won, by mean F1 over seeds.
        naive: its F1 on the segments that chose it.
        corrected: what the rule "take the best" scores on videos that had no say.
        chosen: how often each candidate won among the resamples, as a share.
    """

    index: int
    naive: float
    corrected: float
    chosen: tuple[float, ...]


def correct(candidates: Sequence[Counts], weights: NDArray[np.floating]) -> Winner:
    """Bootstrap bias correction (BBC; Tsamardinos, Greasidou and Borboudakis 2018), clustered by video.

    In every resample the best cell is chosen on the videos drawn and scored on those that were not. We pool the counts
    of the latter over all resamples and take one F1 a seed, where the paper takes the mean of the resamples' scores: a
    third of the videos often lacks a class, whose F1 is then 0 whatever was predicted, and a mean of such scores is
    biased downwards (Forman and Scholz 2010). The correction holds for what a reader does with a results table: pick
    the top row. It is slightly pessimistic, for a cell is chosen on two thirds of the videos.

    Args:
        candidates: one (n, V, 2, C) a cell, all of one shape, in the order in which ties are decided.
        weights: (R, V) from `bootstrap.resamples`.

    Raises:
        ValueError: no candidate.
    """
    if not candidates:
        raise ValueError("A winner needs at least one candidate.")
    naive = [macro_f1(counts) for counts in candidates]
    index = int(np.argmax(np.array(naive) >= max(naive) - _TIE))
    best = _best(candidates, weights)
    left_out = (weights == 0).astype(np.float64)  # (R, V)
    times = {number: left_out[best == number].sum(axis=0, keepdims=True) for number in np.unique(best)}  # (1, V) each
    pooled = np.sum([weighted(candidates[number], each) for number, each in times.items()], axis=0)  # (n, 1, 2, C)
    chosen = np.bincount(best, minlength=len(candidates)) / len(best)
    return Winner(index, naive[index], float(f1(pooled).mean()), tuple(chosen.tolist()))


def _best(candidates: Sequence[Counts], weights: NDArray[np.floating]) -> NDArray[np.int64]:
    """Which candidate is best on each weighting of the videos, the first where several are: (R,)."""
    best, highest = np.zeros(len(weights), dtype=np.int64), np.full(len(weights), -np.inf)
    for index, counts in enumerate(candidates):  # thousands of them; all their figures together would fill the memory
        found = resampled_f1(counts, weights)
        better = found > highest
        best[better], highest[better] = index, found[better]
    return best
