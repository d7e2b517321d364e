"""A run's seed runs one by one, each with everything that was recorded about it."""

from collections.abc import Iterator
from dataclasses import dataclass

from results.findings import CellInterval
from results.records import Cell, Cost, Scores, SeedCost, SeedRecord, TrialRecord
from results.run_results import RunResults
from results.select import ranked

_ENTRIES = ("screening", "grid", "baseline", "multitask")


@dataclass(frozen=True)
class SeedRow:
    """One seed run of one cell.

    Attributes:
        results: the run it is of.
        entry: what its cell was trained for.
        record: of its trial.
        run: what this seed measured.
        cost: what its trial took; None where that is not known.
        seed_cost: what this seed took.
        rank: of its cell among the target's cells of the grid, from 1; None for other entries and collapsed cells.
        interval: of its cell's F1; None before the statistics.
        level: of the interval.
        test: what this seed scores on test; None where it was not chosen, or the labels are masked.
    """

    results: RunResults
    entry: str
    record: TrialRecord
    run: SeedRecord
    cost: Cost | None
    seed_cost: SeedCost | None
    rank: int | None
    interval: CellInterval | None
    level: float | None
    test: Scores | None


@dataclass(frozen=True)
class EpochRow:
    """One epoch of a seed run, from 1."""

    of: SeedRow
    epoch: int


def seed_rows(results: RunResults) -> Iterator[SeedRow]:
    """Every seed run by entry, target and, as recorded, cell and seed."""
    places = {target: _places(results, target) for target in results.targets}
    intervals = {each.cell: (each, found.level) for found in results.findings for each in found.intervals}
    tests: dict[tuple[str, Cell, int], Scores | None] = {
        (test.entry, test.cell, test.seed): test.scores for test in results.tests
    }
    for entry, records in zip(_ENTRIES, _by_entry(results), strict=True):
        for record in (each for target in results.targets for each in records if each.cell.target == target):
            cost = results.costs.get(str(record.cell))
            seeds = {each.seed: each for each in cost.seeds} if cost else {}
            known = entry in ("grid", "multitask")  # a baseline is no cell of the statistics
            interval, level = intervals.get(record.cell, (None, None)) if known else (None, None)
            for run in record.seeds:
                yield SeedRow(
                    results=results,
                    entry=entry,
                    record=record,
                    run=run,
                    cost=cost,
                    seed_cost=seeds.get(run.seed),
                    rank=places[record.cell.target].get(record.cell) if entry == "grid" else None,
                    interval=interval,
                    level=level,
                    test=tests.get((entry, record.cell, run.seed)),
                )


def _by_entry(results: RunResults) -> tuple[tuple[TrialRecord, ...], ...]:
    return results.screening, results.records, results.baselines, results.multitask


def _places(results: RunResults, target: str) -> dict[Cell, int]:
    return {record.cell: place for place, record in enumerate(ranked(results.records, target), start=1)}
