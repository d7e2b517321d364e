"""A Table for the terminal, readable from 80 columns on: one rich table for each target, the spread dimmed.

Twelve scores with their spread do not fit side by side, so a block whose columns are grouped by target is cut into one
table a target; the best seed stays out of it, for the files have it.
"""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.segment import Segment
from rich.style import Style
from rich.table import Table as RichTable
from rich.text import Text as RichText

from results._cells import parts, superscript
from results.footnotes import Footnote
from results.table import Block, FeatureSet, Figure, Row, Table, Text, Value
from search_spaces.features import JOIN
from search_spaces.printable import printable

_FAINT = "not bold not underline dim default"
_NOTHING = RichText("")


@dataclass(frozen=True)
class _Layout:
    """How much room a block takes. Feature sets and words go over several lines; nothing is ever cut off.

    Attributes:
        features: characters of a feature set in one line; longer ones break after a "+".
        features_of_two: the same, where two feature sets stand side by side.
        words: characters of a sentence in one line.
        join: between a figure and what belongs to it, and between the words of a figure's head.
        gap: between columns.
    """

    features: int
    features_of_two: int
    words: int
    join: str
    gap: int


_WIDE = _Layout(features=24, features_of_two=24, words=40, join=" ", gap=2)  # 120 columns are enough for every table
_NARROW = _Layout(features=20, features_of_two=14, words=16, join="\n", gap=1)  # and so are 80


def render(table: Table) -> RenderableType:
    """The table as something a rich Console prints.

    Args:
        table: from results.tables.
    """
    footnotes = table.footnotes()
    caption = RichText.assemble((f"Table {table.number}. ", "bold"), table.caption)
    pieces: list[RenderableType] = [caption]
    for block in (part for whole in table.blocks for part in _cut(whole)):
        pieces += [
            "",
            *([RichText(block.title, style="bold italic")] if block.title else []),
            _Fitting(block, footnotes),
        ]
    pieces.append("")
    notes = [*table.notes, *(f"{superscript(number)} {note}" for note, number in footnotes.items())]
    pieces += [RichText(printable(note), style="dim") for note in notes]
    return Group(*pieces)


def _cut(block: Block) -> tuple[Block, ...]:
    """A block for each target whose Ways stand side by side, under the target's name; else the block itself."""
    targets = dict.fromkeys(column.where["target"] for column in block.columns if "way" in column.where)
    return tuple(_only(block, target) for target in targets) or (block,)


def _only(block: Block, target: str) -> Block:
    kept = [index for index, column in enumerate(block.columns) if column.where.get("target", target) == target]
    columns = tuple(replace(block.columns[index], group="") for index in kept)
    rows = tuple(Row(tuple(row.values[index] for index in kept), row.group) for row in block.rows)
    return Block(block.name, columns, rows, target)


@dataclass(frozen=True)
class _Fitting:
    """A block in the widest layout that the console has room for."""

    block: Block
    footnotes: dict[Footnote, int]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        wide = _grid(self.block, self.footnotes, _WIDE)
        yield wide if wide.width <= options.max_width else _grid(self.block, self.footnotes, _NARROW)


