"""`sweep plan`: what a run would train, and what that takes; measured on a few batches, trains no cell."""

import json

from pydantic import JsonValue
from rich.console import Console
from rich.table import Table

from search_spaces.grid import Grid, expand, expand_baseline
from search_spaces.resolution import Resolution
from search_spaces.space import Space, load_space
from sweep import derived
from sweep.buildable import check_buildable
from sweep.commands.run import Request
from sweep.forecast import Forecast, forecast
from sweep.opened import asked_identity, open_data
from sweep.pace import clock, expected_epochs
from sweep.plain import tell


def plan(request: Request, workers: int, as_json: bool, console: Console, errors: Console) -> None:
    """Prints the cells of a run by Way, how long they take as a rule, at least and at most, and how much memory.

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
    found = forecast(space, data, targets, grid.rows, baseline.rows, workers)
    if as_json:
        console.out(json.dumps(_plain(space, targets, grid, found), indent=1), highlight=False)
    else:
        _print(space, targets, grid, found, console)


def _plain(space: Space, targets: tuple[str, ...], grid: Grid, found: Forecast) -> JsonValue:
    return {
        "space": space.name,
        "targets": list(targets),
        "feature_sets": [row.features or row.slot for row in grid.rows],
        "grid_cells": len(grid.rows) * len(space.ways) * len(targets),
        "ways": [{"way": line.way, "cells": line.cells, "epoch_s": line.epoch_s} for line in found.lines],
        "cells": found.cells,
        "seeds": space.settings.seeds,
        "epochs_expected": expected_epochs(space.settings),
        "workers": found.workers,
        "hours_least": found.hours_least,
        "hours_expected": found.hours_expected,
        "hours_most": found.hours_most,
        "worker_memory_mb": found.worker_mb,
        "memory_mb": found.memory_mb,
    }


def _print(space: Space, targets: tuple[str, ...], grid: Grid, found: Forecast, console: Console) -> None:
    settings = space.settings
    least, expected, most = (
        clock(3600 * hours) for hours in (found.hours_least, found.hours_expected, found.hours_most)
    )
    console.print(_table(found))
    tell(
        console,
        f"{found.cells} cells, of which the grid is {len(grid.rows)} feature sets x {len(space.ways)} Ways x "
        f"{len(targets)} targets; {settings.seeds} seeds a cell, at most {settings.epochs} epochs, as a rule "
        f"{expected_epochs(settings):.0f}.\n"
        f"With --workers {found.workers}: about {expected} ({least} if every seed stops as early as it may, {most} if "
        f"none stops early), and about {found.memory_mb / 1024:.1f} GB of memory.",
    )


def _table(found: Forecast) -> Table:
    table = Table(title="Plan", title_justify="left")
    table.add_column("Way")
    for name in ("cells", "seconds per epoch and seed"):
        table.add_column(name, justify="right")
    for line in found.lines:
        table.add_row(line.way, str(line.cells), f"{line.epoch_s:.2f}")
    return table
