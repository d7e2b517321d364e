"""The cells of a feature CSV that is right and plainly written, as arrays.

All cells go to pandas as one column, rows told apart beforehand by where their commas and line ends lie: a column costs
pandas more than a cell does, and features are wide. What only a CSV reader could tell is left to `_feature_rows`.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search_spaces.datasets._files import whole

_EXACT = 2.0**53  # above it float64, as which all is parsed, skips whole numbers
_COMMA, _LINE_END, _ZERO = b",\n0"
_BLOCK = 2**20  # bytes of text parsed at a time
_BLANKS = (b" ", b"\t", b"\v", b"\f")
_SHORT = 18  # characters of "timestamp,segment_id" up to which digits alone fit `whole`
_LONG = 64  # beyond it nobody wrote a time and a number


@dataclass(frozen=True)
class Body:
    """The lines below a file's header, without the last line end; where they lie, for a copy is as large again."""

    data: bytes
    start: int
    end: int

    @property
    def text(self) -> bytes:
        """The lines themselves, a copy."""
        return self.data[self.start : self.end]

    @property
    def rows(self) -> int:
        """How many lines."""
        return self.data.count(b"\n", self.start, self.end) + 1

    def blocks(self) -> Iterator[bytes]:
        """The lines in pieces, so that what is made of one stays in the processor's cache; ended by newlines alone."""
        start = self.start
        while start < self.end:
            stop = self.data.find(b"\n", start + _BLOCK, self.end)
            stop = self.end if stop < 0 else stop
            block = self.data[start:stop]
            yield (block + b"\n").replace(b"\r\n", b"\n")[:-1] if b"\r" in block else block
            start = stop + 1


def body_of(data: bytes) -> Body | None:
    """What to parse of a file; None where its header may not end with its first line, or where nothing follows."""
    line_end = data.find(b"\n")
    if line_end < 0 or not _is_header(data[:line_end].removesuffix(b"\r")):
        return None
    end = len(data)
    while data.endswith(b"\n", line_end + 1, end):
        end -= 2 if data.endswith(b"\r\n", line_end + 1, end) else 1
    return Body(data, line_end + 1, end) if end > line_end + 1 else None


def parse_cells(body: Body, columns: int) -> tuple[NDArray[np.float64], NDArray[np.float32]] | None:
    """Time and segment (T, 2), and values (T, F); None unless every line is right in every cell by itself.

    Args:
        body: of one file, or of several joined by a line end.
        columns: F, as the header has it.
    """
    rows, width, top = body.rows, columns + 2, 0
    if 2 * rows * width > body.end - body.start + 1:  # a cell and what ends it: two characters at least
        return None
    meta, values = np.empty((rows, 2)), np.empty((rows, columns), np.float32)
    for block in body.blocks():
        numbers = _numbers(block) if _is_plain(block) and _is_lattice(block, width) else None
        if numbers is None or numbers.size % width:
            return None
        cells = numbers.reshape(-1, width)
        here = slice(top, top + len(cells))
        with np.errstate(over="ignore"):  # what does not fit becomes infinite and is refused
            values[here] = cells[:, 2:]
        meta[here] = cells[:, :2]
        if not (np.isfinite(values[here]).all() and _are_whole(meta[here])):
            return None
        top = here.stop
    return meta, values


def _is_plain(block: bytes) -> bool:
    """Whether commas and line ends can mean nothing but the ends of cells, and a sign belongs to what follows it."""
    if b"\r" in block or b'"' in block:
        return False
    return b"+" not in block or not any(blank in block for blank in _BLANKS)  # pandas reads "+1e 5", which is no number


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
