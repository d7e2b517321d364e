"""`sweep demo`: everything the paper does, on a sample tree, in minutes."""

import time
from pathlib import Path

from rich.console import Console

from sweep.commands import run, tables
from sweep.commands.data import write_sample
from sweep.commands.ending import Ending
from sweep.commands.run import Options
from sweep.pace import clock
from sweep.plain import tell


def demo(
    folder: Path, options: Options, progress: Console, console: Console, *, space: str = "demo", scale: float = 1.0
) -> Ending:
    """Writes the sample tree, carries the space `demo` out on it and prints Tables I-VI; picks up where it stopped."""
    began = time.monotonic()
    write_sample(folder / "data", progress, scale)
    request = run.Request(
        space=space,
        root=folder / "data",
        path=folder / "run",
        targets=(),
        seeds=None,
        epochs=None,
        device="cpu",
        cache=folder / "cache",
        reader="muse2021",
    )
    ending = run.run(request, options, progress)
    everything = tables.Request(format=None, numbers=(), out=None, compare=None, aggregate="mean")
    tables.tables(folder / "run", everything, console, progress)
    took = clock(time.monotonic() - began)
    if ending.progress.complete:
        tell(console, f"The demo took {took}. Its run is {folder / 'run'}: look into it with `sweep status`.")
    return ending
