"""Table V: the multitask run of each target's two best cells, beside the main cell trained alone.

Below it what is ours: late fusions of the same cells, and what is left of a winner's F1 once it is scored on videos
that did not choose it.
"""

from results import published
from results.conclusions import conclusions, fusion_name
from results.findings import LateFusion
from results.footnotes import Gap
from results.records import Branch, Cell
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
    STATISTICS_WAIT,
    against_probe,
    aside,
    figure_of,
    fused,
    gap_of,
    hole_of,
    marks_of,
    marks_of_cells,
    nothing_yet,
    paper_notes,
    probe_of,
    probe_words,
    reference_block,
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
_CORRECTED_COLUMN = Column(
    "Main alone, corrected", group="F1", where={"partition": "devel", "trained": "main alone, corrected"}
)
_FUSION_COLUMNS = (
    Column("Target", "target"),
    Column("Late fusion", "fusion"),
    Column("Cells", "cells"),
    Column("F1", where={"partition": "devel", "trained": "late fusion"}),
    Column("Corrected", where={"partition": "devel", "trained": "late fusion, corrected"}),
)
_CORRECTED = (
    "Corrected: the mean F1 of the same choice on videos that had no say in it (bootstrap bias correction over "
    "videos), to be compared with other corrected figures only."
)


def build(results: RunResults, view: View) -> Table:
    """One row a target.

    Raises:
        SweepError: no multitask run has a record.
    """
    if not results.multitask:
        raise nothing_yet(NUMBER, "one finished multitask run")
    columns = (*_COLUMNS, _CORRECTED_COLUMN) if results.findings else _COLUMNS
    rows = tuple(_row(target, results, view) for target in results.targets)
    figures = [value for row in rows for value in row.values if isinstance(value, Figure)]
    caption = (
        f"Devel macro-F1 (%) of multitask learning from each target's two best cells: "
        f"{shown(figures, view.aggregate)}. Gain is multitask minus the main cell trained alone, in percentage points."
    )
    caption += probe_words(figures)
    references = reference_block(results, results.targets, ("devel",))
    blocks = (Block("multitask", columns, rows), *_fusions(results, view), *references)
    notes = [sentence for found in results.findings for sentence in conclusions(found)]
    notes += [_CORRECTED] if results.findings else []
    return Table(NUMBER, caption, blocks, aside(figures, view), (*notes, *paper_notes(view, NUMBER, results.targets)))


def _row(target: str, results: RunResults, view: View) -> Row:
    record = next((record for record in results.multitask if record.cell.target == target), None)
    hole = next((h for h in results.holes if h.cell.target == target and len(h.cell.branches) > 1), None)
    cell = record.cell if record else hole.cell if hole else None
    if cell is None:
        nothing = Figure(None, gap=gap_of(None))
        corrected = (nothing,) if results.findings else ()
        return Row((Text(target), *(Blank(),) * 4, nothing, nothing, Difference(None, gap_of(None)), *corrected))
    main, related = cell.branches
    paper = published.load()
    alone_cell = Cell(target=target, branches=(main,))
    joint = figure_of(results, record, hole, view, paper.multitask_figure(target, main, related))
    printed = paper.grid_figure(target, main.features, main.way)
    alone = figure_of(results, results.record(alone_cell), hole_of(results, alone_cell), view, printed)
    gain = Difference(None, joint.gap or alone.gap)
    if joint.value is not None and alone.value is not None:
        gain = Difference(joint.value - alone.value, marks=marks_of((joint, alone)))
    probe = probe_of(results, target)
    places = (against_probe(figure, probe) for figure in with_places((joint, alone)))
    pair = (value for branch in (main, related) for value in (FeatureSet(branch.features), Text(branch.way)))
    values: tuple[Value, ...] = (
        Text(target),
        *pair,
        *places,
        gain,
        *_corrected(main, results, target),
    )
    return Row(values)


def _corrected(main: Branch, results: RunResults, target: str) -> tuple[Figure, ...]:
    """What is left of the main cell's F1; () where no target has statistics."""
    if not results.findings:
        return ()
    found = next((found for found in results.findings if found.target == target), None)
    if found is None or found.best is None:
        return (Figure(None, gap=STATISTICS_WAIT),)
    cell = Cell(target=target, branches=(main,))
    if cell in found.left_out:
        return (Figure(None, gap=Gap("failed", "its predictions are lost")),)
    if found.best.cell != cell:
        return (Figure(None, gap=Gap("pending", f"the best cell is {found.best.cell.branches[0]} by now")),)
    return (Figure(found.best.corrected, marks=marks_of_cells(results, (cell,))),)


def _fusions(results: RunResults, view: View) -> tuple[Block, ...]:
    """One row a target and rule; () before the statistics."""
    rows = tuple(_fusion(found.target, fusion, results, view) for found in results.findings for fusion in found.fusions)
    return (Block("late fusion", _FUSION_COLUMNS, rows, "Late fusion of stored predictions"),) if rows else ()


def _fusion(target: str, fusion: LateFusion, results: RunResults, view: View) -> Row:
    devel = fused(results, fusion, view)
    members = ", ".join(
        f"{member.weight} × {member.cell.branches[0]}" if member.weight > 1 else str(member.cell.branches[0])
        for member in fusion.members
    )
    corrected = Figure(fusion.corrected, marks=devel.marks)
    return Row((Text(target), Text(fusion_name(fusion)), Text(members, is_name=True), devel, corrected))
