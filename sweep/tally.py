"""What a live view knows of a run: fed with events, asked for counts, figures and the time that is left."""

import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from results.records import Cell, Cost, TrialRecord
from results.summary import summarize
from sweep.events import CellDone, CellEpoch, CellFailed, CellsPlanned, CellStarted, Event
from sweep.job import EpochEvent


@dataclass
class Tally:
    """Counts and figures of one command's run.

    Attributes:
        workers: trials at a time.
        planned: every cell that is known to be wanted, in the order it became known.
        done: cells with a record, before and during this command.
        failed: cells that have failed and are not tried again, with the reason.
        running: cells in flight and their last epoch.
        figures: mean and deviation of devel macro-F1 of the cells done.
        trained: cells done by this command.
        took_s: seconds of the cells done, before and during this command, by Way.
        to_come: Way -> cells that results still to come will name.
    """

    workers: int
    planned: dict[Cell, None] = field(default_factory=dict)
    done: set[Cell] = field(default_factory=set)
    failed: dict[Cell, str] = field(default_factory=dict)
    running: dict[Cell, EpochEvent | None] = field(default_factory=dict)
    figures: dict[Cell, tuple[float, float | None]] = field(default_factory=dict)
    trained: int = 0
    took_s: dict[str, list[float]] = field(default_factory=dict)
    to_come: Mapping[str, int] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    def __call__(self, event: Event) -> None:
        """Takes in one event."""
        match event:
            case CellsPlanned(cells, done, failed, costs, to_come):
                self.planned |= dict.fromkeys(cells)
                for record in done:
                    if record.cell not in self.done and str(record.cell) in costs:
                        self._took(record.cell, costs[str(record.cell)])
                    self._finish(record)
                self.to_come = to_come
                self.failed |= {hole.cell: hole.reason for hole in failed}
            case CellStarted(_, cell, _):
                self.running[cell] = None
                self.failed.pop(cell, None)
            case CellEpoch(_, cell, progress):
                self.running[cell] = progress
            case CellDone(_, cell, record, cost):
                self.running.pop(cell, None)
                self._finish(record)
                self.trained += 1
                self._took(cell, cost)
            case CellFailed(_, cell, reason, queued_again):
                self.running.pop(cell, None)
                if not queued_again:
                    self.failed[cell] = reason

    def _finish(self, record: TrialRecord) -> None:
        summary = summarize(record)
        self.done.add(record.cell)
        self.failed.pop(record.cell, None)
        self.figures[record.cell] = (summary.mean, summary.std)

    def _took(self, cell: Cell, cost: Cost) -> None:
        self.took_s.setdefault(_way(cell), []).append(cost.wall_s)

    def eta_s(self) -> float | None:
        """Seconds until the grid is done, from what cells of the same Way took; None before the first is done."""
        everything = [took for each in self.took_s.values() for took in each]
        if not everything:
            return None
        overall = statistics.fmean(everything)
        left = [cell for cell in self.planned if cell not in self.done and cell not in self.failed]
        means = {way: statistics.fmean(each) for way, each in self.took_s.items()}
        known = sum(means.get(_way(cell), overall) for cell in left)
        return (known + sum(count * means.get(way, overall) for way, count in self.to_come.items())) / self.workers


def _way(cell: Cell) -> str:
    return "+".join(branch.way for branch in cell.branches)


def clock(seconds: float) -> str:
    """Seconds as h:mm:ss."""
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