@dataclass(frozen=True)
class _Grid:
    """Cells in columns, the first line the heads.

    Laid out here, since of thousands of cells rich's own table would measure and wrap each several times; that is left
    for a console with no room for it, where something has to be cut.
    """

    lines: tuple[tuple[RichText, ...], ...]
    flush_right: tuple[bool, ...]
    gap: int
    widths: tuple[int, ...]

    @property
    def width(self) -> int:
        """Columns of the console."""
        return sum(self.widths) + self.gap * (len(self.widths) - 1)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.width > options.max_width:
            yield self._cut()
            return
        heads, *rows = self.lines
        yield from self._line(console, heads, console.get_style("bold"), at_the_bottom=True)
        for row in rows:
            yield from self._line(console, row, Style.null())

    def _line(
        self, console: Console, texts: tuple[RichText, ...], style: Style, *, at_the_bottom: bool = False
    ) -> Iterator[Segment]:
        """Cells side by side, some over several lines."""
        cells = [list(text.split("\n")) if "\n" in text.plain else [text] for text in texts]
        height = max(map(len, cells))
        for cell in cells:
            missing = [_NOTHING] * (height - len(cell))
            cell[:] = [*missing, *cell] if at_the_bottom else [*cell, *missing]
        for line in zip(*cells, strict=True):
            yield from self._row(console, line, style)
            yield Segment.line()

    def _row(self, console: Console, texts: tuple[RichText, ...], style: Style) -> Iterator[Segment]:
        for place, width in enumerate(self.widths):
            text = texts[place] if place < len(texts) else _NOTHING
            room = " " * (width - text.cell_len)
            if place:
                yield Segment(" " * self.gap, style)
            if room and self.flush_right[place]:
                yield Segment(room, style)
            own = style + console.get_style(text.style)  # of the whole text, which `render` leaves to whoever lays out
            yield from Segment.apply_style(text.render(console), own)
            if room and not self.flush_right[place]:
                yield Segment(room, style)

    def _cut(self) -> RichTable:
        table = RichTable(box=None, pad_edge=False, padding=(0, self.gap, 0, 0), header_style="bold")
        heads, *rows = self.lines
        for head, flush_right in zip(heads, self.flush_right, strict=True):
            table.add_column(head, justify="right" if flush_right else "left", no_wrap=True)
        for row in rows:
            table.add_row(*row)
        return table


def _grid(block: Block, footnotes: dict[Footnote, int], layout: _Layout) -> _Grid:
    places = range(len(block.columns))
    features = layout.features if _feature_columns(block) < 2 else layout.features_of_two
    lines = [tuple(RichText(_head(block, place, layout)) for place in places)]
    for group, rows in block.row_groups():
        if group:
            lines.append((RichText(group, style="italic"),))
        lines += [tuple(_cell(value, footnotes, layout, features) for value in row.values) for row in rows]
    widths = tuple(max(_width(line[place]) for line in lines if place < len(line)) for place in places)
    return _Grid(tuple(lines), tuple(map(block.is_numeric, places)), layout.gap, widths)


def _head(block: Block, index: int, layout: _Layout) -> str:
    column = block.columns[index]
    title = column.title.replace(" ", layout.join) if block.is_numeric(index) else column.title
    return f"{column.group}\n{title}" if column.group else title


def _width(text: RichText) -> int:
    return max(map(cell_len, text.plain.splitlines()), default=0)


def _feature_columns(block: Block) -> int:
    return max((sum(isinstance(value, FeatureSet) for value in row.values) for row in block.rows), default=0)


def _cell(value: Value, footnotes: dict[Footnote, int], layout: _Layout, width: int) -> RichText:
    match value:
        case FeatureSet(name):
            return RichText(_wrapped(name, width), style="cyan")
        case Text(words):
            return RichText(textwrap.fill(words, layout.words) if " " in words else _wrapped(words, width))
    piece = parts(value, footnotes)
    style = {1: "bold green", 2: "underline"}.get(piece.place or 0, "")
    text = RichText(piece.main, style=style)
    text.append(superscript(piece.note))
    if isinstance(value, Figure) and piece.spread:
        text.append(layout.join + piece.spread.strip().replace("± ", "±"), style=_FAINT)
    if piece.published:  # below the figure: beside it, six Ways would not fit
        text.append("\n" + layout.join.join(filter(None, (piece.published, piece.difference))), style=_FAINT)
    return text


def _wrapped(features: str, width: int) -> str:
    """A feature set over several lines, none longer than the width."""
    lines = [""]
    for term in features.replace(JOIN, JOIN + "\n").splitlines():
        for part in (term[start : start + width] for start in range(0, len(term), width)):
            if lines[-1] and len(lines[-1]) + len(part) > width:
                lines.append("")
            lines[-1] += part
    return "\n".join(lines)
