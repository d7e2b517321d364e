"""The `data` commands: they look at trees and write sample ones; what a command needs is imported when it is called."""
# ruff: noqa: PLC0415 - see sweep.cli

from pathlib import Path
from typing import Annotated

import typer

from sweep import cli_options as option
from sweep import consoles, environment, exit_codes

app = typer.Typer(no_args_is_help=True, help="Look at a data tree, or write a sample one.")


@app.command()
def check(
    tree: option.TreeDir,
    cache: option.CacheDir = None,
    reader: option.Reader = "muse2021",
    as_json: option.Json = False,
) -> None:
    """Find every defect of a tree in one go."""
    from sweep.commands.data import check as find

    if not find(tree, reader, cache or environment.default_cache(), as_json, consoles.prints(), consoles.errors()):
        raise typer.Exit(exit_codes.MISTAKE)


@app.command()
def describe(
    tree: option.TreeDir,
    cache: option.CacheDir = None,
    reader: option.Reader = "muse2021",
    as_json: option.Json = False,
) -> None:
    """Partitions, segments, steps, classes and feature widths of a tree."""
    from sweep.commands.data import describe as show

    show(tree, reader, cache or environment.default_cache(), as_json, consoles.prints(), consoles.errors())


@app.command()
def sample(
    tree: Annotated[Path, typer.Argument(help="A new folder.")],
    scale: Annotated[float, typer.Option("--scale", min=0.01, help="Times as many videos.")] = 1.0,
    real_widths: Annotated[
        bool, typer.Option("--real-widths", help="As many columns as the challenge's features: some 25 times the size.")
    ] = False,
) -> None:
    """Write a sample tree: seven features named as in the paper, made-up values with something to learn."""
    from sweep.commands.data import write_sample

    write_sample(tree, consoles.prints(), scale, real_widths)
