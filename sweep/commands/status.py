"""`sweep status`: how far a run is, read from its study and its trials' logs; changes nothing."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import typer
from pydantic import JsonValue
from rich.console import Console, Group
from rich.table import Table

from results.scored import Scored
from results.summary import summarize
from sweep import collector, exit_codes
from sweep._signals import sigterm_raises
from sweep.commands.ending import shortest
from sweep.events import Event
from sweep.follow import Follower
from sweep.live import picture, showing
from sweep.lost_predictions import Lost, lost
from sweep.notes import Notes, notes_study
from sweep.pace import clock
from sweep.plain import tell
from sweep.seen_run import SeenRun, find
from sweep.standing import best_cells, counts, standing
from sweep.study_reader import StudyReader
from sweep.tally import Tally

EVERY_S = 2.0
"""Between two looks, where nobody says otherwise."""
_READ_AT_MOST = 128 * 2**20  # bytes of predictions held against their digests: some tenths of a second
_REST = 9  # times as long as a look took is waited at least: whoever watches must not take the workers' cores


@dataclass
class _Seen:
    """A run that is followed, and the tally of what was seen of it."""

    run: SeenRun
    follower: Follower
    tally: Tally

    @classmethod
    def of(cls, run: SeenRun, studies: StudyReader) -> "_Seen":
        return cls(run, Follower(run, studies), Tally(run.identity.space, run.identity.targets, 1))

    @property
    def title(self) -> str:
        holder = self.follower.look.holder
        working = f"{holder} is working on it" if holder else f"nobody is working on it; {self._advice()}"
        return f"Run {self.run.name} (space {self.run.identity.space.name}): {working}"

    def begin(self, sink: Callable[[Event], None]) -> None:
        """Hands on what has happened so far; the tally is to get it too."""
        self._hand(self.follower.first(), sink)

    def go_on(self, sink: Callable[[Event], None], every_s: float) -> None:
        """Waits, looks again and hands on what has happened since."""
        time.sleep(max(every_s, _REST * self.follower.took_s))
        self._hand(self.follower.again(), sink)

    def plain(self, missing: tuple[Lost, ...]) -> JsonValue:
        """How the run stands, for scripts."""
        return standing(self.run, self.follower.look, self.tally.eta_s(), missing)

    def _hand(self, events: Iterator[Event], sink: Callable[[Event], None]) -> None:
        for event in events:
            sink(event)
        self.tally.workers = max(1, len(self.follower.look.running))  # that is how many there are, as far as we see

    def _advice(self) -> str:
        retry = " --retry-failed" if self.follower.look.progress.failed else ""
        return f"sweep resume {shortest(self.run.folder.path) if self.run.folder else 'RUN'}{retry}"


def status(spelled: str, as_json: bool, console: Console) -> None:
    """Prints counts per state, what is under way, the best cells of each target, and every failure with its reason.

    Args:
        spelled: the run; see `seen_run.find`.
        as_json: for scripts.
        console: what it is printed on.

    Raises:
        SweepError: no run, or a damaged one.
    """
    with collector.at_rest():  # until everything that was read is forgotten again
        _status(spelled, as_json, console)


def _status(spelled: str, as_json: bool, console: Console) -> None:
    run = find(spelled)
    targets = run.identity.targets
    with run.open_studies() as studies:
        seen = _Seen.of(run, studies)
        seen.begin(seen.tally)
        Notes(studies, notes_study(run.identity.space, targets)).check(targets)  # damage is told here too
        missing = _lost(run, studies, _READ_AT_MOST)
    if as_json:
        console.out(json.dumps(seen.plain(missing), indent=1), highlight=False)
    else:
        _print(seen, missing, console)


def watch(spelled: str, every_s: float, as_json: bool, console: Console) -> None:
    """Shows a run as its own view does, until it is complete: the table on a terminal, else a line a cell.

    Args:
        spelled: the run; see `seen_run.find`.
        every_s: seconds between two looks; more where looking takes long.
        as_json: one JSON object a line instead, one for every look; predictions are not held against their digests.
        console: what it is shown on.

    Raises:
        SweepError: no run, or a damaged one.
        typer.Exit: the user has seen enough.
    """
    run = find(spelled)
    with _until_stopped():
        while run.is_about_to_begin():
            time.sleep(every_s)
        with run.open_studies() as studies:
            seen = _Seen.of(run, studies)
            if as_json:
                _follow_in_json(seen, studies, every_s, console)
            else:
                _follow(seen, studies, every_s, console)


def _follow(seen: _Seen, studies: StudyReader, every_s: float, console: Console) -> None:
    with showing(console, seen.tally, lambda: seen.title) as view:
        studies.wait_for_storage(view.say)
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
    where = f" See them with: sweep tables {shortest(seen.run.folder.path)}" if seen.run.folder else ""
    tell(console, f"All {count} cells are done.{where}")


def _follow_in_json(seen: _Seen, studies: StudyReader, every_s: float, console: Console) -> None:
    studies.wait_for_storage(lambda _: None)
    seen.begin(seen.tally)
    while True:
        found = seen.plain(_lost(seen.run, studies, 0))
        console.out(json.dumps(found), highlight=False)
        if seen.follower.look.complete:
            return
        seen.go_on(seen.tally, every_s)


def _lost(run: SeenRun, studies: StudyReader, read_at_most: int) -> tuple[Lost, ...]:
    """Predictions that are lost; of those on another machine nothing is known."""
    return lost(run.folder, studies, read_at_most=read_at_most) if run.folder else ()


@contextmanager
def _until_stopped() -> Iterator[None]:
    """Ctrl-C and SIGTERM end the command with exit code 130 and no word; a terminal gets its cursor back."""
    try:
        with sigterm_raises(KeyboardInterrupt):
            yield
    except KeyboardInterrupt:
        raise typer.Exit(exit_codes.INTERRUPTED) from None


def _print(seen: _Seen, missing: tuple[Lost, ...], console: Console) -> None:
    look, known = seen.follower.look, seen.follower.look.progress
    states = ", ".join(f"{count} {state}" for state, count in counts(look).items() if count)
    more = f"; {known.rows_open} feature sets depend on results still to come" if known.rows_open else ""
    took = clock(sum(cost.wall_s for cost in known.costs.values()))
    eta = seen.tally.eta_s() if look.holder else None
    left = f" About {clock(eta)} to go." if eta else ""
    tell(
        console,
        f"Run {seen.run.name} (space {seen.run.identity.space.name}): {states or 'no cell is known yet'}{more}.",
    )
    tell(console, f"Training so far: {took} of one worker.{left}")
    tell(console, f"{look.holder} is working on it." if look.holder else "Nobody is working on it.")
    for cell, each in look.running.items():
        last = each.last
        first = "starting" if seen.run.folder else f"attempt {each.attempt}"  # its log is elsewhere
        at = f"seed {last.seed}, epoch {last.epoch}: F1 {100 * last.devel_f1:.2f}" if last else first
        tell(console, f"running: {cell}: {at}")
    for target, records in best_cells(look, seen.run.identity.targets).items():
        if records:
            console.print(_best(target, records))
    for hole in known.failed:
        tell(console, f"failed: {hole.cell}: {hole.reason}")
    for lost_one in missing:
        tell(console, f"predictions lost: {lost_one}")
    if missing:
        tell(console, "What they scored is kept. `sweep resume RUN --retry-failed` makes the predictions again.")


def _best(target: str, records: tuple[Scored, ...]) -> Table:
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
