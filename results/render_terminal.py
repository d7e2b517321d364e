"""A Table for the terminal, readable at 120 columns: one rich table for each target, the spread dimmed.

Twelve scores with their spread do not fit side by side, so a block whose columns are grouped by target is cut into one
table a target; the best seed stays out of it, for the files have it.
"""

from dataclasses import replace

from rich.console import Group, RenderableType
from rich.table import Table as RichTable
from rich.text import Text as RichText

from results._cells import parts, superscript
from results.table import Block, FeatureSet, Figure, Gap, Row, Table, Text, Value
from search_spaces.features import JOIN

_FAINT = "not bold not underline dim default"
_FEATURES_WIDTH = 24
"""Characters a feature set may take in one line; longer ones break after a "+"."""


def render(table: Table) -> RenderableType:
    """The table as something a rich Console prints.

    Args:
        table: from results.tables.
    """
    footnotes = table.footnotes()
    caption = RichText.assemble((f"Table {table.number}. ", "bold"), table.caption)
    pieces: list[RenderableType] = [caption]
    for block in (part for whole in table.blocks for part in _cut(whole)):
        pieces += ["", *([RichText(block.title, style="bold italic")] if block.title else []), _block(block, footnotes)]
    pieces.append("")
    notes = [*table.notes, *(f"{superscript(number)} {gap}" for gap, number in footnotes.items())]
    pieces += [RichText(note, style="dim") for note in notes]
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


def _block(block: Block, footnotes: dict[Gap, int]) -> RichTable:
    grid = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for index, column in enumerate(block.columns):
        head = f"{column.group}\n{column.title}" if column.group else column.title
        # Where space is short, figures give way: "23.58" over "±1.25" reads well, a cut feature set does not.
        numeric = block.is_numeric(index)
        grid.add_column(head, justify="right" if numeric else "left", no_wrap=not numeric)
    for group, rows in block.row_groups():
        if group:
            grid.add_row(RichText(group, style="italic"))
        for row in rows:
            grid.add_row(*(_cell(value, footnotes) for value in row.values))
    return grid


def _cell(value: Value, footnotes: dict[Gap, int]) -> RichText:
    if isinstance(value, FeatureSet | Text):
        words = _wrapped(value.name if isinstance(value, FeatureSet) else value.text)
        return RichText(words, style="cyan" if isinstance(value, FeatureSet) else "")
    piece = parts(value, footnotes)
    style = {1: "bold green", 2: "underline"}.get(piece.place or 0, "")
    text = RichText(piece.main, style=style)
    if piece.note is not None:
        text.append(superscript(piece.note))
    if isinstance(value, Figure):
        text.append(piece.spread.replace("± ", "±"), style=_FAINT)
    if piece.published:  # below the figure: beside it, six Ways would not fit
        text.append(f"\n{piece.published} {piece.difference}".rstrip(), style=_FAINT)
    return text


def _wrapped(features: str) -> str:
    lines = [""]
    for term in features.replace(JOIN, JOIN + "\n").splitlines():
        if lines[-1] and len(lines[-1]) + len(term) > _FEATURES_WIDTH:
            lines.append("")
        lines[-1] += term
    return "\n".join(lines)
