"""What several tables share: a record as a figure, the reference predictors, the words of captions and errors."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from results import published
from results._cells import DAGGER
from results.findings import LateFusion
from results.footnotes import Gap, Mark
from results.records import Cell, Hole, State, TrialRecord
from results.run_results import ReferenceScore, RunResults
from results.summary import Aggregate, collapse, several, summarize
from results.table import Blank, Block, Column, Count, FeatureSet, Figure, Row, Text, Value, View
from results.versions import marks
from search_spaces.corpus import Modality, Partition
from search_spaces.errors import SweepError

LETTERS: dict[Modality, str] = {"audio": "A", "video": "V", "text": "T"}
MASKED_TEST = Gap("masked", "the test labels are not given")
STATISTICS_WAIT = Gap("pending", "statistics wait for the target's whole grid")
_DEFAULT_REASONS: dict[State, str] = {"pending": "not trained yet", "running": "being trained", "failed": "no reason"}


def nothing_yet(number: str, needed: str) -> SweepError:
    """The error for a table asked for too early."""
    return SweepError(f"Table {number}: nothing measured yet; it needs {needed}.")


def hole_of(results: RunResults, cell: Cell) -> Hole | None:
    """The hole of one cell, or None."""
    return next((hole for hole in results.holes if hole.cell == cell), None)


def gap_of(hole: Hole | None) -> Gap:
    """Why a cell without a record has none; a cell the run does not list yet is pending."""
    state: State = hole.state if hole else "pending"
    reason = hole.reason if hole else ""
    return Gap(state, reason or _DEFAULT_REASONS[state])


def figure_of(
    results: RunResults, record: TrialRecord | None, hole: Hole | None, view: View, paper: float | None = None
) -> Figure:
    """The devel F1 of one cell, marked where it was trained under other versions, or the reason why there is none.

    Args:
        results: the run.
        record: what the cell's trial measured, if it has.
        hole: why it has not.
        view: which figure stands for the seeds, and whether the paper's is set beside it.
        paper: the published figure of the same cell, if the paper has it.
    """
    beside = paper if view.compare == "paper" else None
    if record is None:
        return Figure(None, gap=gap_of(hole), published=beside)
    summary, marked = summarize(record), marks(record.versions, results.versions)
    if (collapsed := collapse(record)) is not None:
        gap = Gap("collapsed", f"{collapsed}; the figure stands in the CSV, and is not ranked")
        return Figure(None, summary, gap, beside, marks=marked)
    return Figure(summary.figure(view.aggregate), summary, published=beside, marks=marked, aggregate=view.aggregate)


def fused(results: RunResults, fusion: LateFusion, view: View) -> Figure:
    """The devel F1 of a late fusion, marked where a member is."""
    summary, members = several(fusion.devel, fusion.seeds), (member.cell for member in fusion.members)
    marked = marks_of_cells(results, members)
    return Figure(summary.figure(view.aggregate), summary, marks=marked, aggregate=view.aggregate)


def probe_of(results: RunResults, target: str) -> float | None:
    """Devel F1 of the linear probe of a target; None before it was computed."""
    return max((r.devel for r in results.references if r.target == target and r.features is not None), default=None)


def against_probe(figure: Figure, probe: float | None) -> Figure:
    """The figure with its word on whether it beats the probe."""
    if figure.value is None or probe is None:
        return figure
    return replace(figure, above_probe=figure.value > probe)


def probe_words(figures: Iterable[Figure]) -> str:
    """What the dagger means, for the caption of figures that may have one."""
    return f" {DAGGER}: above the logistic regression below." if any(f.above_probe is not None for f in figures) else ""


def with_places(figures: tuple[Figure, ...]) -> tuple[Figure, ...]:
    """The same figures, the best marked 1 and the runner-up 2; equal figures share a place, gaps have none.

    One figure alone wins nothing, and of two only the better is marked: a mark on the other would say nothing new.

    Args:
        figures: what competes: one row's figures of one target.
    """
    values = [figure.value for figure in figures if figure.value is not None]
    order = sorted(set(values), reverse=True)
    marks: tuple[Literal[1, 2], ...] = () if len(values) < 2 else (1,) if len(values) == 2 else (1, 2)
    places = dict(zip(order, marks, strict=False))
    return tuple(f if f.value is None else replace(f, place=places.get(f.value)) for f in figures)


def marks_of(figures: Iterable[Figure]) -> tuple[Mark, ...]:
    """The marks of a figure that comes from several others: all of theirs."""
    return tuple(dict.fromkeys(mark for figure in figures for mark in figure.marks))


def marks_of_cells(results: RunResults, cells: Iterable[Cell]) -> tuple[Mark, ...]:
    """The marks of what was computed from several cells of the grid."""
    records = (results.record(cell) for cell in cells)
    return tuple(dict.fromkeys(mark for each in records if each for mark in marks(each.versions, results.versions)))


def letters(modalities: Iterable[Modality]) -> str:
    """The modalities of a feature set in the paper's letters: "A+V+T"."""
    present = set(modalities)
    return "+".join(letter for modality, letter in LETTERS.items() if modality in present)


