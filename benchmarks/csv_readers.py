"""CSV readers over one wide feature file: processor time a MB of text, and whether the float32 values are the sweep's.

    python benchmarks/csv_readers.py FILE [FILE ...] [--rounds 3]

Each reader turns the file into a float32 array of steps by columns, with one thread and its settings for speed. Polars
and simdjson are measured where they are installed; the project needs neither.
"""

import argparse
import importlib.util
import io
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a file, Python finds only its neighbours
os.environ["POLARS_MAX_THREADS"] = "1"  # before it is imported

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from search_spaces.datasets._feature_cells import body_of, parse_cells

Values = NDArray[np.float32]


def sweep(path: Path, width: int) -> Values | None:
    """What the sweep does: all cells as one column of pandas' C engine, and every check on top."""
    body = body_of(path.read_bytes())
    cells = parse_cells(body, width) if body else None
    return None if cells is None else cells[1]


def pandas_defaults(path: Path, width: int) -> Values | None:
    """As the official baseline reads."""
    return pd.read_csv(path).iloc[:, 2:].to_numpy(np.float32)


def pandas_c(path: Path, width: int) -> Values | None:
    """The C engine, told everything."""
    table = pd.read_csv(path, header=None, skiprows=1, dtype=np.float64, na_filter=False, low_memory=False)
    return table.iloc[:, 2:].to_numpy(np.float32)


def pandas_pyarrow(path: Path, width: int) -> Values | None:
    """pandas' pyarrow engine."""
    table = pd.read_csv(path, engine="pyarrow", header=None, skiprows=1, dtype=np.float64)
    return table.iloc[:, 2:].to_numpy(np.float32)


def pyarrow(path: Path, width: int) -> Values | None:
    """pyarrow itself, columns copied side by side."""
    from pyarrow import csv, float64  # noqa: PLC0415 - where it is installed

    names = [str(column) for column in range(width + 2)]
    reading = csv.ReadOptions(use_threads=False, column_names=names, skip_rows=1, block_size=2**24)
    table = csv.read_csv(
        path, reading, convert_options=csv.ConvertOptions(column_types=dict.fromkeys(names, float64()))
    )
    values = np.empty((table.num_rows, width), np.float32)
    for column in range(width):
        values[:, column] = table.column(column + 2).to_numpy()
    return values


def polars(path: Path, width: int) -> Values | None:
    """Polars, told every type."""
    import polars as pl  # noqa: PLC0415 - where it is installed

    schema = {str(column): pl.Float64 for column in range(width + 2)}
    table = pl.read_csv(path, has_header=False, skip_rows=1, schema=schema)
    values: Values = table.to_numpy()[:, 2:].astype(np.float32)
    return values


def simdjson(path: Path, width: int) -> Values | None:
    """A JSON reader over the cells as one list, 1 MB at a time; refuses "+1", "1." and ".5", and checks no shape."""
    import simdjson as reader  # noqa: PLC0415 - where it is installed

    body, parser, parts = body_of(path.read_bytes()), reader.Parser(), io.BytesIO()
    for block in body.blocks() if body else ():
        cells = parser.parse(b"[" + block.replace(b"\n", b",") + b"]").as_buffer(of_type="d")
        parts.write(np.frombuffer(cells).reshape(-1, width + 2)[:, 2:].astype(np.float32).data)
    return np.frombuffer(parts.getbuffer(), np.float32).reshape(-1, width)


READERS: tuple[Callable[[Path, int], Values | None], ...] = (
    sweep, pandas_defaults, pandas_c, pandas_pyarrow, pyarrow, polars, simdjson,
)  # fmt: skip
_NEEDS = {"pandas_defaults": "pandas", "pandas_c": "pandas", "pandas_pyarrow": "pyarrow"}  # else what it is called


def main() -> None:
    """Prints a Markdown table a file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    known = [read for read in READERS if importlib.util.find_spec(_NEEDS.get(read.__name__, read.__name__))]
    for path in arguments.files:
        with path.open() as lines:
            width = next(lines).count(",") - 1
        size = path.stat().st_size / 1e6
        print(f"\n{path.name}: {width} columns, {size:.1f} MB\n\n| reader | CPU ms a MB | same values |\n|---|---|---|")
        expected = sweep(path, width)
        assert expected is not None, f"{path} has other cells than a time and {width} numbers"
        for read in known:
            took = [_timed(read, path, width) for _ in range(arguments.rounds)]
            same = all(values is not None and np.array_equal(values, expected) for _, values in took)
            print(f"| {read.__name__} | {1e3 * min(s for s, _ in took) / size:.1f} | {same} |", flush=True)


def _timed(read: Callable[[Path, int], Values | None], path: Path, width: int) -> tuple[float, Values | None]:
    began = time.process_time()
    values = read(path, width)
    return time.process_time() - began, values


if __name__ == "__main__":
    main()
