"""The cells of a run and the study each belongs to, step by step, from what is known so far. Values in, values out."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from results.records import Branch, Cell
from results.scored import Scored
from results.summary import summarize
from search_spaces.grid import expand, expand_baseline
from search_spaces.resolution import Resolution, figure
from search_spaces.space import Space
from search_spaces.stages import BASELINE_WAY
from sweep.study_names import baseline_study, grid_study, multitask_study, screening_study

Plan = tuple[tuple[str, Cell], ...]
"""Study and cell of everything that a step wants."""


def screening_plan(space: Space, features: Iterable[str], targets: Iterable[str]) -> Plan:
    """Every raw feature with the screening's Way; nothing where the space has no screening."""
    if space.screening is None:
        return ()
    way, names = space.screening.way, tuple(features)
    return tuple((screening_study(target), _cell(target, name, way)) for target in targets for name in names)


def grid_plan(space: Space, resolution: Resolution, targets: Iterable[str]) -> Plan:
    """The rows that are known by now, each with every Way, row by row."""
    rows = [row.features for row in expand(space, resolution).rows if row.features]
    return tuple((grid_study(t), _cell(t, features, way)) for t in targets for features in rows for way in space.ways)


def baseline_plan(space: Space, resolution: Resolution, targets: Iterable[str]) -> Plan:
    """The official baseline's network on the space's baseline rows that are known by now."""
    rows = [row.features for row in expand_baseline(space, resolution).rows if row.features]
    return tuple((baseline_study(t), _cell(t, features, BASELINE_WAY)) for t in targets for features in rows)


def multitask_plan(pairs: Iterable[Cell]) -> Plan:
    """The joint run of each target that has one."""
    return tuple((multitask_study(cell.target), cell) for cell in pairs)


def to_come(space: Space, resolution: Resolution, targets: Sequence[str]) -> dict[str, int]:
    """How many cells of each Way results still to come will name; joint runs are not counted."""
    open_rows = sum(row.features is None for row in expand(space, resolution).rows)
    baselines = sum(row.features is None for row in expand_baseline(space, resolution).rows)
    counts = {**dict.fromkeys(space.ways, open_rows), BASELINE_WAY: baselines}
    return {way: count * len(targets) for way, count in counts.items() if count}


def by_study(plan: Plan) -> Mapping[str, Sequence[Cell]]:
    """The cells of each study, in order."""
    cells: dict[str, list[Cell]] = {}
    for study, cell in plan:
        cells.setdefault(study, []).append(cell)
    return cells


def resolved_slots(space: Space, resolution: Resolution) -> tuple[str, ...]:
    """A line for every slot that has become a feature set by now, and for every slot that cannot."""
    grid = expand(space, resolution)
    resolved = (row for row in grid.rows if row.features not in (None, row.slot))
    return (*(f"{row.slot} is {row.features}" for row in resolved), *(f"left out: {each}" for each in grid.left_out))


def row_figures(records: Iterable[Scored], ways: int, targets: int, *, allow_holes: bool = False) -> dict[str, float]:
    """Feature set -> its figure, of the rows whose every cell is measured.

    Args:
        records: of single-branch cells, all targets.
        ways: cells a row has per target.
        targets: how many.
        allow_holes: let one cell a target stand for a row.
    """
    rows: dict[str, dict[str, list[float]]] = {}
    for record in records:
        by_target = rows.setdefault(record.cell.branches[0].features, {})
        by_target.setdefault(record.cell.target, []).append(summarize(record).mean)
    return {
        features: figure(by_target)
        for features, by_target in rows.items()
        if len(by_target) == targets and (allow_holes or all(len(cells) == ways for cells in by_target.values()))
    }


@cache
def _cell(target: str, features: str, way: str) -> Cell:
    return Cell(target=target, branches=(Branch(features=features, way=way),))
