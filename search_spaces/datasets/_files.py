"""Reading one text file of a tree: its rows with their line numbers, or the defect that says why not."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from search_spaces.corpus import Defect

_WHOLE = re.compile(r"([+-]?[0-9]{1,18})(\.0*)?")
"""A whole number; "1.0" too, because exporters write a column of whole numbers with a blank in it as floats.

18 digits, because what is read here must fit int64."""


@dataclass(frozen=True)
class Row:
    """One row of a CSV file, with its 1-based line in the file and its cells without surrounding blanks."""

    number: int
    cells: tuple[str, ...]


def relative(root: Path, path: Path) -> str:
    """The path as messages show it: relative to the tree, with "/" on every system."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def missing(root: Path, path: Path) -> Defect:
    """The defect of a file that should be there for a video."""
    return Defect(relative(root, path), f"video {path.stem}", "a CSV file", "no such file")


def read_bytes(root: Path, path: Path) -> tuple[bytes, Defect | None]:
    """The content of a file; empty, with the defect, where it has none that can be read."""
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):  # a pipe would be waited for for ever
            return b"", Defect(relative(root, path), "", "a file that can be read", "a pipe or a device")
        data = path.read_bytes()
    except FileNotFoundError:
        return b"", missing(root, path)
    except OSError as error:
        return b"", Defect(relative(root, path), "", "a file that can be read", error.strerror or str(error))
    if not data or data.isspace():
        return b"", Defect(relative(root, path), "", "content", "an empty file")
    if b"\0" in data:  # a copy that was cut short leaves these, and pandas would read up to them and say nothing
        row = data[: data.index(b"\0")].count(b"\n") + 1
        return b"", Defect(relative(root, path), f"row {row}", "text", "a NUL byte (a damaged copy?)")
    return data, None


def read_rows(root: Path, path: Path) -> tuple[tuple[Row, ...], Defect | None]:
    """The rows of a CSV file, header first and blank lines left out; none, with the defect, where there are none."""
    data, defect = read_bytes(root, path)
    return ((), defect) if defect else parse_rows(relative(root, path), data)


def parse_rows(file: str, data: bytes) -> tuple[tuple[Row, ...], Defect | None]:
    """The same from bytes already read; `file` is what a defect calls it."""
    rows: list[Row] = []
    for row in rows_of(file, data):
        if isinstance(row, Defect):
            return (), row
        rows.append(row)
    return (tuple(rows), None) if rows else ((), Defect(file, "", "content", "blank lines alone"))


def rows_of(file: str, data: bytes) -> Iterator[Row | Defect]:
    """The same one by one, since the cells of a wide file fill ten times its size; a defect stands for all of them."""
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data[: error.start].count(b"\n") + 1
        yield Defect(file, f"row {row}", "UTF-8 text", f"byte 0x{data[error.start]:02x}")
        return
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", newline=""), strict=True)
    try:
        for cells in reader:
            if cells:
                yield Row(reader.line_num, tuple(cell.strip() for cell in cells))
    except csv.Error as error:
        yield Defect(file, f"row {reader.line_num}", "comma-separated cells", str(error))


def whole(text: str) -> int | None:
    """The whole number that a cell spells, or None."""
    match = _WHOLE.fullmatch(text)
    return int(match[1]) if match else None
