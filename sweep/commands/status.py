"""`sweep status`: how far a run is, read from its study and its trials' logs; changes nothing."""

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import typer
from pydantic import JsonValue
from rich.console import Console, Group
from rich.table import Table

from results.records import TrialRecord
from results.summary import summarize
from sweep import collector
from sweep.commands.ending import shortest
from sweep.events import Event
from sweep.folder import RunFolder
from sweep.follow import Follower
from sweep.identity import Identity
from sweep.live import picture, showing
from sweep.lost_predictions import Lost, lost
from sweep.notes import Notes, notes_study
from sweep.opened import open_run, open_studies
from sweep.pace import clock
from sweep.plain import tell
from sweep.standing import best_cells, counts, standing
from sweep.study_reader import StudyReader
from sweep.tally import Tally

EVERY_S = 2.0
"""Between two looks, where nobody says otherwise."""
EXIT_INTERRUPTED = 130
_READ_AT_MOST = 128 * 2**20  # bytes of predictions held against their digests: some tenths of a second
_REST = 9  # times as long as a look took is waited at least: whoever watches must not take the workers' cores


@dataclass
class _Seen:
    """A run that is followed, and the tally of what was seen of it."""

    folder: RunFolder
    identity: Identity
    follower: Follower
    tally: Tally

    @classmethod
    def of(cls, folder: RunFolder, identity: Identity, studies: StudyReader) -> "_Seen":
        return cls(folder, identity, Follower(folder, identity, studies), Tally(identity.space, identity.targets, 1))

    @property
    def title(self) -> str:
        holder = self.follower.look.holder
        working = f"{holder} is working on it" if holder else f"nobody is working on it; {self._advice()}"
        return f"Run {self.folder.name} (space {self.identity.space.name}): {working}"

    def begin(self, sink: Callable[[Event], None]) -> None:
        """Hands on what has happened so far; the tally is to get it too."""
        self._hand(self.follower.first(), sink)

    def go_on(self, sink: Callable[[Event], None], every_s: float) -> None:
        """Waits, looks again and hands on what has happened since."""
        time.sleep(max(every_s, _REST * self.follower.took_s))
        self._hand(self.follower.again(), sink)

    def plain(self, missing: tuple[Lost, ...]) -> JsonValue:
        """How the run stands, for scripts."""
        return standing(self.folder.path, self.identity, self.follower.look, self.tally.eta_s(), missing)

    def _hand(self, events: Iterator[Event], sink: Callable[[Event], None]) -> None:
        for event in events:
            sink(event)
        self.tally.workers = max(1, len(self.follower.look.running))  # that is how many there are, as far as we see

    def _advice(self) -> str:
        retry = " --retry-failed" if self.follower.look.progress.failed else ""
        return f"sweep resume {shortest(self.folder.path)}{retry}"


def status(path: Path, as_json: bool, console: Console) -> None:
    """Prints counts per state, what is under way, the best cells of each target, and every failure with its reason.

    Raises:
        SweepError: no run, or a damaged one.
    """
    with collector.at_rest():  # until everything that was read is forgotten again
        _status(path, as_json, console)


def _status(path: Path, as_json: bool, console: Console) -> None:
    folder, identity = open_run(path)
    with open_studies(folder) as studies:
        seen = _Seen.of(folder, identity, studies)
        seen.begin(seen.tally)
        Notes(studies, notes_study(identity.space, identity.targets)).check(identity.targets)  # damage is told here too
        missing = lost(folder, studies, read_at_most=_READ_AT_MOST)
    if as_json:
        console.out(json.dumps(seen.plain(missing), indent=1, ensure_ascii=False), highlight=False)
    else:
        _print(seen, missing, console)


