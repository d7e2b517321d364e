"""`sweep demo`: everything the paper does, on a sample tree, in minutes."""

import time
from pathlib import Path

from rich.console import Console

from results.records import Hole
from sweep.commands import run, tables
from sweep.commands.data import write_sample
from sweep.commands.run import Options
from sweep.tally import clock


def demo(folder: Path, options: Options, progress: Console, console: Console) -> tuple[Hole, ...]:
    """Writes the sample tree, carries the space `demo` out on it and prints Tables I-VI; picks up where it stopped.

    Returns:
        The cells without a record.
    """
    began = time.monotonic()
    write_sample(folder / "data", progress)
    request = run.Request(
        space="demo",
        root=folder / "data",
        path=folder / "run",
        targets=(),
        seeds=None,
        epochs=None,
        device="cpu",
        cache=folder / "cache",
        reader="muse2021",
    )
    _, holes = run.run(request, options, progress)
    everything = tables.Request(format=None, numbers=(), out=None, compare=None, aggregate="mean")
    tables.tables(folder / "run", everything, console, progress)
    took = clock(time.monotonic() - began)
    console.print(f"All done in {took}. The run is {folder / 'run'}; `sweep status {folder / 'run'}` looks into it.")
    return holes
