"""One feature CSV of one video, parsed fast when it is right."""

import csv
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search_spaces.corpus import Defect, FeatureTable
from search_spaces.datasets._feature_rows import read_carefully
from search_spaces.datasets._files import read_bytes, relative

META = ("timestamp", "segment_id")
_EXACT = 2.0**53  # above it float64, as which the fast pass parses, skips whole numbers


def read_file(root: Path, path: Path) -> tuple[FeatureTable | None, tuple[Defect, ...]]:
    """The table of a file, or every defect in it.

    The fast pass only accepts what is right in every cell. Whatever it does not accept is read again row by row, which
    says what is wrong and where; the slow pass decides.
    """
    data, unreadable = read_bytes(root, path)
    if unreadable:
        return None, (unreadable,)
    header = _header(data)
    if header[:2] != META or len(header) < 3:
        wanted = "a header timestamp,segment_id and at least one feature column"
        found = ",".join(header[:3]) + (",…" if len(header) > 3 else "")
        return None, (Defect(relative(root, path), "row 1", wanted, found),)
    table = _read_fast(data, header[2:])
    if table is not None:
        return table, ()
    return read_carefully(relative(root, path), path.stem, data, header[2:])


def _header(data: bytes) -> tuple[str, ...]:
    end = data.find(b"\n")
    line = data if end < 0 else data[: end + 1]
    text = line.decode("utf-8-sig", errors="replace")
    return tuple(cell.strip() for cell in next(csv.reader(io.StringIO(text, newline="")), ()))


def _read_fast(data: bytes, columns: tuple[str, ...]) -> FeatureTable | None:
    import pandas as pd  # noqa: PLC0415 - a command that only lists readers must not pay for it

    try:
        frame = pd.read_csv(io.BytesIO(data), header=None, skiprows=1, dtype=np.float64, low_memory=False)
    except ValueError:  # pandas' own parser errors are ValueErrors
        return None
    cells = frame.to_numpy()
    if cells.shape[1] != len(columns) + 2:
        return None
    with np.errstate(over="ignore"):  # what does not fit becomes infinite and is refused below
        values: NDArray[np.float32] = np.ascontiguousarray(cells[:, 2:], dtype=np.float32)
    meta = cells[:, :2]
    if not (np.isfinite(values).all() and (np.abs(meta) < _EXACT).all() and (meta == np.rint(meta)).all()):
        return None
    timestamps, segment_ids = meta.astype(np.int64).T
    blocks = np.count_nonzero(np.diff(segment_ids)) + 1
    if segment_ids.min() < 1 or blocks != len(np.unique(segment_ids)) or (np.diff(timestamps) <= 0).any():
        return None
    return FeatureTable(np.ascontiguousarray(timestamps), np.ascontiguousarray(segment_ids), values, columns)
