"""The paper's table as a run fills it in: which cell stands where, known or not. Values in, values out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from results.records import Branch, Cell
from search_spaces.grid import Row, expand, expand_baseline
from search_spaces.resolution import Resolution
from search_spaces.space import Space
from search_spaces.stages import BASELINE_WAY


@dataclass(frozen=True)
class Line:
    """One feature set of the grid.

    Attributes:
        label: the feature set, or how the space spells it while its roles are open.
        cells: target -> its cells, one a Way; empty while its roles are open.
    """

    label: str
    cells: dict[str, tuple[Cell, ...]]


@dataclass(frozen=True)
class Stage:
    """Lines under one heading."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Strip:
    """Cells of one target beside the grid, which have a name and no column: screening, official baseline, joint run."""

    title: str
    target: str
    cells: tuple[tuple[str, Cell], ...]


@dataclass(frozen=True)
class Sheet:
    """Everything a run trains, as far as it is known."""

    targets: tuple[str, ...]
    ways: tuple[str, ...]
    stages: tuple[Stage, ...] = ()
    strips: tuple[Strip, ...] = ()


def sheet_of(space: Space, targets: Sequence[str], resolution: Resolution, cells: Iterable[Cell]) -> Sheet:
    """The sheet of a run.

    Args:
        space: what is trained.
        targets: in the order of the tables.
        resolution: what its roles are by now.
        cells: those that are known to be wanted; a joint run is known by them alone.
    """
    rows = expand(space, resolution).rows
    stages = tuple(
        Stage(title, tuple(_line(row, targets, space.ways) for row in group))
        for title, group in groupby(rows, key=lambda row: row.title)
    )
    joint = [cell for cell in cells if len(cell.branches) > 1]
    screening = _screening(space, targets, resolution, {row.features for row in rows})
    return Sheet(
        tuple(targets),
        space.ways,
        stages,
        (*screening, *_baseline(space, targets, resolution), *_joint(targets, joint)),
    )


def _line(row: Row, targets: Sequence[str], ways: Sequence[str]) -> Line:
    if row.features is None:
        return Line(row.slot, {})
    return Line(row.features, {t: tuple(_cell(t, row.features, way) for way in ways) for t in targets})


def _screening(
    space: Space, targets: Sequence[str], resolution: Resolution, in_grid: set[str | None]
) -> Iterable[Strip]:
    """The raw features that are no line of the grid; the others' cells stand there too."""
    if space.screening is None:
        return
    way = space.screening.way
    names = [name for name in resolution.modalities if not (name in in_grid and way in space.ways)]
    for target in targets:
        if names:
            yield Strip(f"Screening ({way})", target, tuple((name, _cell(target, name, way)) for name in names))


def _baseline(space: Space, targets: Sequence[str], resolution: Resolution) -> Iterable[Strip]:
    names = [row.features for row in expand_baseline(space, resolution).rows if row.features]
    for target in targets:
        if names:
            cells = tuple((name, _cell(target, name, BASELINE_WAY)) for name in names)
            yield Strip("Official baseline", target, cells)


def _joint(targets: Sequence[str], pairs: Sequence[Cell]) -> Iterable[Strip]:
    for target in targets:
        mine = tuple((" & ".join(map(str, pair.branches)), pair) for pair in pairs if pair.target == target)
        if mine:
            yield Strip("Multitask", target, mine)


def _cell(target: str, features: str, way: str) -> Cell:
    return Cell(target=target, branches=(Branch(features=features, way=way),))
