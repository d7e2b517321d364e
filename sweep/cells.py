"""The cells of a run, step by step, from what is known so far. Values in, values out."""

from collections.abc import Iterable

from results.records import Branch, Cell, TrialRecord
from results.summary import summarize
from search_spaces.grid import expand, expand_baseline
from search_spaces.resolution import Resolution, figure
from search_spaces.space import Space
from search_spaces.stages import BASELINE_WAY


def screening_cells(space: Space, features: Iterable[str], target: str) -> tuple[Cell, ...]:
    """Every raw feature with the screening's Way; none where the space has no screening."""
    if space.screening is None:
        return ()
    return tuple(_cell(target, feature, space.screening.way) for feature in features)


def grid_cells(space: Space, resolution: Resolution, target: str) -> tuple[Cell, ...]:
    """The cells of every row that is known by now, row by row."""
    rows = expand(space, resolution).rows
    return tuple(_cell(target, row.features, way) for row in rows if row.features for way in space.ways)


def baseline_cells(space: Space, resolution: Resolution, target: str) -> tuple[Cell, ...]:
    """The official baseline's network on the space's baseline rows that are known by now."""
    rows = expand_baseline(space, resolution).rows
    return tuple(_cell(target, row.features, BASELINE_WAY) for row in rows if row.features)


def row_figures(records: Iterable[TrialRecord], ways: int, targets: int) -> dict[str, float]:
    """Feature set -> its figure, of the rows whose every cell is measured.

    Args:
        records: of single-branch cells, all targets.
        ways: cells a row has per target.
        targets: how many.
    """
    rows: dict[str, dict[str, list[float]]] = {}
    for record in records:
        by_target = rows.setdefault(record.cell.branches[0].features, {})
        by_target.setdefault(record.cell.target, []).append(summarize(record).mean)
    return {
        features: figure(by_target)
        for features, by_target in rows.items()
        if len(by_target) == targets and all(len(cells) == ways for cells in by_target.values())
    }


def _cell(target: str, features: str, way: str) -> Cell:
    return Cell(target=target, branches=(Branch(features=features, way=way),))