def shown(figures: Iterable[Figure], aggregate: Aggregate) -> str:
    """What stands in a cell, for the caption."""
    counts = sorted({len(figure.summary.seeds) for figure in figures if figure.summary})
    if not counts or counts == [1]:
        return "one seed"
    seeds = f"{counts[0]} seeds" if len(counts) == 1 else f"{counts[0]} to {counts[-1]} seeds"
    match aggregate:
        case "mean":
            return f"mean ± standard deviation over {seeds}"
        case "best":
            return f"best of {seeds}"
        case "median":
            return f"median of {seeds}"


def aside(figures: Iterable[Figure], view: View) -> str:
    """What stands beside each figure: the best seed in parentheses, the paper in brackets."""
    known = tuple(figures)
    has_best = view.aggregate != "best" and any(f.summary and len(f.summary.seeds) > 1 for f in known)
    best = "In parentheses: the best seed." if has_best else ""
    return f"{best} {paper_words(known)}".strip()


def paper_words(values: Iterable[Figure | Count]) -> str:
    """How to read the paper's figure beside ours, where there is one."""
    compared = any(value.published is not None for value in values)
    return "In brackets: the paper's figure, ours minus the paper's." if compared else ""


def paper_notes(view: View, number: str, targets: tuple[str, ...]) -> tuple[str, ...]:
    """What to know about the paper's own figures in one table, when they are compared."""
    return published.load().notes_on(number, targets) if view.compare == "paper" else ()


def reference_block(
    results: RunResults, targets: tuple[str, ...], partitions: tuple[Partition, ...]
) -> tuple[Block, ...]:
    """The predictors without a temporal model, one a row, a column for each target and partition; () without any."""
    scores = {(r.name, r.features, r.target): r for r in results.references if r.target in targets}
    if not scores:
        return ()
    kinds = {(r.features is not None, name, features or ""): r.title for (name, features, _), r in scores.items()}
    columns = (
        Column("Reference", "reference"),
        Column("Features", "features"),
        *(Column(p, group=target, where={"target": target, "partition": p}) for target in targets for p in partitions),
    )
    rows = []
    for (reads, name, features), title in sorted(kinds.items()):
        label: Value = FeatureSet(features) if reads else Blank()
        found = (scores.get((name, features or None, target)) for target in targets)
        figures = [_reference_figure(results, score, partition) for score in found for partition in partitions]
        rows.append(Row((Text(title), label, *figures)))
    return (Block("references", columns, tuple(rows), "Reference predictors"),)


def _reference_figure(results: RunResults, score: ReferenceScore | None, partition: Partition) -> Figure:
    if score is None:
        return Figure(None, gap=Gap("pending", "not computed yet"))
    value = score.test if partition == "test" else score.devel
    if value is None:
        return Figure(None, gap=MASKED_TEST)
    return Figure(value, marks=marks(score.versions, results.versions, "computed"))
