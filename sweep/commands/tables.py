"""`sweep tables`: the paper's tables, printed or written."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console

from results import render_terminal
from results.render import SUFFIXES, Format, render
from results.run_results import RunResults
from results.summary import Aggregate
from results.table import Table
from results.tables import build_all, build_table
from search_spaces.errors import SweepError
from sweep import atomic, collector
from sweep.collect import run_results
from sweep.opened import open_run, open_studies
from sweep.plain import tell

FORMATS: tuple[Format, ...] = ("csv", "md", "latex")
"""Written to --out where no format is named."""


@dataclass(frozen=True)
class Request:
    """Which tables, how; the format is None where none was named."""

    format: Format | Literal["text"] | None
    numbers: tuple[str, ...]  # all, where none is named
    out: Path | None
    compare: Literal["paper"] | None
    aggregate: Aggregate


def tables(path: Path, request: Request, console: Console, errors: Console) -> None:
    """Prints the tables of a run, or writes one file a table and format.

    Raises:
        SweepError: no run, an unknown table, nothing measured yet, or a folder that cannot be written.
    """
    with collector.at_rest():  # until everything that was read is forgotten again
        _tables(path, request, console, errors)


def _tables(path: Path, request: Request, console: Console, errors: Console) -> None:
    folder, identity = open_run(path)
    with open_studies(folder) as studies:
        results = run_results(folder, identity, studies, statistics=True)
    built, missing = _build(results, request)
    if results.no_findings:
        missing = (*missing, f"No statistics: {results.no_findings}.")
    for sentence in missing:
        tell(errors, sentence)
    if request.out is not None:
        _write(built, request, request.out, console)
        return
    for number, table in enumerate(built):
        if number:
            console.print()
        if request.format is None or request.format == "text":
            console.print(render_terminal.render(table))
        else:
            console.out(render(table, request.format), end="", highlight=False)  # byte for byte as in a file


def _build(results: RunResults, request: Request) -> tuple[tuple[Table, ...], tuple[str, ...]]:
    if not request.numbers:
        return build_all(results, request.aggregate, request.compare)
    numbers = dict.fromkeys(number.upper() for number in request.numbers)
    return tuple(build_table(number, results, request.aggregate, request.compare) for number in numbers), ()


def _write(built: tuple[Table, ...], request: Request, out: Path, console: Console) -> None:
    if request.format == "text":
        raise SweepError("--format text is for the terminal; --out takes csv, md, latex or html.")
    formats = FORMATS if request.format is None else (request.format,)
    try:
        out.mkdir(parents=True, exist_ok=True)
        for table in built:
            for each in formats:
                path = out / f"table_{table.number}{SUFFIXES[each]}"
                atomic.write_text(path, render(table, each))
                tell(console, str(path))
    except OSError as error:
        raise SweepError(f"--out {out} cannot be written: {error.strerror}.") from error
