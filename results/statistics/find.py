"""All statistics of one target, from its records and predictions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from results.findings import (
    BestOfMany,
    CellInterval,
    Comparison,
    Findings,
    FusionRule,
    LateFusion,
    Member,
    WayRanks,
)
from results.metrics import scores
from results.predictions import Predictions
from results.records import Branch, Cell, Scores
from results.scored import Scored
from results.select import ranked
from results.statistics import late_fusion
from results.statistics.bootstrap import LEVEL, RESAMPLES, f1_interval, generator, resamples
from results.statistics.comparison import SEPARABLE, Compared, compare, holm, swaps
from results.statistics.counts import Counts, macro_f1, video_counts
from results.statistics.known_segments import KnownSegments
from results.statistics.ranks import rank_columns
from results.statistics.winner import correct
from results.summary import summarize
from search_spaces.alignment import Segments
from search_spaces.corpus import MASKED
from search_spaces.errors import SweepError

_COMPARED = 200  # cells that the best is compared with, the next best first: who leads is the question
_FUSION_RESAMPLES = 200  # each of them chooses members anew
_RULES: Mapping[FusionRule, late_fusion.Rule] = {"top": late_fusion.top, "greedy": late_fusion.greedy}


@dataclass(frozen=True)
class Measured:
    """What the statistics of one target rest on.

    Attributes:
        target: whose.
        ways: of the space, in order.
        records: of the grid's cells, or their scores alone; others are ignored.
        multitask: the multitask run's, if there is one.
        predictions: of a cell, read when they are needed, for those of thousands fill the memory; None where there are
            none, and the cell is left out.
        segments: of the data.
        selected: whether selection is over, so that the test partition may be opened for what it selected.
    """

    target: str
    ways: tuple[str, ...]
    records: Sequence[Scored]
    multitask: Scored | None
    predictions: Callable[[Cell], Predictions | None]
    segments: Segments
    selected: bool


def find(measured: Measured) -> Findings:
    """Everything the statistics say about a target; equal inputs give equal figures.

    Raises:
        SweepError: its devel labels are all of one video.
    """
    return _Finder(measured).find()


class _Finder:
    """Intermediate results that several statistics share."""

    def __init__(self, measured: Measured) -> None:
        self._in = measured
        self._devel = KnownSegments.of(measured.segments, "devel", measured.target)
        if self._devel.videos < 2:
            raise SweepError(f"statistics compare videos, and the devel labels of {measured.target} are all of one")
        joint = (measured.multitask.cell,) if measured.multitask else ()
        order = tuple(record.cell for record in ranked(measured.records, measured.target))
        found = ((cell, measured.predictions(cell)) for cell in (*order, *joint))
        self._counts = {cell: self._count(predicted) for cell, predicted in found if predicted is not None}
        self._left_out = tuple(cell for cell in (*order, *joint) if cell not in self._counts)
        self._ranked = tuple(cell for cell in order if cell in self._counts)
        self._joint = tuple(cell for cell in joint if cell in self._counts)
        self._weights = resamples(self._devel.videos, generator("videos", measured.target))
        self._swapped = swaps(self._devel.videos, generator("swaps", measured.target))

    def find(self) -> Findings:
        joint = next(iter(self._joint), None)
        against = self._comparisons([(self._ranked[0], other) for other in self._ranked[1 : 1 + _COMPARED]])
        return Findings(
            target=self._in.target,
            videos=self._devel.videos,
            segments=int(np.count_nonzero(self._devel.truth != MASKED)),
            resamples=RESAMPLES,
            level=LEVEL,
            intervals=tuple(self._interval(cell) for cell in self._counts),
            best=self._best(),
            against_best=against,
            multitask=self._against_main(joint) if joint else None,
            fusions=tuple(self._fusion(rule) for rule in get_args(FusionRule)) if len(self._ranked) > 1 else (),
            ranks=self._ranks(),
            left_out=self._left_out,
        )

    def _count(self, predictions: Predictions) -> Counts:
        predicted = predictions.devel.argmax(axis=2)
        return video_counts(predicted, self._devel.truth, self._devel.video, self._devel.videos)

    def _predictions(self, cell: Cell) -> Predictions:
        found = self._in.predictions(cell)
        if found is None:  # they were there when they were counted
            raise SweepError(f"the predictions of {cell} have gone while they were read")
        return found

    def _interval(self, cell: Cell) -> CellInterval:
        found = f1_interval(self._counts[cell], self._weights)
        return CellInterval(cell=cell, f1=macro_f1(self._counts[cell]), low=found.low, high=found.high)

    def _best(self) -> BestOfMany | None:
        if not self._ranked:
            return None
        winner = correct([self._counts[cell] for cell in self._ranked], self._weights)
        return BestOfMany(
            cell=self._ranked[winner.index],
            candidates=len(self._ranked),
            naive=winner.naive,
            corrected=winner.corrected,
            chosen=winner.chosen[winner.index],
        )

    def _against_main(self, joint: Cell) -> Comparison | None:
        main = Cell(target=joint.target, branches=joint.branches[:1])
        return self._comparisons([(joint, main)])[0] if main in self._counts else None

    def _comparisons(self, pairs: Sequence[tuple[Cell, Cell]]) -> tuple[Comparison, ...]:
        compared = [compare(self._counts[a], self._counts[b], self._weights, self._swapped) for a, b in pairs]
        adjusted = holm([each.p for each in compared])
        return tuple(_comparison(*found) for found in zip(pairs, compared, adjusted, strict=True))

    def _fusion(self, rule: FusionRule) -> LateFusion:
        cells = self._ranked

        def devel(index: int) -> NDArray[np.float32]:
            return self._predictions(cells[index]).devel

        candidates = late_fusion.Candidates(
            devel, [self._counts[cell] for cell in cells], self._devel.truth, self._devel.video
        )
        found = late_fusion.select(_RULES[rule], candidates, self._weights[:_FUSION_RESAMPLES])
        fused = late_fusion.fuse([devel(index) for index in found.members]).argmax(axis=2)
        members = {cells[index]: found.members.count(index) for index in found.members}
        return LateFusion(
            rule=rule,
            members=tuple(Member(cell=cell, weight=weight) for cell, weight in members.items()),
            seeds=self._seeds(cells[0]),
            devel=tuple(scores(self._devel.truth, predicted) for predicted in fused),
            corrected=found.corrected,
            test=self._test([cells[index] for index in found.members], int(np.argmax(found.f1))),
        )

    def _seeds(self, cell: Cell) -> tuple[int, ...]:
        """The numbers of a cell's seeds; every cell of a run has the same."""
        return next(tuple(seed.seed for seed in record.seeds) for record in self._in.records if record.cell == cell)

    def _test(self, members: Sequence[Cell], seed: int) -> Scores | None:
        """The score on test of the one seed that would be submitted."""
        test = KnownSegments.of(self._in.segments, "test", self._in.target)
        if not self._in.selected or not np.any(test.truth != MASKED):
            return None
        fused = late_fusion.fuse([self._predictions(cell).test[seed : seed + 1] for cell in members])
        return scores(test.truth, fused[0].argmax(axis=1))

    def _ranks(self) -> WayRanks | None:
        """Over feature sets for which every Way is trained; a collapsed cell counts with the F1 it has."""
        figures = {record.cell: summarize(record).mean for record in self._in.records}
        sets = dict.fromkeys(cell.branches[0].features for cell in figures if cell.target == self._in.target)
        ways = self._in.ways
        rows = [[figures.get(_cell(self._in.target, features, way)) for way in ways] for features in sets]
        whole = [row for row in rows if None not in row]
        if len(whole) < 2 or len(ways) < 3:
            return None
        found = rank_columns(np.array(whole, dtype=np.float64))
        return WayRanks(
            ways=ways,
            feature_sets=found.rows,
            mean_ranks=found.mean_ranks,
            p=found.p,
            pairwise_p=found.pairwise_p,
            critical_difference=found.critical_difference,
        )


def _cell(target: str, features: str, way: str) -> Cell:
    return Cell(target=target, branches=(Branch(features=features, way=way),))


def _comparison(pair: tuple[Cell, Cell], found: Compared, adjusted: float) -> Comparison:
    return Comparison(
        cell=pair[0],
        other=pair[1],
        difference=found.difference,
        low=found.interval.low,
        high=found.interval.high,
        p=found.p,
        p_adjusted=adjusted,
        separable=adjusted < SEPARABLE,
    )
