"""`sweep plan`: what a run would train, and what that takes; measured on a few batches, trains no cell."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from results.records import Branch
from search_spaces.features import JOIN, Term, parse_feature_set
from search_spaces.grid import Row, expand, expand_baseline
from search_spaces.resolution import Resolution
from search_spaces.slots import Kind, Role, parse_slot
from search_spaces.space import Space, load_space
from search_spaces.stages import BASELINE_WAY
from sweep import derived, estimate
from sweep.buildable import check_buildable
from sweep.commands.run import Request
from sweep.opened import Data, asked_identity, open_data
from sweep.pace import clock
from sweep.plain import tell


@dataclass(frozen=True)
class _Line:
    """One Way of the plan."""

    way: str
    cells: int
    epoch_s: float  # of one seed, on one worker


def plan(request: Request, workers: int, as_json: bool, console: Console, errors: Console) -> None:
    """Prints the cells of a run by Way, and how long they take at least and at most.

    Early stopping decides between the two: a seed trains at least patience + 1 epochs and at most all of them.

    Args:
        request: as for a run; nothing is written but the cache of packed arrays.
        workers: trials at a time.
        as_json: for scripts.
        console: gets the plan.
        errors: gets remarks.

    Raises:
        SweepError: what a run would refuse.
    """
    space = load_space(request.space).with_overrides(seeds=request.seeds, epochs=request.epochs)
    check_buildable(space)
    data = open_data(request.root, request.reader, request.cache)
    for line in (*data.repaired, *derived.discard_damaged(data.store, space.settings)):
        tell(errors, line)
    targets = asked_identity(space, data, request.targets, "cpu").targets
    unscreened = Resolution(modalities=dict(data.modalities))
    grid, baseline = expand(space, unscreened), expand_baseline(space, unscreened)
    for left_out in (*grid.left_out, *baseline.left_out):
        tell(errors, f"left out: {left_out}")
    lines = tuple(_lines(space, data, targets, grid.rows, baseline.rows))
    least, most = _hours(space, lines, workers)
    memory = estimate.memory_mb() * workers
    if as_json:
        plain = {
            "space": space.name,
            "targets": targets,
            "feature_sets": [row.features or row.slot for row in grid.rows],
            "grid_cells": len(grid.rows) * len(space.ways) * len(targets),
            "ways": [{"way": line.way, "cells": line.cells, "epoch_s": line.epoch_s} for line in lines],
            "cells": sum(line.cells for line in lines),
            "seeds": space.settings.seeds,
            "workers": workers,
            "hours_least": least,
            "hours_most": most,
            "memory_mb": memory,
        }
        console.out(json.dumps(plain, indent=1), highlight=False)
        return
    console.print(_table(lines))
    seeds, epochs = space.settings.seeds, space.settings.epochs
    tell(
        console,
        f"{sum(line.cells for line in lines)} cells, of which the grid is {len(grid.rows)} feature sets x "
        f"{len(space.ways)} Ways x {len(targets)} targets; {seeds} seeds a cell, at most {epochs} epochs.\n"
        f"With --workers {workers}: {clock(least * 3600)} if every seed stops as early as it may, "
        f"{clock(most * 3600)} if none stops early; about {memory / 1024:.1f} GB of memory.",
    )


def _lines(
    space: Space, data: Data, targets: tuple[str, ...], grid: tuple[Row, ...], baseline: tuple[Row, ...]
) -> Iterable[_Line]:
    widest = _widest(data, (row.features for row in (*grid, *baseline)))
    for way in (*space.ways, *([BASELINE_WAY] if baseline else [])):
        cells = len(targets) * (len(baseline) if way == BASELINE_WAY else len(grid))
        if space.screening is not None and way == space.screening.way:
            adopted = sum(_is_screened(row) for row in grid)  # trained by the screening already
            cells += len(targets) * (len(data.modalities) - adopted)
        yield _Line(way, cells, _epoch_s(space, data, targets, Branch(features=widest, way=way)))
    if space.multitask and len(space.ways) > 1:
        branches = [Branch(features=widest, way=way) for way in space.ways]
        yield _Line("multitask", len(targets), 2 * max(_epoch_s(space, data, targets, each) for each in branches))


def _is_screened(row: Row) -> bool:
    """Whether a row is one raw feature, whichever that will be."""
    match parse_slot(row.slot):
        case (Term(_, reduced) | Role(Kind.BEST | Kind.NEXT, _, reduced),):
            return not reduced
        case _:
            return False


def _epoch_s(space: Space, data: Data, targets: tuple[str, ...], branch: Branch) -> float:
    speed = estimate.measure(data.store, targets[0], branch, space.settings)
    loads = [estimate.workload(data.store, target, space.settings) for target in targets]
    return sum(speed.epoch_s(load.train_steps, load.devel_steps) for load in loads) / len(loads)


def _widest(data: Data, known: Iterable[str | None]) -> str:
    """A feature set to time: raw features only, so that no PCA is fitted for a plan."""
    names = {term.feature for features in known if features for term in parse_feature_set(features)}
    chosen = [name for name in data.modalities if name in names] or list(data.modalities)
    return JOIN.join(chosen[:3])


def _hours(space: Space, lines: tuple[_Line, ...], workers: int) -> tuple[float, float]:
    settings = space.settings
    epoch_s = sum(line.cells * line.epoch_s for line in lines) * settings.seeds / workers
    return epoch_s * min(settings.patience + 1, settings.epochs) / 3600, epoch_s * settings.epochs / 3600


def _table(lines: tuple[_Line, ...]) -> Table:
    table = Table(title="Plan", title_justify="left")
    table.add_column("Way")
    for name in ("cells", "seconds per epoch and seed"):
        table.add_column(name, justify="right")
    for line in lines:
        table.add_row(line.way, str(line.cells), f"{line.epoch_s:.2f}")
    return table
