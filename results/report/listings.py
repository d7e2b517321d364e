"""Plain tables of the page besides the paper's: every cell with what it took, failures, partitions of the data."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from results._cells import DASH, percent
from results.records import Hole, TrialRecord
from results.report.cell_facts import interval_of, kind_of
from results.report.material import Material, PartitionFacts
from results.summary import is_collapsed, summarize
from search_spaces.printable import one_line


@dataclass(frozen=True)
class Head:
    """A column's head; numbers stand flush right."""

    title: str
    is_number: bool = False


@dataclass(frozen=True)
class Listing:
    """Words in columns."""

    title: str
    columns: tuple[Head, ...]
    rows: tuple[tuple[str, ...], ...]

    def lined_up(self, row: tuple[str, ...]) -> Iterator[tuple[Head, str]]:
        """A row's words, each with its column."""
        return zip(self.columns, row, strict=True)


_CELLS = (
    Head("Target"),
    Head("Cell"),
    *(Head(name, is_number=True) for name in ("F1", "Std", "Best seed", "Low", "High", "Wtd. F1")),
    *(Head(name, is_number=True) for name in ("Epochs", "Parameters", "Time (s)", "Memory (MB)")),
    Head("Remark"),
)


def cells(material: Material) -> Iterator[Listing]:
    """Every finished cell of grid, baseline and multitask; nothing before there is one."""
    results = material.results
    records = (*results.records, *results.baselines, *results.multitask)
    order = {target: number for number, target in enumerate(results.targets)}
    ordered = sorted(records, key=lambda record: (order[record.cell.target], -summarize(record).mean, str(record.cell)))
    if ordered:
        title = (
            "Every finished cell: devel scores in %, mean over seeds (Wtd.: weighted by class), with the ends of the "
            "interval by bootstrap over videos; epochs of a seed; trainable parameters; time and the worker's memory. "
            "A collapsed cell predicts one class, or by the segment's length alone."
        )
        yield Listing(title, _CELLS, tuple(_line(material, record) for record in ordered))


def _line(material: Material, record: TrialRecord) -> tuple[str, ...]:
    summary, interval = summarize(record), interval_of(material.results, record.cell)
    cost = material.standing.costs.get(str(record.cell))
    return (
        record.cell.target,
        " & ".join(map(str, record.cell.branches)),
        percent(summary.mean),
        DASH if summary.std is None else percent(summary.std),
        percent(summary.best),
        DASH if interval is None else percent(interval.low),
        DASH if interval is None else percent(interval.high),
        percent(summary.weighted_f1),
        f"{fmean(seed.epochs for seed in record.seeds):.1f}",
        str(record.parameters),
        DASH if cost is None else f"{cost.wall_s:.1f}",
        DASH if cost is None else f"{cost.peak_memory_mb:.0f}",
        "collapsed" if is_collapsed(record) else "",
    )


def failures(failed: Sequence[Hole]) -> Iterator[Listing]:
    """Cells that failed, with their reasons; nothing where none has."""
    columns = (Head("Target"), Head("Cell"), Head("Attempts", is_number=True), Head("Reason"))
    rows = tuple(
        (hole.cell.target, " & ".join(map(str, hole.cell.branches)), str(hole.attempts), one_line(hole.reason))
        for hole in failed
    )
    if rows:
        title = (
            "Cells that are not tried again by themselves; `sweep resume RUN --retry-failed` gives them another try."
        )
        yield Listing(title, columns, rows)


def partitions(facts: Sequence[PartitionFacts]) -> Iterator[Listing]:
    """How many videos, segments and segments of each class there are; nothing where the run does not say."""
    if not facts:
        return
    count = max(len(counts) for part in facts for counts in part.classes.values())
    heads = ("Videos", "Segments", *(f"Class {number}" for number in range(count)), "No label")
    columns = (Head("Target"), Head("Partition"), *(Head(name, is_number=True) for name in heads))
    rows = tuple(
        (target, part.partition, *map(str, (part.videos, part.segments, *counts, part.segments - sum(counts))))
        for target in facts[0].classes
        for part in facts
        for counts in (part.classes[target],)
    )
    yield Listing("The data: videos, segments, and segments of each class.", columns, rows)


def costs(material: Material) -> Iterator[Listing]:
    """Time by Way; nothing before a cell is finished."""
    took: dict[str, list[float]] = {}
    for cell in material.standing.wanted:
        cost = material.standing.costs.get(str(cell))
        if cost is not None:
            took.setdefault(kind_of(cell), []).append(cost.wall_s)
    total = sum(map(sum, took.values()))
    columns = (
        Head("Way"),
        *(Head(name, is_number=True) for name in ("Cells", "Median (s)", "Longest (s)", "Sum (min)")),
    )
    columns += (Head("Share (%)", is_number=True),)
    rows = tuple(
        (
            way,
            str(len(seconds)),
            f"{median(seconds):.1f}",
            f"{max(seconds):.1f}",
            f"{sum(seconds) / 60:.1f}",
            f"{100 * sum(seconds) / total:.1f}",
        )
        for way, seconds in sorted(took.items(), key=lambda item: -sum(item[1]))
    )
    if rows:
        yield Listing("Training time by Way, screening included.", columns, rows)
