"""What a user sees while a sweep runs: on a terminal the paper's table filling in, in a pipe one plain line a cell."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from results.records import Cell
from search_spaces.stages import BASELINE_WAY
from sweep.events import CellDone, CellFailed, Event
from sweep.plain import tell
from sweep.tally import Tally, clock

_BAR_WIDTH = 40


class View(Protocol):
    """What a command shows of a run."""

    @property
    def trained(self) -> int:
        """Cells that this command trained."""

    def event(self, event: Event) -> None:
        """Takes in what happened to a cell."""

    def say(self, line: str) -> None:
        """Shows one line that stays."""


@contextmanager
def showing(console: Console, workers: int) -> Iterator[View]:
    """The view that fits the console, while the block runs."""
    tally = Tally(workers)
    if not console.is_terminal:
        yield _View(console, tally, (CellDone, CellFailed))
        return
    with Live(console=console, refresh_per_second=4, get_renderable=lambda: _screen(tally), transient=True) as live:
        yield _View(live.console, tally, (CellFailed,))


class _View:
    """Counts every event and prints a line for some of them; on a terminal the line scrolls above the live screen."""

    def __init__(self, console: Console, tally: Tally, printed: tuple[type[Event], ...]) -> None:
        self._console = console
        self._tally = tally
        self._printed = printed

    @property
    def trained(self) -> int:
        return self._tally.trained

    def event(self, event: Event) -> None:
        self._tally(event)
        if isinstance(event, self._printed):
            self.say(_line(event, self._tally))

    def say(self, line: str) -> None:
        tell(self._console, line)


def _line(event: Event, tally: Tally) -> str:
    count = f"[{len(tally.done)}/{len(tally.planned)}]"
    match event:
        case CellDone(_, cell, record, cost):
            mean, std = tally.figures[cell]
            spread = f" ± {100 * std:.2f}" if std is not None else ""
            noun = "seed" if len(record.seeds) == 1 else "seeds"
            eta = tally.eta_s()
            left = f", ETA {clock(eta)}" if eta else ""
            return (
                f"{count} {cell}: F1 {100 * mean:.2f}{spread} ({len(record.seeds)} {noun}) in {cost.wall_s:.1f} s{left}"
            )
        case CellFailed(_, cell, reason, queued_again):
            return f"{count} {cell} {'will be tried again' if queued_again else 'failed'}: {reason}"
        case _:
            return ""


def _screen(tally: Tally) -> RenderableType:
    """Counts and running cells first: where the terminal is too low for the grids, their last rows are cut off."""
    return Group(_counts(tally), *_running(tally), *_grids(tally))


def _counts(tally: Tally) -> RenderableType:
    eta = tally.eta_s()
    parts = [f"{len(tally.done)}/{len(tally.planned)} cells"]
    if tally.failed:
        parts.append(f"[red]{len(tally.failed)} failed[/]")
    parts.append(f"ETA {clock(eta)}" if eta is not None else "ETA after the first cell")
    line = Table.grid(padding=(0, 2))
    line.add_row(ProgressBar(len(tally.planned) or None, len(tally.done), width=_BAR_WIDTH), *parts)
    return line


def _running(tally: Tally) -> Iterator[RenderableType]:
    for cell, progress in tally.running.items():
        state = "starting"
        if progress is not None:
            state = f"seed {progress.seed}, epoch {progress.epoch}: F1 {100 * progress.devel_f1:.2f}"
            state += f" (best {100 * progress.best_f1:.2f})"
        yield Text(f"  {cell}  {state}", overflow="ellipsis", no_wrap=True)


def _grids(tally: Tally) -> Iterator[RenderableType]:
    """One table a target: feature sets by Ways."""
    cells = [cell for cell in tally.planned if len(cell.branches) == 1]
    ways = sorted({cell.branches[0].way for cell in cells} - {BASELINE_WAY})
    for target in dict.fromkeys(cell.target for cell in cells):
        table = Table(title=escape(target), title_justify="left", box=None, padding=(0, 1, 0, 0))
        table.add_column("features", max_width=56)  # gives way where space is short: only its cells may be cut
        for way in ways:
            table.add_column(way, justify="right", width=6, no_wrap=True)
        mine = {(cell.branches[0].features, cell.branches[0].way): cell for cell in cells if cell.target == target}
        best = max((tally.figures[cell][0] for cell in mine.values() if cell in tally.figures), default=0.0)
        for features in sorted({features for features, _ in mine}, key=lambda name: (name.count("+"), name)):
            name = Text(features, overflow="ellipsis", no_wrap=True)
            table.add_row(name, *(_figure(tally, mine.get((features, way)), best) for way in ways))
        yield table


def _figure(tally: Tally, cell: Cell | None, best: float) -> Text:
    if cell is None:
        return Text("")
    if cell in tally.failed:
        return Text("failed", style="red")
    if cell in tally.running:
        return Text("…", style="yellow")
    if cell not in tally.figures:
        return Text("done" if cell in tally.done else "·", style="dim")
    mean = tally.figures[cell][0]
    return Text(f"{100 * mean:.2f}", style="bold green" if mean == best else "")
