"""A label file as it is, with other classes: what a challenge asks back for its masked rows."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from search_spaces.datasets._files import read_rows, whole
from search_spaces.errors import SweepError

_SEGMENT, _CLASS = "segment_id", "class_id"


def filled(root: Path, path: Path, classes: Mapping[int, int]) -> str:
    """The text of a label file with a class in every row: same columns, same rows in the same order.

    Args:
        root: the tree.
        path: a label file that `read_labels` found no defect in.
        classes: segment id -> class of every segment that has a row.

    Raises:
        SweepError: the file was changed since it was read.
    """
    rows, defect = read_rows(root, path)
    header = rows[0].cells if rows else ()
    if defect or not {_SEGMENT, _CLASS} <= {*header}:
        raise SweepError(f"{path} was changed while it was read. Give the same command again.")
    segment, place = header.index(_SEGMENT), header.index(_CLASS)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    for row in rows[1:]:
        cells = [*row.cells, *[""] * (len(header) - len(row.cells))]  # a masked row may lack its last cell
        number = whole(cells[segment])
        if number is None or number not in classes:
            raise SweepError(f"{path} was changed while it was read. Give the same command again.")
        cells[place] = str(classes[number])
        writer.writerow(cells)
    return out.getvalue()
