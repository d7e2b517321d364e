"""The seeds of one trial in a few figures: mean, spread, median, best. Fractions throughout."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from results.scored import DevelScores, Scored

Aggregate = Literal["mean", "best", "median"]


@dataclass(frozen=True)
class Summary:
    """Macro-F1 of every seed on one partition, with weighted and micro F1 as means over the seeds."""

    seeds: tuple[int, ...]
    macro_f1: tuple[float, ...]  # one a seed
    weighted_f1: float
    micro_f1: float

    @property
    def mean(self) -> float:
        """Mean macro-F1; exact summation, so that the order of seeds cannot change a digit."""
        return statistics.fmean(self.macro_f1)

    @property
    def std(self) -> float | None:
        """Sample standard deviation over seeds (n - 1 in the denominator); None for one seed."""
        return statistics.stdev(self.macro_f1) if len(self.macro_f1) > 1 else None

    @property
    def best(self) -> float:
        """Macro-F1 of the best seed."""
        return max(self.macro_f1)

    @property
    def best_seed(self) -> int:
        """The seed with the best macro-F1; the smallest of them on a tie."""
        return min(seed for seed, figure in zip(self.seeds, self.macro_f1, strict=True) if figure == self.best)

    def figure(self, aggregate: Aggregate) -> float:
        """The one figure that stands for all seeds."""
        match aggregate:
            case "mean":
                return self.mean
            case "best":
                return self.best
            case "median":
                return statistics.median(self.macro_f1)


def summarize(record: Scored) -> Summary:
    """The devel scores of a trial's seeds."""
    return _summary(tuple((seed.seed, seed.devel) for seed in record.seeds))


def several(scores: Sequence[DevelScores], seeds: Sequence[int]) -> Summary:
    """The scores of several seeds of something that is no trial."""
    return _summary(tuple(zip(seeds, scores, strict=True)))


def single(seed: int, scores: DevelScores) -> Summary:
    """The scores of one seed, in the same shape: how a test evaluation enters a table."""
    return _summary(((seed, scores),))


def collapse(record: Scored) -> str | None:
    """What every seed does on devel that says nothing about features or Way, in words; None where one does better."""
    if all(seed.devel.predicted_classes <= 1 for seed in record.seeds):
        return "every seed predicts one class only"
    if all(seed.devel.predicted_classes <= 1 or seed.length_alone for seed in record.seeds):
        return "what every seed predicts follows from the segment's length alone"
    return None


def is_collapsed(record: Scored) -> bool:
    """Whether the figure says nothing about features or Way, and is not ranked."""
    return collapse(record) is not None


def _summary(scored: tuple[tuple[int, DevelScores], ...]) -> Summary:
    return Summary(
        seeds=tuple(seed for seed, _ in scored),
        macro_f1=tuple(scores.macro_f1 for _, scores in scored),
        weighted_f1=statistics.fmean(scores.weighted_f1 for _, scores in scored),
        micro_f1=statistics.fmean(scores.micro_f1 for _, scores in scored),
    )
