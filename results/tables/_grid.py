"""Tables II–IV are one shape: feature sets down, targets and Ways across."""

from collections.abc import Mapping
from dataclasses import dataclass

from results import published
from results.footnotes import Gap
from results.records import Branch, Cell, Hole, TrialRecord
from results.run_results import GridRow, RunResults
from results.table import Block, Column, FeatureSet, Figure, Row, Table, Text, View
from results.tables._parts import (
    against_probe,
    aside,
    figure_of,
    letters,
    nothing_yet,
    paper_notes,
    probe_of,
    probe_words,
    reference_block,
    shown,
    with_places,
)

_UNRESOLVED = Gap("pending", "its features are chosen from results that are not complete yet")


def grid_table(number: str, what: str, results: RunResults, view: View, targets: tuple[str, ...]) -> Table:
    """The devel F1 of the grid rows of one table; best of each row and target first, runner-up second.

    Args:
        number: the table's number; rows are those that say they stand in it.
        what: what the rows are, for the caption: "unimodal and bimodal features".
        results: the run.
        view: which figure stands for the seeds, and what is set beside it.
        targets: the targets side by side.

    Raises:
        SweepError: no cell of the table has a record.
    """
    cells = _Cells.of(results)
    rows = tuple(_row(line, cells, view, targets) for line in results.rows if number in line.tables)
    figures = [value for row in rows for value in row.values if isinstance(value, Figure)]
    if not any(figure.summary for figure in figures):
        raise nothing_yet(number, f"one finished cell of {what}, target {' or '.join(targets) or '(none)'}")
    columns = (
        Column("Features", "features"),
        Column("Modalities", "modalities"),
        *(
            Column(way, group=t, where={"target": t, "way": way, "partition": "devel"})
            for t in targets
            for way in results.ways
        ),
    )
    caption = (
        f"Devel macro-F1 (%) of {what}: {shown(figures, view.aggregate)}. The best of each row"
        f"{' and target' if len(targets) > 1 else ''} is bold, the runner-up underlined."
    )
    caption += probe_words(figures)
    blocks = (Block("grid", columns, rows), *reference_block(results, targets, ("devel",)))
    return Table(number, caption, blocks, aside(figures, view), paper_notes(view, number, targets))


@dataclass(frozen=True)
class _Cells:
    """What is known of every cell, to be looked up: a grid may have thousands."""

    results: RunResults
    records: Mapping[Cell, TrialRecord]
    holes: Mapping[Cell, Hole]

    @classmethod
    def of(cls, results: RunResults) -> "_Cells":
        records = {record.cell: record for record in results.records}
        return cls(results, records, {hole.cell: hole for hole in results.holes})


def _row(line: GridRow, cells: _Cells, view: View, targets: tuple[str, ...]) -> Row:
    figures = [figure for target in targets for figure in _figures(line, cells, view, target)]
    label = Text(line.slot) if line.features is None else FeatureSet(line.features)
    return Row((label, Text(letters(line.modalities)), *figures), line.group)


def _figures(line: GridRow, cells: _Cells, view: View, target: str) -> tuple[Figure, ...]:
    if line.features is None:
        return tuple(Figure(None, gap=_UNRESOLVED) for _ in cells.results.ways)
    paper, probe = published.load(), probe_of(cells.results, target)
    figures = []
    for way in cells.results.ways:
        cell = Cell(target=target, branches=(Branch(features=line.features, way=way),))
        printed = paper.grid_figure(target, line.features, way)
        figure = figure_of(cells.results, cells.records.get(cell), cells.holes.get(cell), view, printed)
        figures.append(against_probe(figure, probe))
    return with_places(tuple(figures))
