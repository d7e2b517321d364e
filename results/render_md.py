"""GitHub Markdown: one pipe table a block, columns padded so that the source reads as a table too."""

import re

from results._cells import parts, superscript
from results.footnotes import Footnote
from results.table import Block, Column, FeatureSet, Table, Text, Value

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~#])")


def render(table: Table) -> str:
    """The table as Markdown text: caption, blocks, notes."""
    footnotes = table.footnotes()
    pieces = [f"**Table {table.number}.** {_escape(table.full_caption)}"]
    for block in table.blocks:
        pieces += [f"*{_escape(block.title)}*"] if block.title else []
        pieces.append(_block(block, footnotes))
    notes = [*table.notes, *(f"{superscript(number)} {note}" for note, number in footnotes.items())]
    pieces += ["  \n".join(map(_escape, notes))] if notes else []  # two spaces: a line break inside a paragraph
    return "\n\n".join(pieces) + "\n"


def _block(block: Block, footnotes: dict[Footnote, int]) -> str:
    extra = [""] * block.is_grouped
    right = [False for _ in extra] + [block.is_numeric(index) for index in range(len(block.columns))]
    head = extra + [_head(column) for column in block.columns]
    body = [
        [_escape(group) if number == 0 else "" for _ in extra] + [_cell(value, footnotes) for value in row.values]
        for group, rows in block.row_groups()
        for number, row in enumerate(rows)
    ]
    widths = [max(3, *(len(line[index]) for line in (head, *body))) for index in range(len(head))]
    rule = ["-" * (width - 1) + ":" if is_right else "-" * width for width, is_right in zip(widths, right, strict=True)]
    return "\n".join(_line(cells, widths, right) for cells in (head, rule, *body))


def _cell(value: Value, footnotes: dict[Footnote, int]) -> str:
    if isinstance(value, FeatureSet):
        return f"`{value.name}`"  # code: a tilde or an underscore stays what it is
    piece = parts(value, footnotes)
    text = _escape(piece.main) if isinstance(value, Text) else piece.main
    match piece.place:
        case 1:
            text = f"**{text}**"
        case 2:
            text = f"<u>{text}</u>"
    return text + superscript(piece.note) + piece.spread + piece.best + piece.paper


def _head(column: Column) -> str:
    # Markdown has one head line only: the group stands before the title.
    return _escape(f"{column.group} {column.title}" if column.group else column.title)


def _line(cells: list[str], widths: list[int], right: list[bool]) -> str:
    padded = (c.rjust(w) if r else c.ljust(w) for c, w, r in zip(cells, widths, right, strict=True))
    return f"| {' | '.join(padded)} |"


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
