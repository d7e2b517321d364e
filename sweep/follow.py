"""A run seen from outside: what has happened to its cells since the last look, as the events that its own view gets."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from results.records import Cell, Cost, Hole
from results.scored import Scored
from search_spaces.resolution import Resolution
from sweep.collect import Progress, progress, resolution_of
from sweep.events import CellDone, CellEpoch, CellFailed, CellsPlanned, CellStarted, Event
from sweep.job import EpochEvent
from sweep.lock import Holder
from sweep.notes import Notes, notes_study
from sweep.seen_run import SeenRun
from sweep.study_reader import StudyReader
from sweep.trial_log import read_end


@dataclass(frozen=True)
class Underway:
    """A cell that a worker trains now.

    Attributes:
        study: where its trial is.
        attempt: which one, from 1.
        last: its last epoch; None before the first, or where its log is on another machine.
        epoch_s: mean seconds an epoch of this attempt; None before the first.
    """

    study: str
    attempt: int
    last: EpochEvent | None
    epoch_s: float | None


@dataclass(frozen=True)
class Finished:
    """A cell that is done."""

    study: str
    trial: Scored
    cost: Cost


@dataclass(frozen=True)
class Look:
    """A run at one moment.

    Attributes:
        progress: the cells that are known to be wanted; one that nobody trains any more is pending, not running.
        finished: the cells done, in the order they are wanted.
        running: cells under way, in the order they are wanted.
        attempts: how many trials of a cell were begun, by str(cell).
        resolution: what the space's roles are by now.
        holder: the process that coordinates the run.
    """

    progress: Progress
    finished: dict[Cell, Finished]
    running: dict[Cell, Underway]
    attempts: dict[str, int]
    resolution: Resolution
    holder: Holder | None

    @property
    def complete(self) -> bool:
        """Whether everything is done and nobody is at work any more, say at the test scores."""
        return self.progress.complete and self.holder is None


class Follower:
    """Looks at a run again and again.

    Args:
        run: what to look at.
        studies: of the run, open.

    Attributes:
        look: the last one.
        took_s: the processor time that it took.
    """

    def __init__(self, run: SeenRun, studies: StudyReader) -> None:
        self._run = run
        self._studies = studies
        self.look = self._look()
        self.took_s = 0.0

    def first(self) -> Iterator[Event]:
        """What has happened to the cells so far."""
        look = self.look
        done = tuple(each.trial for each in look.finished.values())
        yield CellsPlanned(look.progress.wanted, done, look.progress.failed, look.resolution, look.progress.costs)
        yield from self._begun({}, look.running)

    def again(self) -> Iterator[Event]:
        """Looks, and says what has happened since.

        Raises:
            SweepError: the study was altered, or cannot be read any more.
        """
        began = time.process_time()
        self._studies.refresh()
        before, self.look = self.look, self._look()
        self.took_s = time.process_time() - began
        now = self.look
        if (now.progress.wanted, now.resolution) != (before.progress.wanted, before.resolution):
            yield CellsPlanned(now.progress.wanted, (), (), now.resolution)
        yield from _ended(before, now)
        yield from self._begun(before.running, now.running)

    def _look(self) -> Look:
        studies, identity, held = self._studies, self._run.identity, self._run.holder(self._studies)
        finished: dict[Cell, Finished] = {}
        attempts: dict[str, int] = {}
        since: dict[str, tuple[str, float]] = {}
        for study in studies.studies():
            costs = studies.costs(study)
            for trial in studies.scored(study):
                finished.setdefault(trial.cell, Finished(study, trial, costs[str(trial.cell)]))
            for cell, count in studies.attempts(study).items():
                attempts[cell] = max(count, attempts.get(cell, 0))
            since |= {cell: (study, began.timestamp()) for cell, began in studies.running_since(study).items()}
        known = progress(identity, studies)
        in_flight = (hole for hole in known.holes if held and hole.state == "running" and str(hole.cell) in since)
        running = {hole.cell: self._underway(*since[str(hole.cell)], hole) for hole in in_flight}
        notes = Notes(studies, notes_study(identity.space, identity.targets))
        return Look(
            progress=_as_it_is(known, running),
            finished={cell: finished[cell] for cell in known.wanted if cell in finished},
            running=running,
            attempts=attempts,
            resolution=resolution_of(notes),
            holder=held,
        )

    def _underway(self, study: str, began: float, hole: Hole) -> Underway:
        end = read_end(self._run.folder.log(hole.cell)) if self._run.folder else None
        if end is None or end.at < began:  # of an earlier attempt
            return Underway(study, hole.attempts, None, None)
        took = (end.at - began) / end.epochs if end.epochs else None
        return Underway(study, hole.attempts, end.last, took)

    @staticmethod
    def _begun(before: dict[Cell, Underway], now: dict[Cell, Underway]) -> Iterator[Event]:
        for cell, each in now.items():
            known = before.get(cell)
            if known is None or known.attempt != each.attempt:
                yield CellStarted(each.study, cell, each.attempt)
            if each.last is not None and (known is None or known.last != each.last):
                yield CellEpoch(each.study, cell, each.last, each.epoch_s)


def _ended(before: Look, now: Look) -> Iterator[Event]:
    """What was done or has failed, and what is not under way any more."""
    failed = {hole.cell: hole.reason for hole in before.progress.failed}
    holes = {hole.cell: hole for hole in now.progress.holes}
    for cell, each in now.finished.items():
        if cell not in before.finished:
            yield CellDone(each.study, cell, each.trial, each.cost)
    for cell, hole in holes.items():
        if hole.state == "failed" and cell not in failed:
            yield CellFailed(cell.target, cell, hole.reason, queued_again=False)
        elif cell in before.running and cell not in now.running and hole.state == "pending":
            yield CellFailed(before.running[cell].study, cell, hole.reason or "interrupted", queued_again=True)


def _as_it_is(known: Progress, running: dict[Cell, Underway]) -> Progress:
    """The progress, a cell that the study calls running pending where nobody trains it: its coordinator has died."""
    holes = tuple(
        hole.model_copy(update={"state": "pending", "reason": hole.reason or "interrupted"})
        if hole.state == "running" and hole.cell not in running
        else hole
        for hole in known.holes
    )
    return Progress(known.wanted, holes, known.costs, known.rows_open, known.unpaired)
