"""The cells of a feature CSV that is right and plainly written, as arrays.

All cells go to pandas as one column, rows told apart beforehand by where their commas and line ends lie: a column costs
pandas more than a cell does, and features are wide. What only a CSV reader could tell is left to `_feature_rows`.
"""

import csv
import io
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from search_spaces.datasets._files import whole

_EXACT = 2.0**53  # above it float64, as which all is parsed, skips whole numbers
_COMMA, _LINE_END, _ZERO = b",\n0"
_BLOCK = 2**20  # bytes of text parsed at a time
_BLANKS = (b" ", b"\t", b"\v", b"\f")
_SHORT = 18  # characters of "timestamp,segment_id" up to which digits alone fit `whole`
_LONG = 64  # beyond it nobody wrote a time and a number


def plain_body(data: bytes) -> bytes | None:
    """The lines below the header, ended by newlines but for the last; None where commas and newlines may mean less."""
    head, line_end, body = data.partition(b"\n")
    if not line_end or not _is_header(head.removesuffix(b"\r")):
        return None
    if b"\r" in body:
        body = body.replace(b"\r\n", b"\n")
    body = body.rstrip(b"\n")
    if not body or b"\r" in body or b'"' in body:
        return None
    if b"+" in body and any(blank in body for blank in _BLANKS):  # pandas reads "+1e 5", which is no number
        return None
    return body


def parse_cells(body: bytes, columns: int) -> tuple[NDArray[np.float64], NDArray[np.float32]] | None:
    """Time and segment (T, 2), and values (T, F); None unless every line is right in every cell by itself.

    Args:
        body: from `plain_body`; of several files too, joined by a line end.
        columns: F, as the header has it.
    """
    meta: list[NDArray[np.float64]] = []
    values: list[NDArray[np.float32]] = []
    for block in _blocks(body):
        numbers = _numbers(block) if _is_lattice(block, columns + 2) else None
        if numbers is None or numbers.size % (columns + 2):
            return None
        cells = numbers.reshape(-1, columns + 2)
        with np.errstate(over="ignore"):  # what does not fit becomes infinite and is refused
            values.append(cells[:, 2:].astype(np.float32))
        meta.append(cells[:, :2].copy())
        if not (np.isfinite(values[-1]).all() and _are_whole(meta[-1])):
            return None
    return np.concatenate(meta), np.concatenate(values) if len(values) > 1 else values[0]


def _are_whole(meta: NDArray[np.float64]) -> bool:
    return bool((np.abs(meta) < _EXACT).all() and (meta == np.rint(meta)).all())


def _is_header(head: bytes) -> bool:
    """Whether a CSV reader would end the first row where the first line ends, and could decode it."""
    if head.count(b'"') % 2 or b"\r" in head:
        return False
    try:
        head.decode()
    except UnicodeDecodeError:
        return False
    return True


def _blocks(body: bytes) -> Iterator[bytes]:
    """The lines in pieces, so that what is made of one stays in the processor's cache, in memory that is used again."""
    start = 0
    while start < len(body):
        end = body.find(b"\n", start + _BLOCK)
        end = len(body) if end < 0 else end
        yield body[start:end]
        start = end + 1


def _is_lattice(body: bytes, width: int) -> bool:
    """Whether every line has as many cells as the header, and starts with two cells that are whole numbers as written.

    Read as float64, "1e3" and "1.00000000000000000001" would be whole numbers too.
    """
    text = np.frombuffer(body, np.uint8)
    ends = np.flatnonzero((text == _COMMA) | (text == _LINE_END))  # where cells end, but for the last one
    if (len(ends) + 1) % width:
        return False
    line_ends = ends[width - 1 :: width]
    if (text[line_ends] != _LINE_END).any() or body.count(b"\n") != len(line_ends):
        return False
    starts = np.concatenate(([0], line_ends + 1))
    lengths = ends[1::width] - starts
    longest = int(lengths.max())
    if longest > _LONG:
        return False
    places = np.arange(longest)
    meta = text.take(starts[:, None] + places, mode="clip")
    digits = (meta - _ZERO < 10) | (meta == _COMMA) | (places >= lengths[:, None])  # below "0", uint8 wraps around
    if longest <= _SHORT and digits.all():
        return True
    spelled = (body[at : at + length] for at, length in zip(starts.tolist(), lengths.tolist(), strict=True))
    return all(whole(cell.strip()) is not None for both in spelled for cell in both.decode("latin-1").split(","))


def _numbers(body: bytes) -> NDArray[np.float64] | None:
    """All cells in reading order, correctly rounded; None where one is no number."""
    import pandas as pd  # noqa: PLC0415 - a command that only lists readers must not pay for it

    try:
        with pd.read_csv(
            io.BytesIO(body.replace(b"\n", b",")),
            header=None,
            sep="\t",
            lineterminator=",",
            dtype=np.float64,
            quoting=csv.QUOTE_NONE,
            na_filter=False,
            skip_blank_lines=False,
            low_memory=False,
            iterator=True,  # spares pandas asking the system how many threads a large file may have
        ) as reader:
            frame = reader.read()
    except ValueError:  # pandas' own parser errors are ValueErrors
        return None
    return frame.to_numpy().reshape(-1) if frame.shape[1] == 1 else None
