"""What a user sees while a sweep runs: on a terminal the paper's table filling in, in a pipe one plain line a cell."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from rich.console import Console, ConsoleDimensions, Group
from rich.live import Live
from rich.text import Text

from sweep.events import CellDone, CellFailed, Event
from sweep.pace import clock
from sweep.plain import tell
from sweep.screen import Room, screen
from sweep.tally import Tally

_FRAME_S = 0.25
_REST = (
    9  # times as long as a picture took is waited at least: a table of thousands of cells must cost no worker's time
)
_SHADES = {"256", "truecolor"}


class View(Protocol):
    """What a command shows of a run."""

    @property
    def trained(self) -> int:
        """Cells that were trained while it was shown."""

    def event(self, event: Event) -> None:
        """Takes in what happened to a cell."""

    def say(self, line: str) -> None:
        """Shows one line that stays."""


@contextmanager
def showing(console: Console, tally: Tally, title: Callable[[], str] = str) -> Iterator[View]:
    """The view that fits the console, while the block runs.

    Args:
        console: a terminal gets the table, which is gone afterwards, and failures as lines that stay; anything else
            gets a line for every cell that is done or has failed.
        tally: takes the events.
        title: gives a line that stands above the table.
    """
    if not console.is_terminal or console.is_dumb_terminal:
        yield _View(console, tally, _Locks(), (CellDone, CellFailed))
        return
    locks = _Locks()
    with (
        Live(console=console, auto_refresh=False, transient=True, vertical_overflow="crop") as live,
        _Pictures(live, tally, title, locks).coming(),
    ):
        yield _View(live.console, tally, locks, (CellFailed,))


def picture(console: Console, tally: Tally, title: str = "") -> tuple[Text, ...]:
    """The view as it stands, in as many lines as the console has but one."""
    room = Room(
        width=console.width,
        height=max(1, console.height - 1),  # the cursor waits in the last
        coloured=console.color_system in _SHADES and not console.no_color,
        unicode=not console.options.ascii_only,
    )
    return screen(tally, room, title)


@dataclass(frozen=True)
class _Locks:
    """Two, so that a terminal that takes no output for a while (Ctrl-S) does not hold up events, and with them the run.

    Attributes:
        tally: held by whoever reads or changes it.
        output: held by whoever prints: rich works out where the cursor is before it writes.
    """

    tally: threading.Lock = field(default_factory=threading.Lock)
    output: threading.Lock = field(default_factory=threading.Lock)


class _View:
    """Hands every event on and prints a line for some of them; on a terminal the line scrolls above the table."""

    def __init__(self, console: Console, tally: Tally, locks: _Locks, printed: tuple[type[Event], ...]) -> None:
        self._console = console
        self._tally = tally
        self._locks = locks
        self._printed = printed

    @property
    def trained(self) -> int:
        return self._tally.trained

    def event(self, event: Event) -> None:
        with self._locks.tally:
            self._tally(event)
            line = _line(event, self._tally) if isinstance(event, self._printed) else ""
        if line:
            self.say(line)

    def say(self, line: str) -> None:
        with self._locks.output:
            tell(self._console, line)


class _Pictures:
    """Draws a picture where something has changed, so that nothing flickers, and anew in a resized terminal."""

    def __init__(self, live: Live, tally: Tally, title: Callable[[], str], locks: _Locks) -> None:
        self._live = live
        self._tally = tally
        self._title = title
        self._locks = locks
        self._over = threading.Event()
        self._drawn: tuple[object, ...] = ()  # what the last picture was of
        self._shown: tuple[Text, ...] = ()
        self._size = live.console.size

    @contextmanager
    def coming(self) -> Iterator[None]:
        """A new picture every so often while the block runs."""
        thread = threading.Thread(target=self._keep, daemon=True, name="pictures")
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _keep(self) -> None:
        while True:
            began = time.thread_time()
            try:
                self._draw()
            except OSError:  # the terminal is gone; the run is not
                return
            if self._over.wait(max(_FRAME_S, _REST * (time.thread_time() - began))):
                return

    def _draw(self) -> None:
        size = self._live.console.size  # first: a picture of another size than was drawn for is drawn again
        title = self._title()
        with self._locks.tally:
            now = (size, title, self._tally.events, self._tally.workers)
            if now == self._drawn:
                return
            lines = picture(self._live.console, self._tally, title)
        self._drawn = now
        with self._locks.output:
            self._show(lines, size)

    def _show(self, lines: tuple[Text, ...], size: ConsoleDimensions) -> None:
        if size != self._size:  # the terminal has wrapped the last picture anew, nobody knows to how many lines
            self._size = size
            self._live.update("")
            self._live.stop()
            self._live.console.clear()
            self._live.start()
        elif lines == self._shown:
            return
        self._shown = lines
        self._live.update(Group(*lines), refresh=True)


def _line(event: Event, tally: Tally) -> str:
    count = f"[{len(tally.done)}/{len(tally.planned)}]"
    match event:
        case CellDone(_, cell, trial, cost):
            figure = tally.figures[cell]
            spread = f" ± {100 * figure.std:.2f}" if figure.std is not None else ""
            noun = "seed" if len(trial.seeds) == 1 else "seeds"
            eta = tally.eta_s()
            left = f", ETA {clock(eta)}" if eta else ""
            score = f"F1 {100 * figure.mean:.2f}{spread} ({len(trial.seeds)} {noun})"
            return f"{count} {cell}: {score} in {cost.wall_s:.1f} s{left}"
        case CellFailed(_, cell, reason, queued_again):
            return f"{count} {cell} {'will be tried again' if queued_again else 'failed'}: {reason}"
        case _:
            return ""
