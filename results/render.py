"""A Table as text in one of four formats. For the terminal see results.render_terminal, which needs rich."""

from collections.abc import Callable
from typing import Literal, get_args

from results import render_csv, render_html, render_latex, render_md
from results.table import Table
from search_spaces.errors import unknown

Format = Literal["csv", "md", "latex", "html"]
FORMATS: tuple[Format, ...] = get_args(Format)
SUFFIXES: dict[Format, str] = {"csv": ".csv", "md": ".md", "latex": ".tex", "html": ".html"}
_RENDERERS: dict[Format, Callable[[Table], str]] = {
    "csv": render_csv.render,
    "md": render_md.render,
    "latex": render_latex.render,
    "html": render_html.render,
}


def render(table: Table, format: Format) -> str:
    """The table as text, ending in a newline.

    Args:
        table: from results.tables.
        format: "csv" holds every figure as a fraction, one line a cell, without markup; "md" is GitHub Markdown;
            "latex" needs the packages booktabs and adjustbox; "html" is a fragment without scripts or style sheets.

    Raises:
        SweepError: an unknown format.
    """
    if format not in FORMATS:
        raise unknown("Format", format, FORMATS)
    return _RENDERERS[format](table)
