"""The feature CSVs of videos, parsed fast where they are right."""

import csv
import io
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search_spaces.corpus import Defect, FeatureTable
from search_spaces.datasets._feature_cells import Body, body_of, parse_cells
from search_spaces.datasets._feature_rows import read_carefully
from search_spaces.datasets._files import read_bytes, relative

META = ("timestamp", "segment_id")

Read = tuple[FeatureTable | None, tuple[Defect, ...]]
"""The table of a file, or every defect in it."""


@dataclass(frozen=True)
class FeatureText:
    """A file with a right header: its bytes, and the names of its feature columns."""

    data: bytes
    columns: tuple[str, ...]


def read_files(root: Path, paths: Sequence[Path]) -> list[Read]:
    """The table of every file, or every defect in it.

    The fast pass only accepts what is right in every cell. Whatever it does not accept is read again row by row, which
    says what is wrong and where; the slow pass decides.
    """
    opened = [_open(root, path) for path in paths]
    tables = iter(read_fast([text for text in opened if isinstance(text, FeatureText)]))
    return [_read(root, path, text, tables) for path, text in zip(paths, opened, strict=True)]


def _read(root: Path, path: Path, text: FeatureText | Defect, tables: Iterator[FeatureTable | None]) -> Read:
    if isinstance(text, Defect):
        return None, (text,)
    table = next(tables)
    if table is not None:
        return table, ()
    return read_carefully(relative(root, path), path.stem, text.data, text.columns)


def read_fast(texts: Sequence[FeatureText]) -> list[FeatureTable | None]:
    """The tables of files that are right in every cell and plainly written, with the numbers of the careful pass.

    Files of equal width are parsed as one, since a small one costs less than starting the parser. A value is the
    float32 nearest to the float64 nearest to its text.

    Returns:
        One a file; None where only the careful pass can tell: anything wrong, quoted cells, blank lines between rows.
    """
    bodies = [body for text in texts if (body := body_of(text.data)) is not None]
    widths = {len(text.columns) for text in texts}
    cells = parse_cells(_joined(bodies), *widths) if len(bodies) == len(texts) and len(widths) == 1 else None
    if cells is None:  # something in one of them, or they are no feature's files
        return [None] if len(texts) == 1 else [table for text in texts for table in read_fast([text])]
    meta, values = cells
    rows = itertools.pairwise(itertools.accumulate((body.rows for body in bodies), initial=0))
    return [_table(meta[lo:hi], values[lo:hi], text.columns) for text, (lo, hi) in zip(texts, rows, strict=True)]


def _joined(bodies: Sequence[Body]) -> Body:
    if len(bodies) == 1:
        return bodies[0]
    text = b"\n".join(body.text for body in bodies)
    return Body(text, 0, len(text))


def _table(meta: NDArray[np.float64], values: NDArray[np.float32], columns: tuple[str, ...]) -> FeatureTable | None:
    timestamps, segment_ids = np.ascontiguousarray(meta.T, np.int64)
    return FeatureTable(timestamps, segment_ids, values, columns) if _in_order(timestamps, segment_ids) else None


def _in_order(timestamps: NDArray[np.int64], segment_ids: NDArray[np.int64]) -> bool:
    """Whether time only moves forward, and the steps of a segment stand together."""
    changes = np.flatnonzero(segment_ids[1:] != segment_ids[:-1]) + 1
    firsts = [int(segment_ids[0]), *segment_ids[changes].tolist()]
    return min(firsts) > 0 and len(set(firsts)) == len(firsts) and bool((timestamps[1:] > timestamps[:-1]).all())


def _open(root: Path, path: Path) -> FeatureText | Defect:
    data, unreadable = read_bytes(root, path)
    if unreadable:
        return unreadable
    header = _header(data)
    if header[:2] == META and len(header) > 2:
        return FeatureText(data, header[2:])
    wanted = "a header timestamp,segment_id and at least one feature column"
    return Defect(relative(root, path), "row 1", wanted, ",".join(header[:3]) + (",…" if len(header) > 3 else ""))


def _header(data: bytes) -> tuple[str, ...]:
    end = data.find(b"\n")
    line = data if end < 0 else data[: end + 1]
    text = line.decode("utf-8-sig", errors="replace")
    try:
        return tuple(cell.strip() for cell in next(csv.reader(io.StringIO(text, newline="")), ()))
    except csv.Error as error:  # a line beyond its limits is no header; the message says why
        return (str(error),)
