"""Table V: the multitask run of each target's two best cells, beside the main cell trained alone."""

from results import published
from results.records import Cell
from results.run_results import RunResults
from results.table import (
    Blank,
    Block,
    Column,
    Difference,
    FeatureSet,
    Figure,
    Row,
    Table,
    Text,
    Value,
    View,
)
from results.tables._parts import (
    aside,
    figure_of,
    gap_of,
    hole_of,
    marks_of,
    nothing_yet,
    paper_notes,
    shown,
    with_places,
)

NUMBER = "V"
_COLUMNS = (
    Column("Target", "target"),
    Column("Features", "main_features", "Main"),
    Column("Way", "main_way", "Main"),
    Column("Features", "related_features", "Related"),
    Column("Way", "related_way", "Related"),
    Column("Multitask", group="F1", where={"partition": "devel", "trained": "multitask"}),
    Column("Main alone", group="F1", where={"partition": "devel", "trained": "main alone"}),
    Column("Gain", "gain", "F1"),
)


def build(results: RunResults, view: View) -> Table:
    """One row a target.

    Raises:
        SweepError: no multitask run has a record.
    """
    if not results.multitask:
        raise nothing_yet(NUMBER, "one finished multitask run")
    rows = tuple(_row(target, results, view) for target in results.targets)
    figures = [value for row in rows for value in row.values if isinstance(value, Figure)]
    caption = (
        f"Devel macro-F1 (%) of multitask learning from each target's two best cells: "
        f"{shown(figures, view.aggregate)}. Gain is multitask minus the main cell trained alone, in percentage points."
    )
    return Table(
        NUMBER, caption, (Block("multitask", _COLUMNS, rows),), aside(figures, view), paper_notes(view, NUMBER)
    )


def _row(target: str, results: RunResults, view: View) -> Row:
    record = next((record for record in results.multitask if record.cell.target == target), None)
    hole = next((h for h in results.holes if h.cell.target == target and len(h.cell.branches) > 1), None)
    cell = record.cell if record else hole.cell if hole else None
    if cell is None:
        return Row(
            (Text(target), *(Blank(),) * 4, *(Figure(None, gap=gap_of(None)),) * 2, Difference(None, gap_of(None)))
        )
    main, related = cell.branches
    paper = published.load()
    alone_cell = Cell(target=target, branches=(main,))
    joint = figure_of(results, record, hole, view, paper.multitask_figure(target, main, related))
    printed = paper.grid_figure(target, main.features, main.way)
    alone = figure_of(results, results.record(alone_cell), hole_of(results, alone_cell), view, printed)
    gain = Difference(None, joint.gap or alone.gap)
    if joint.value is not None and alone.value is not None:
        gain = Difference(joint.value - alone.value, marks=marks_of((joint, alone)))
    pair = (value for branch in (main, related) for value in (FeatureSet(branch.features), Text(branch.way)))
    values: tuple[Value, ...] = (Text(target), *pair, *with_places((joint, alone)), gain)
    return Row(values)
