"""One feature CSV of one video, read row by row so that whatever is wrong has a row, a segment and a column."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from search_spaces.corpus import Defect, FeatureTable
from search_spaces.datasets._files import Row, rows_of, whole

_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class _Trouble:
    """What is wrong with one row; equal ones of neighbouring rows are told once."""

    row: int
    segment: str
    expected: str
    found: str


@dataclass
class _Seen:
    """What earlier rows of the file held: timestamp -> row, segments in order."""

    rows: dict[int, int] = field(default_factory=dict)
    segments: list[int] = field(default_factory=list)
    last: int | None = None


def read_carefully(
    file: str, video: str, data: bytes, columns: tuple[str, ...]
) -> tuple[FeatureTable | None, tuple[Defect, ...]]:
    """The table, or every defect of the file; a header has been checked and is skipped.

    Args:
        file: what a defect calls the file.
        video: its video.
        data: its bytes.
        columns: the names of the feature columns.
    """
    seen, troubles = _Seen(), list[_Trouble]()
    meta, values = list[tuple[int | None, ...]](), list[NDArray[np.float32]]()
    for number, row in enumerate(rows_of(file, data)):
        if isinstance(row, Defect):
            return None, (row,)
        if number == 0:
            continue
        troubles.extend(_row_troubles(row, columns, seen))
        if not troubles:
            meta.append(tuple(map(whole, row.cells[:2])))
            values.append(np.array([float(cell) for cell in row.cells[2:]], np.float32))
    if troubles:
        return None, tuple(_told(file, video, troubles))
    if not values:
        return None, (Defect(file, f"video {video}", "at least one row below the header", "none"),)
    timestamps, segment_ids = np.array(meta, np.int64).T.copy()
    return FeatureTable(timestamps, segment_ids, np.stack(values), columns), ()


def _row_troubles(row: Row, columns: tuple[str, ...], seen: _Seen) -> Iterator[_Trouble]:
    cells = row.cells
    segment = cells[1] if len(cells) > 1 else "?"
    if len(cells) != len(columns) + 2:
        yield _Trouble(row.number, segment, f"{len(columns) + 2} cells as in the header", str(len(cells)))
    for expected, found in itertools.chain(_time_troubles(row, seen), _segment_troubles(cells[1:2], seen)):
        yield _Trouble(row.number, segment, expected, found)
    if len(cells) == len(columns) + 2:
        kinds: dict[str, list[int]] = {}
        for place, cell in enumerate(cells[2:]):
            if kind := _wrong(cell):
                kinds.setdefault(kind, []).append(place)
        for kind, places in kinds.items():
            first = f"{kind} in column {places[0] + 3} ({columns[places[0]]})"
            more = f" and in {len(places) - 1} more" if len(places) > 1 else ""
            yield _Trouble(row.number, segment, "finite numbers", first + more)


def _time_troubles(row: Row, seen: _Seen) -> Iterator[tuple[str, str]]:
    stamp = whole(row.cells[0])
    if stamp is None:
        yield "a timestamp in whole milliseconds", repr(row.cells[0])
        return
    if stamp in seen.rows:
        yield "each timestamp once", f"{stamp} of row {seen.rows[stamp]} again"
    elif seen.last is not None and stamp < seen.last:
        yield f"a timestamp after {seen.last} (row {seen.rows[seen.last]})", str(stamp)
    seen.rows.setdefault(stamp, row.number)
    seen.last = stamp


def _segment_troubles(cells: tuple[str, ...], seen: _Seen) -> Iterator[tuple[str, str]]:
    segment = whole(cells[0]) if cells else None
    if segment is None or segment < 1:
        yield "a whole segment_id from 1", repr(cells[0]) if cells else "no cell"
        return
    if seen.segments and seen.segments[-1] == segment:
        return
    if segment in seen.segments:
        yield "the rows of a segment together", f"segment {segment} again after segment {seen.segments[-1]}"
    seen.segments.append(segment)


def _wrong(cell: str) -> str | None:
    """What keeps a cell from being a number, or None."""
    if not cell:
        return "a blank"
    try:
        value = float(cell)
    except ValueError:
        return repr(cell)
    if (
        not math.isfinite(value) or "_" in cell or not cell.isascii()
    ):  # Python reads 1_0 and Arabic digits; CSV does not
        return repr(cell)
    with np.errstate(over="ignore"):
        fits = np.isfinite(np.float32(value))
    return None if fits else f"{cell} (beyond float32, at most {_LARGEST:.3g})"


def _told(file: str, video: str, troubles: list[_Trouble]) -> Iterator[Defect]:
    """One defect per run of neighbouring rows of a segment with the same trouble, in the order of the file."""
    troubles.sort(key=lambda trouble: (trouble.expected, trouble.found, trouble.row))
    runs: list[list[_Trouble]] = []
    for trouble in troubles:
        last = runs[-1][-1] if runs else None
        same = last and (last.expected, last.found, last.segment) == (trouble.expected, trouble.found, trouble.segment)
        if last and same and trouble.row == last.row + 1:
            runs[-1].append(trouble)
        else:
            runs.append([trouble])
    for run in sorted(runs, key=lambda run: run[0].row):
        rows = f"row {run[0].row}" if len(run) == 1 else f"rows {run[0].row}-{run[-1].row}"
        where = f"{rows}, video {video}, segment {run[0].segment}"
        yield Defect(file, where, run[0].expected, run[0].found)
