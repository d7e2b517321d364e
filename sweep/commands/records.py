"""`sweep records`: everything a run has recorded, for other programs."""

import io
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.console import Console

from results import long_format
from results.run_results import RunResults
from results.seed_runs import seed_rows
from search_spaces.errors import SweepError
from sweep import atomic, extras, new_folder
from sweep.collect import run_results
from sweep.opened import open_run, open_studies
from sweep.plain import tell

_SUFFIXES = (".csv", ".parquet")


@dataclass(frozen=True)
class Request:
    """What to write where."""

    out: Path | None  # .csv or .parquet
    curves: bool  # one row an epoch there
    tensorboard: Path | None  # folder of event files


def records(path: Path, request: Request, console: Console, errors: Console) -> None:
    """Writes the records of a run to a file, its curves as event files, or both.

    Raises:
        SweepError: nothing to write to or nothing recorded, a file of another kind, a library that is not installed.
    """
    _refuse(request)
    folder, identity = open_run(path)
    with open_studies(folder) as studies:
        results = run_results(folder, identity, studies, statistics=request.out is not None and not request.curves)
    if not (results.records or results.screening or results.baselines):
        raise SweepError(f"{folder.path} has no record yet. `sweep status {folder.path}` shows how far it is.")
    if results.no_findings:
        tell(errors, f"No intervals: {results.no_findings}")
    if request.out is not None:
        _write_frame(results, request.out, request.curves, console)
    if request.tensorboard is not None:
        _write_events(results, request.tensorboard, console)


def _refuse(request: Request) -> None:
    if request.out is None and request.tensorboard is None:
        raise SweepError("`sweep records` needs --out FILE.csv, --out FILE.parquet or --tensorboard DIR.")
    if request.out is not None and request.out.suffix.lower() not in _SUFFIXES:
        raise SweepError(f"--out must end in {' or '.join(_SUFFIXES)}. Found {request.out}.")
    if request.out is not None and not request.out.absolute().parent.is_dir():
        raise SweepError(f"--out {request.out} cannot be written: there is no folder {request.out.parent}.")
    if request.out is not None and request.out.suffix.lower() == ".parquet":
        extras.need("pyarrow", "report", "Parquet")
    if request.tensorboard is not None:
        extras.need("tensorboard", "dashboard", "--tensorboard")


def _write_frame(results: RunResults, out: Path, curves: bool, console: Console) -> None:
    frame = long_format.curves(results) if curves else long_format.records(results)
    content = _parquet(frame) if out.suffix.lower() == ".parquet" else long_format.to_csv(frame).encode()
    atomic.write_bytes(out, content)
    tell(console, f"{len(frame)} rows, {len(frame.columns)} columns: {out}")


def _parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, engine="pyarrow", index=False)
    return buffer.getvalue()


def _write_events(results: RunResults, out: Path, console: Console) -> None:
    from sweep import event_files  # noqa: PLC0415 - tensorboard is an extra

    count = 0
    with new_folder.filling(out, "--tensorboard") as half:
        for row in seed_rows(results):
            event_files.write(half, row)
            count += 1
    tell(console, f"{count} event files; see them with: tensorboard --logdir {out}")
