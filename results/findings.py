"""What the statistics say about one target of a run: written by `results.statistics`, read by tables and report.

Derived from records and predictions alone, so it may be deleted and computed again. Figures are fractions.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from results.records import Cell, Scores

FusionRule = Literal["top", "greedy"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CellInterval(_Frozen):
    """How far a cell's devel macro-F1 would move with other videos."""

    cell: Cell
    f1: float  # mean over seeds
    low: float
    high: float


class Comparison(_Frozen):
    """One cell against another on the same devel videos."""

    cell: Cell
    other: Cell
    difference: float  # of macro-F1, mean over seeds
    low: float
    high: float
    p: float  # by permutation of videos
    p_adjusted: float  # Holm, over all comparisons of its kind and target
    separable: bool


class BestOfMany(_Frozen):
    """A target's winner, and what is left of its F1 without the luck of having been chosen."""

    cell: Cell
    candidates: int
    naive: float
    corrected: float
    chosen: float  # share of the resamples in which this cell won


class Member(_Frozen):
    """A cell of a late fusion."""

    cell: Cell
    weight: int


class LateFusion(_Frozen):
    """Cells whose probabilities are averaged, and how well that scores."""

    rule: FusionRule
    members: tuple[Member, ...]
    seeds: tuple[int, ...]
    devel: tuple[Scores, ...]  # one a seed
    corrected: float
    test: Scores | None  # of the seed that is best on devel; None where masked, or nothing is selected yet


class WayRanks(_Frozen):
    """How the Ways rank over the feature sets for which every Way has a figure."""

    ways: tuple[str, ...]
    feature_sets: int
    mean_ranks: tuple[float, ...]  # 1 is the best
    p: float  # Friedman
    pairwise_p: tuple[tuple[float, ...], ...]  # Nemenyi
    critical_difference: float


class Findings(_Frozen):
    """Everything the statistics say about a target."""

    target: str
    videos: int  # devel videos with a labelled segment
    segments: int  # labelled ones
    resamples: int
    level: float  # of the intervals
    intervals: tuple[CellInterval, ...]  # ranked cells, best first, then the multitask run
    best: BestOfMany | None
    against_best: tuple[Comparison, ...]  # the best cell against the others, in their order; of thousands, the first
    multitask: Comparison | None  # the multitask run against its main cell
    fusions: tuple[LateFusion, ...]
    ranks: WayRanks | None  # None below two complete feature sets
    left_out: tuple[Cell, ...] = ()  # cells whose predictions are lost: nothing here knows of them
