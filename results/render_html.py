"""HTML: a fragment of plain tables for a page that brings its own style sheet.

Pure ASCII, every other sign a character reference: it reads the same in a page, in a file opened by itself, whatever
encoding is assumed.
"""

from html import escape

from results._cells import parts
from results.footnotes import Footnote
from results.table import Block, FeatureSet, Row, Table, Value


def render(table: Table) -> str:
    """The table as an HTML section with the id "table-ii", one `table` a block, notes below."""
    footnotes = table.footnotes()
    lines = [f'<section class="sweep-table" id="table-{table.number.lower()}">']
    for number, block in enumerate(table.blocks):
        caption = f"<b>Table {table.number}.</b> {escape(table.full_caption)}" if number == 0 else escape(block.title)
        lines += ["<table>", f"<caption>{caption}</caption>", *_head(block), *_body(block, footnotes), "</table>"]
    notes = [escape(note) for note in table.notes]
    notes += [f"<sup>{number}</sup> {escape(str(note))}" for note, number in footnotes.items()]
    joined = "<br>\n".join(notes)
    lines += [f'<p class="notes">{joined}</p>'] if notes else []
    text = "\n".join([*lines, "</section>"]) + "\n"
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _head(block: Block) -> list[str]:
    corner = "<th></th>" if block.is_grouped else ""
    groups = "".join(f'<th colspan="{span}" scope="colgroup">{escape(g)}</th>' for g, span in block.head_groups())
    titles = "".join(f'<th scope="col">{escape(column.title)}</th>' for column in block.columns)
    upper = [f"<tr>{corner}{groups}</tr>"] if groups else []
    return ["<thead>", *upper, f"<tr>{corner}{titles}</tr>", "</thead>"]


def _body(block: Block, footnotes: dict[Footnote, int]) -> list[str]:
    lines = []
    for group, rows in block.row_groups():
        lines.append("<tbody>")
        for number, row in enumerate(rows):
            heading = f'<th rowspan="{len(rows)}" scope="rowgroup">{escape(group)}</th>' if block.is_grouped else ""
            lines.append(f"<tr>{heading if number == 0 else ''}{_cells(block, row, footnotes)}</tr>")
        lines.append("</tbody>")
    return lines


def _cells(block: Block, row: Row, footnotes: dict[Footnote, int]) -> str:
    kinds = (' class="number"' if block.is_numeric(index) else "" for index in range(len(block.columns)))
    return "".join(f"<td{kind}>{_cell(value, footnotes)}</td>" for kind, value in zip(kinds, row.values, strict=True))


def _cell(value: Value, footnotes: dict[Footnote, int]) -> str:
    if isinstance(value, FeatureSet):
        return f"<code>{escape(value.name).replace('+', '+<wbr>')}</code>"  # a long fusion may wrap at its joints
    piece = parts(value, footnotes)
    text = escape(piece.main)
    match piece.place:
        case 1:
            text = f"<strong>{text}</strong>"
        case 2:
            text = f"<u>{text}</u>"
    note = f"<sup>{piece.note}</sup>" if piece.note else ""
    aside = escape((piece.spread + piece.best + piece.paper).strip())
    return text + note + (f" <small>{aside}</small>" if aside else "")
