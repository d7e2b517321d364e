"""Table VI: the official baseline's network against the multitask run, on devel and on test."""

import statistics
from typing import get_args

from results import published, select
from results.footnotes import Gap, Mark
from results.records import Branch, TrialRecord
from results.run_results import Entry, RunResults, TestScore
from results.summary import single
from results.table import Block, Column, Figure, Row, Table, Text, View
from results.tables._parts import (
    MASKED_TEST,
    aside,
    figure_of,
    marks_of,
    nothing_yet,
    paper_notes,
    reference_block,
    shown,
    with_places,
)
from results.versions import marks
from search_spaces.corpus import Partition

NUMBER = "VI"
_PARTITIONS: tuple[Partition, ...] = ("devel", "test")
_ENTRIES: tuple[Entry, ...] = get_args(Entry)
_COLUMNS = (
    Column("Emotion", "target"),
    Column("Partition", "partition"),
    Column("Baseline", where={"entry": "baseline"}),
    Column("Proposed", where={"entry": "multitask"}),
)
COMBINED = "mean of targets"


def build(results: RunResults, view: View) -> Table:
    """Every target on devel and test, then the mean of the targets.

    Raises:
        SweepError: neither a baseline nor a multitask run has a record.
    """
    if not (results.baselines or results.multitask):
        raise nothing_yet(NUMBER, "one finished baseline or multitask run")
    rows = tuple(_row(target, part, results, view) for part in _PARTITIONS for target in results.targets)
    devel = [v for row in rows if row.values[1] == Text("devel") for v in row.values if isinstance(v, Figure)]
    if len(results.targets) > 1:
        rows += tuple(_combined(part, rows) for part in _PARTITIONS)
    caption = (
        f"Macro-F1 (%) on devel ({shown(devel, view.aggregate)}) and on test (one model a target, the seed that is "
        f"best on devel). The better of each row is bold."
    )
    blocks = (Block("submission", _COLUMNS, rows), *reference_block(results, results.targets, _PARTITIONS))
    return Table(NUMBER, caption, blocks, aside(devel, view), (*_notes(results), *paper_notes(view, NUMBER)))


def _row(target: str, partition: Partition, results: RunResults, view: View) -> Row:
    figures = tuple(_figure(entry, target, partition, results, view) for entry in _ENTRIES)
    return Row((Text(target), Text(partition), *with_places(figures)))


def _figure(entry: Entry, target: str, partition: Partition, results: RunResults, view: View) -> Figure:
    printed = published.load().submission(target, partition)
    paper = (printed.baseline if entry == "baseline" else printed.proposed) if printed else None
    if partition == "devel":
        hole = next((h for h in results.holes if h.cell.target == target and _is_entry(h.cell.branches, entry)), None)
        return figure_of(results, _record(entry, target, results), hole, view, paper)
    beside = paper if view.compare == "paper" else None
    score = next((test for test in results.tests if (test.entry, test.target) == (entry, target)), None)
    if score is None:
        return Figure(None, gap=Gap("pending", "test is evaluated once, after the selection"), published=beside)
    if score.scores is None:
        return Figure(None, gap=MASKED_TEST, published=beside)
    summary = single(score.seed, score.scores)
    return Figure(score.scores.macro_f1, summary, published=beside, marks=_marks(score, results))


def _marks(score: TestScore, results: RunResults) -> tuple[Mark, ...]:
    """Of the record whose seed was evaluated."""
    records = results.multitask if score.entry == "multitask" else results.baselines
    found = next((record for record in records if record.cell == score.cell), None)
    return () if found is None else marks(found.versions, results.versions)


def _record(entry: Entry, target: str, results: RunResults) -> TrialRecord | None:
    """The record behind one entry; of several baselines the one that would be submitted: the best on devel."""
    return select.submitted(results.multitask if entry == "multitask" else results.baselines, target)


def _is_entry(branches: tuple[Branch, ...], entry: Entry) -> bool:
    match entry:
        case "multitask":
            return len(branches) > 1
        case "baseline":
            return len(branches) == 1 and branches[0].way == "baseline"


def _combined(partition: Partition, rows: tuple[Row, ...]) -> Row:
    """The mean over targets of the rows above it, ours and the paper's alike; a gap in one is a gap in the mean."""
    of_partition = [row.values[2:] for row in rows if row.values[1] == Text(partition)]
    figures = [_mean(tuple(v for v in entry if isinstance(v, Figure))) for entry in zip(*of_partition, strict=True)]
    return Row((Text(COMBINED), Text(partition), *with_places(tuple(figures))))


def _mean(figures: tuple[Figure, ...]) -> Figure:
    ours = [figure.value for figure in figures if figure.value is not None]
    paper = [figure.published for figure in figures if figure.published is not None]
    gap = next((figure.gap for figure in figures if figure.gap), None)
    return Figure(
        statistics.fmean(ours) if gap is None else None,
        gap=gap,
        published=statistics.fmean(paper) if len(paper) == len(figures) else None,
        marks=() if gap else marks_of(figures),
    )


def _notes(results: RunResults) -> tuple[str, ...]:
    """Which cells the two entries are, and what the combined rows mean."""
    entries = [(entry, _record(entry, target, results)) for entry in _ENTRIES for target in results.targets]
    titles: dict[Entry, str] = {"baseline": "Baseline", "multitask": "Proposed"}
    cells = tuple(f"{titles[entry]}: {record.cell}." for entry, record in entries if record)
    ours = "The mean of targets is our own: the plain mean of the rows above it, for the paper's figures too."
    return (*cells, ours) if len(results.targets) > 1 else cells
