"""Late fusion from stored predictions: probabilities of several cells averaged, seed by seed.

The official baseline's best results are late fusions. Which cells are fused is chosen on devel, so a fusion's devel F1
suffers from the winner's curse more than a single cell's; it is corrected in the same way as a winner's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from results.statistics.counts import Counts, f1, macro_f1, resampled_f1, video_counts, weighted

TOP = 5
"""How many cells `top` averages."""
_POOL = 10  # cells that `greedy` chooses from: the best of those it may see
_MOST_MEMBERS = 10
_GAIN = 1e-9  # what a member must add


@dataclass(frozen=True)
class Candidates:
    """The cells that may be fused, and what they should have said.

    Attributes:
        probabilities: of the cell with an index, (n, S, C) of the devel partition.
        counts: one (n, V, 2, C) a cell.
        truth: (S,) classes, -1 where masked.
        video: (S,) which video each segment is of.
    """

    probabilities: Callable[[int], NDArray[np.float32]]
    counts: Sequence[Counts]
    truth: NDArray[np.integer]
    video: NDArray[np.integer]

    def fused_counts(self, *choices: tuple[int, ...]) -> Counts:
        """(k · n, V, 2, C) of k fusions of n seeds each."""
        predicted = np.concatenate([fuse([self.probabilities(i) for i in each]).argmax(axis=2) for each in choices])
        return video_counts(predicted, self.truth, self.video, self.counts[0].shape[1])


Rule = Callable[[Candidates, NDArray[np.floating], NDArray[np.floating]], tuple[int, ...]]
"""(candidates, score of each (K,), weight of each video (V,)) -> members; one that stands twice counts twice."""


@dataclass(frozen=True)
class Fused:
    """A fusion and its scores on devel.

    Attributes:
        members: indexes of cells, ascending; one that stands twice counts twice.
        f1: macro-F1 of each seed.
        corrected: mean over seeds of the macro-F1 on videos that had no say in the choice of members.
    """

    members: tuple[int, ...]
    f1: tuple[float, ...]
    corrected: float


def fuse(probabilities: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
    """Mean of several cells' probabilities: (n, S, C)."""
    mean: NDArray[np.float64] = np.mean(np.stack(probabilities), axis=0, dtype=np.float64)
    return mean


def top(_: Candidates, scores: NDArray[np.floating], __: NDArray[np.floating]) -> tuple[int, ...]:
    """The TOP cells of highest score; the earlier of two that tie."""
    best = np.argsort(-scores, kind="stable")[:TOP]
    return tuple(sorted(best.tolist()))


def greedy(candidates: Candidates, scores: NDArray[np.floating], weight: NDArray[np.floating]) -> tuple[int, ...]:
    """Ensemble selection with replacement (Caruana et al. 2004): the best cell, then what adds most, while one does."""
    pool = np.argsort(-scores, kind="stable")[:_POOL].tolist()
    members: tuple[int, ...] = (pool[0],)
    reached = float(scores[pool[0]])
    while len(members) < _MOST_MEMBERS:
        choices = [tuple(sorted((*members, index))) for index in pool]
        counts = candidates.fused_counts(*choices)
        found = f1(weighted(counts, weight[None])).reshape(len(choices), -1).mean(axis=1)
        best = int(np.argmax(found))
        if found[best] <= reached + _GAIN:
            break
        members, reached = choices[best], float(found[best])
    return members


def select(rule: Rule, candidates: Candidates, weights: NDArray[np.floating]) -> Fused:
    """Chooses the members of a fusion, and scores the rule that chose them.

    Args:
        rule: `top` or `greedy`.
        candidates: at least one.
        weights: (R, V) from `bootstrap.resamples`; the rule is applied to each, and scored on the videos left out.
    """
    seen = np.array([macro_f1(counts) for counts in candidates.counts])
    members = rule(candidates, seen, np.ones(weights.shape[1]))
    by_seed = f1(candidates.fused_counts(members).sum(axis=1))
    in_bag = np.stack([resampled_f1(counts, weights) for counts in candidates.counts])  # (K, R)
    left_out: dict[tuple[int, ...], NDArray[np.float64]] = {}
    for drawn, scores in zip(weights, in_bag.T, strict=True):
        chosen = rule(candidates, scores, drawn)
        left_out[chosen] = left_out.get(chosen, 0.0) + (drawn == 0)
    pooled = np.sum([weighted(candidates.fused_counts(each), times[None]) for each, times in left_out.items()], axis=0)
    return Fused(members, tuple(by_seed.tolist()), float(f1(pooled).mean()))
