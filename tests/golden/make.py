"""Writes the golden tables beside this file: `python -m tests.golden.make` from the repository root; read the diff.

One run with every kind of gap, in every format, and one complete run with the paper's figures beside its own.
"""

import io
from pathlib import Path

from rich.console import Console

from results import render, render_terminal
from results.tables import build_all, build_table
from tests.results_factory import complete_run, holed_run

HERE = Path(__file__).parent
TERMINAL_WIDTH = 120


def golden() -> dict[str, str]:
    """Every golden file: name -> text."""
    holed, _ = build_all(holed_run())
    compared, _ = build_all(complete_run(), compare="paper")
    files = {
        "holed.md": "\n".join(render.render(table, "md") for table in holed),
        "holed.tex": "\n".join(render.render(table, "latex") for table in holed),
        "holed.txt": terminal(),
        "compared.md": "\n".join(render.render(table, "md") for table in compared),
        "best_table_iii.md": render.render(build_table("III", holed_run(), "best"), "md"),
        "compared_table_vi.html": render.render(build_table("VI", complete_run(), compare="paper"), "html"),
        "holed_table_ii.html": render.render(build_table("II", holed_run()), "html"),
    }
    return files | {f"holed_table_{table.number.lower()}.csv": render.render(table, "csv") for table in holed}


def terminal(width: int = TERMINAL_WIDTH) -> str:
    """All tables of the holed run as a terminal without colours shows them."""
    out = io.StringIO()
    console = Console(file=out, width=width, color_system=None, legacy_windows=False)
    for table in build_all(holed_run())[0]:
        console.print(render_terminal.render(table))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


if __name__ == "__main__":
    for name, text in golden().items():
        (HERE / name).write_text(text, encoding="utf-8", newline="\n")
