"""Table VI: the official baseline's network against the multitask run, on devel and on test.

The late fusions beside them are ours, and compete with nobody: on devel they were chosen by the figure they show.
"""

import statistics
from typing import get_args

from results import published, select
from results.conclusions import RULES
from results.findings import FusionRule
from results.footnotes import Gap, Mark
from results.records import Branch, TrialRecord
from results.run_results import Entry, RunResults, TestScore
from results.summary import single
from results.table import Block, Column, Figure, Row, Table, Text, View
from results.tables._parts import (
    MASKED_TEST,
    STATISTICS_WAIT,
    aside,
    figure_of,
    fused,
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
_TITLES: dict[Entry, str] = {"baseline": "Baseline", "multitask": "Proposed"}
_COLUMNS = (Column("Emotion", "target"), Column("Partition", "partition"))
COMBINED = "mean of targets"


def build(results: RunResults, view: View) -> Table:
    """Every target on devel and test, then the mean of the targets.

    Raises:
        SweepError: neither a baseline nor a multitask run has a record.
    """
    if not (results.baselines or results.multitask):
        raise nothing_yet(NUMBER, "one finished baseline or multitask run")
    entries = _entries(results)
    rules = tuple(dict.fromkeys(fusion.rule for found in results.findings for fusion in found.fusions))
    rows = tuple(
        _row(target, part, (entries, rules), results, view) for part in _PARTITIONS for target in results.targets
    )
    devel = [v for row in rows if row.values[1] == Text("devel") for v in row.values if isinstance(v, Figure)]
    if len(results.targets) > 1:
        rows += tuple(_combined(part, rows, len(entries)) for part in _PARTITIONS)
    caption = (
        f"Macro-F1 (%) on devel ({shown(devel, view.aggregate)}) and on test (one model a target, the seed that is "
        f"best on devel). The better {'of baseline and proposed' if rules else 'of each row'} is bold."
    )
    columns = (
        *_COLUMNS,
        *(Column(_TITLES[entry], where={"entry": entry}) for entry in entries),
        *(Column(RULES[rule], group="Late fusion", where={"entry": RULES[rule]}) for rule in rules),
    )
    blocks = (Block("submission", columns, rows), *reference_block(results, results.targets, _PARTITIONS))
    known = [value for row in rows for value in row.values if isinstance(value, Figure)]
    notes = (*_notes(results), *paper_notes(view, NUMBER, results.targets))
    return Table(NUMBER, caption, blocks, aside(known, view), notes)


def _entries(results: RunResults) -> tuple[Entry, ...]:
    """What stands side by side: a space may train no baseline, which is known once its rows are."""
    baseline = results.baselines or any(_is_entry(hole.cell.branches, "baseline") for hole in results.holes)
    known = all(row.features is not None for row in results.rows)
    return tuple(entry for entry in get_args(Entry) if entry != "baseline" or baseline or not known)


def _row(
    target: str,
    partition: Partition,
    columns: tuple[tuple[Entry, ...], tuple[FusionRule, ...]],
    results: RunResults,
    view: View,
) -> Row:
    entries, rules = columns
    figures = tuple(_figure(entry, target, partition, results, view) for entry in entries)
    fusions = (_fusion(rule, target, partition, results, view) for rule in rules)
    return Row((Text(target), Text(partition), *with_places(figures), *fusions))


def _fusion(rule: FusionRule, target: str, partition: Partition, results: RunResults, view: View) -> Figure:
    fusions = (fusion for found in results.findings if found.target == target for fusion in found.fusions)
    fusion = next((fusion for fusion in fusions if fusion.rule == rule), None)
    if fusion is None:
        return Figure(None, gap=STATISTICS_WAIT)
    devel = fused(results, fusion, view)
    if partition == "devel" or devel.summary is None:
        return devel
    if fusion.test is None:
        return Figure(None, gap=MASKED_TEST)
    return Figure(fusion.test.macro_f1, single(devel.summary.best_seed, fusion.test), marks=devel.marks)


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
    """The record behind one entry: what test was opened for; before that the one that would be submitted."""
    records = results.multitask if entry == "multitask" else results.baselines
    opened = next((test.cell for test in results.tests if (test.entry, test.target) == (entry, target)), None)
    scored = next((record for record in records if record.cell == opened), None)
    return scored or select.submitted(records, target)


def _is_entry(branches: tuple[Branch, ...], entry: Entry) -> bool:
    match entry:
        case "multitask":
            return len(branches) > 1
        case "baseline":
            return len(branches) == 1 and branches[0].way == "baseline"


def _combined(partition: Partition, rows: tuple[Row, ...], entries: int) -> Row:
    """The mean over targets of the rows above it, ours and the paper's alike; a gap in one is a gap in the mean."""
    of_partition = [row.values[2:] for row in rows if row.values[1] == Text(partition)]
    figures = [_mean(tuple(v for v in entry if isinstance(v, Figure))) for entry in zip(*of_partition, strict=True)]
    return Row((Text(COMBINED), Text(partition), *with_places(tuple(figures[:entries])), *figures[entries:]))


def _mean(figures: tuple[Figure, ...]) -> Figure:
    ours = [figure.value for figure in figures if figure.value is not None]
    paper = [figure.published for figure in figures if figure.published is not None]
    gap = next((figure.gap for figure in figures if figure.gap), None)
    return Figure(
        statistics.fmean(ours) if gap is None else None,
        gap=gap,
        published=statistics.fmean(paper) if len(paper) == len(figures) else None,
        marks=() if gap else marks_of(figures),
        aggregate=figures[0].aggregate,
    )


def _notes(results: RunResults) -> tuple[str, ...]:
    """Which cells the two entries are, and what the combined rows mean."""
    entries = [(entry, _record(entry, target, results)) for entry in _TITLES for target in results.targets]
    cells = tuple(f"{_TITLES[entry]}: {record.cell}." for entry, record in entries if record)
    ours = "The mean of targets is our own: the plain mean of the rows above it, for the paper's figures too."
    return (*cells, ours) if len(results.targets) > 1 else cells
