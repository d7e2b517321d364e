"""The live view as lines: counts, the paper's table filling in, what runs, what failed. Values in, values out.

Whatever the terminal, no line is wider and there are no more lines than it has. Where the whole table does not fit,
parts that are done or have not begun become a line each, then go, then feature sets where nothing happens.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.text import Text

from search_spaces.printable import one_line
from sweep.frame import Frame, forms
from sweep.marks import ASCII, FULL, Scale, Signs
from sweep.pace import clock
from sweep.parts import Part, fitted, height_of, parts_of
from sweep.tally import Tally

_BAR = 40


@dataclass(frozen=True)
class Room:
    """What a terminal has: columns, lines, shades enough for a scale, and more signs than ASCII's."""

    width: int
    height: int
    coloured: bool = True
    unicode: bool = True


def screen(tally: Tally, room: Room, title: str = "") -> tuple[Text, ...]:
    """The whole view.

    Args:
        tally: what is known of the run.
        room: of the terminal.
        title: a line above everything; "" for none.
    """
    signs = FULL if room.unicode else ASCII
    above = [*([Text(one_line(title))] if title else []), _counts(tally, room.width, signs)]
    running = _some(list(_running(tally)), max(1, room.height // 4), "more are under way", signs)
    failed = _some(list(_failed(tally))[::-1], max(1, room.height // 6), "more have failed", signs)
    left = room.height - len(above) - len(running) - len(failed)
    table = list(_table(tally, room, left, signs))
    lines = [*above, *table, *running, *failed][: max(1, room.height)]
    for line in lines:
        line.truncate(room.width)
    return tuple(lines)


def _counts(tally: Tally, width: int, signs: Signs) -> Text:
    eta, done, planned = tally.eta_s(), len(tally.done), len(tally.planned)
    if not planned:
        return Text("preparing", style="bold")
    line = Text(f"{done}/{planned} cells", style="bold")
    if tally.open_cells:
        line.append(f" (+{tally.open_cells} to come)", style="not bold")
    if tally.failed:
        line.append(f"  {len(tally.failed)} failed", style="bold red")
    if eta != 0:
        line.append("  ETA after the first epochs" if eta is None else f"  ETA {clock(eta)}", style="not bold")
    room = min(_BAR, width - line.cell_len - 2)
    if room >= _BAR // 4:
        filled = round(room * done / max(1, planned + tally.open_cells))
        line.append("  ")
        line.append(signs.bar[0] * filled, style="not bold green")
        line.append(signs.bar[1] * (room - filled), style="not bold dim")
    return line


def _running(tally: Tally) -> Iterator[Text]:
    for cell, progress in tally.running.items():
        state = "starting"
        if progress is not None:
            state = f"seed {progress.seed}, epoch {progress.epoch}: F1 {100 * progress.devel_f1:.2f}"
            state += f" (best {100 * progress.best_f1:.2f})"
        yield Text.assemble(("  " + str(cell), "bold"), "  ", state)


def _failed(tally: Tally) -> Iterator[Text]:
    for cell, reason in tally.failed.items():
        yield Text.assemble((f"  failed: {cell}: ", "red"), one_line(reason))


def _some(lines: list[Text], most: int, words: str, signs: Signs) -> list[Text]:
    """The first lines, and how many there are beside them."""
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], Text(f"  {signs.cut} {len(lines) - most + 1} {words}", style="dim")]


def _table(tally: Tally, room: Room, height: int, signs: Signs) -> Iterator[Text]:
    """The table in at most so many lines: in the roomiest form that fits, else in the lowest, less what must go."""
    if not tally.sheet.stages:  # nothing is known of the data yet
        return
    scales = _scales(tally, room.coloured)
    pictures = [parts_of(Frame(tally, form, scales, signs)) for form in forms(tally, room.width)]
    fitting = [parts for parts in pictures if height_of(parts) <= height]
    if fitting:
        yield from _lines(fitting[0])
        if height_of(fitting[0]) < height:
            yield _legend(scales, signs)
    elif pictures:
        yield from _lines(fitted(min(pictures, key=height_of), height))


def _lines(parts: Iterable[Part]) -> Iterator[Text]:
    for part in parts:
        yield from part.lines()


def _scales(tally: Tally, coloured: bool) -> dict[str, Scale]:
    figures: dict[str, list[float]] = {target: [] for target in tally.targets}
    for cell, figure in tally.figures.items():
        if not figure.collapsed:
            figures[cell.target].append(figure.mean)
    return {target: Scale(of_target, coloured) for target, of_target in figures.items()}


def _legend(scales: dict[str, Scale], signs: Signs) -> Text:
    """How to read the table; what matters least stands last, where a narrow terminal cuts it off."""
    line = Text("devel macro-F1 in %", "dim")
    for target, scale in scales.items():
        if scale.high > scale.low:
            line.append(f"  {target} ")
            line.append_text(scale.legend())
    return line.append(f"  {signs.pending} pending  {signs.failed} failed  2e17 seed 2, epoch 17")