def watch(path: Path, every_s: float, as_json: bool, console: Console) -> None:
    """Shows a run as its own view does, until it is complete: the table on a terminal, else a line a cell.

    Args:
        path: the run folder.
        every_s: seconds between two looks; more where looking takes long.
        as_json: one JSON object a line instead, one for every look; predictions are not held against their digests.
        console: what it is shown on.

    Raises:
        SweepError: no run, or a damaged one.
        typer.Exit: the user has seen enough.
    """
    folder, identity = open_run(path)
    with _until_stopped():
        while not folder.study_db.exists():  # a run that has only just been started
            time.sleep(every_s)
        with open_studies(folder) as studies:
            seen = _Seen.of(folder, identity, studies)
            if as_json:
                _follow_in_json(seen, studies, every_s, console)
            else:
                _follow(seen, every_s, console)


def _follow(seen: _Seen, every_s: float, console: Console) -> None:
    with showing(console, seen.tally, lambda: seen.title) as view:
        seen.begin(view.event)
        said = ""
        while not seen.follower.look.complete:
            if not console.is_terminal and seen.title != said:
                said = seen.title
                view.say(said)
            seen.go_on(view.event, every_s)
    if console.is_terminal:
        console.print(Group(*picture(console, seen.tally)))
    count = len(seen.follower.look.progress.wanted)
    tell(console, f"All {count} cells are done. See them with: sweep tables {shortest(seen.folder.path)}")


def _follow_in_json(seen: _Seen, studies: StudyReader, every_s: float, console: Console) -> None:
    seen.begin(seen.tally)
    while True:
        found = seen.plain(lost(seen.folder, studies, read_at_most=0))
        console.out(json.dumps(found, ensure_ascii=False), highlight=False)
        if seen.follower.look.complete:
            return
        seen.go_on(seen.tally, every_s)


@contextmanager
def _until_stopped() -> Iterator[None]:
    """Ctrl-C and SIGTERM end the command with exit code 130 and no word; a terminal gets its cursor back."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    main = threading.current_thread() is threading.main_thread()  # elsewhere Python takes no signals
    before = signal.signal(signal.SIGTERM, stop) if main else None
    try:
        yield
    except KeyboardInterrupt:
        raise typer.Exit(EXIT_INTERRUPTED) from None
    finally:
        if main:
            signal.signal(signal.SIGTERM, before)


def _print(seen: _Seen, missing: tuple[Lost, ...], console: Console) -> None:
    look, known = seen.follower.look, seen.follower.look.progress
    states = ", ".join(f"{count} {state}" for state, count in counts(look).items() if count)
    more = f"; {known.rows_open} feature sets depend on results still to come" if known.rows_open else ""
    took = clock(sum(cost.wall_s for cost in known.costs.values()))
    eta = seen.tally.eta_s() if look.holder else None
    left = f" About {clock(eta)} to go." if eta else ""
    tell(
        console, f"Run {seen.folder.name} (space {seen.identity.space.name}): {states or 'no cell is known yet'}{more}."
    )
    tell(console, f"Training so far: {took} of one worker.{left}")
    tell(console, f"{look.holder} is working on it." if look.holder else "Nobody is working on it.")
    for cell, each in look.running.items():
        last = each.last
        at = f"seed {last.seed}, epoch {last.epoch}: F1 {100 * last.devel_f1:.2f}" if last else "starting"
        tell(console, f"running: {cell}: {at}")
    for target, records in best_cells(look, seen.identity.targets).items():
        if records:
            console.print(_best(target, records))
    for hole in known.failed:
        tell(console, f"failed: {hole.cell}: {hole.reason}")
    for lost_one in missing:
        tell(console, f"predictions lost: {lost_one}")
    if missing:
        tell(console, "What they scored is kept. `sweep resume RUN --retry-failed` makes the predictions again.")


def _best(target: str, records: tuple[TrialRecord, ...]) -> Table:
    table = Table(title=f"Best of {target}, macro-F1 on devel in %", title_justify="left")
    table.add_column("features")
    table.add_column("Way")
    for name in ("mean", "std", "best seed"):
        table.add_column(name, justify="right")
    for record in records:
        summary, branch = summarize(record), record.cell.branches[0]
        std = f"{100 * summary.std:.2f}" if summary.std is not None else "-"
        table.add_row(branch.features, branch.way, f"{100 * summary.mean:.2f}", std, f"{100 * summary.best:.2f}")
    return table
