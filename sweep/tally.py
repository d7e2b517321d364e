"""What a live view knows of a run: fed with events, asked for counts, figures and the time that is left."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from results.records import Cell, Cost
from results.scored import Scored
from results.summary import Summary, is_collapsed, summarize
from search_spaces.resolution import Resolution
from search_spaces.space import Space
from sweep.cells import to_come
from sweep.events import CellDone, CellEpoch, CellFailed, CellsPlanned, CellStarted, Event
from sweep.job import EpochEvent
from sweep.pace import Pace, expected_epochs, ways_of
from sweep.sheet import Sheet, sheet_of


@dataclass(frozen=True)
class Figure:
    """Devel macro-F1 of a cell that is done, as a fraction."""

    mean: float
    summary: Summary
    collapsed: bool  # says nothing about features or Way, and is not ranked

    @property
    def std(self) -> float | None:
        """Over seeds; None for one."""
        return self.summary.std


@dataclass
class Tally:
    """Counts and figures of one run, as one command sees it.

    Attributes:
        space: what is run.
        targets: of the run, in order.
        workers: trials at a time.
        now: seconds, from any start.
        planned: every cell that is known to be wanted, in the order it became known.
        done: cells with a record, before and during this command.
        failed: cells that have failed and are not tried again, with the reason; the last to fail is last.
        running: cells in flight and their last epoch.
        figures: of the cells done.
        trained: cells done while this command looked.
        events: how many were taken in; while it stays, nothing here has changed.
    """

    space: Space
    targets: tuple[str, ...]
    workers: int
    now: Callable[[], float] = time.monotonic
    planned: dict[Cell, None] = field(default_factory=dict)
    done: set[Cell] = field(default_factory=set)
    failed: dict[Cell, str] = field(default_factory=dict)
    running: dict[Cell, EpochEvent | None] = field(default_factory=dict)
    figures: dict[Cell, Figure] = field(default_factory=dict)
    trained: int = 0
    events: int = 0

    def __post_init__(self) -> None:
        self._pace = Pace(self.space.settings)
        self._first: dict[Cell, tuple[float, int]] = {}  # when a running cell's first epoch came, epochs since then
        self._to_come: dict[str, int] = {}
        self._open: Counter[tuple[str, ...]] = Counter()  # cells that wait, by their Ways: a line a cell asks for it
        self._joint = 0
        self._resolution = Resolution(modalities={})
        self._sheet: Sheet | None = None

    def __call__(self, event: Event) -> None:
        """Takes in one event."""
        self.events += 1
        match event:
            case CellsPlanned(cells, done, failed, resolution, costs):
                self._plan(cells, resolution)
                for trial in done:
                    if trial.cell not in self.done:
                        self._finish(trial, costs.get(str(trial.cell)))
                for hole in failed:
                    self.failed[hole.cell] = hole.reason
                self._open = Counter(ways_of(cell) for cell in self.planned if self._waits(cell))
            case CellEpoch(_, cell, progress, epoch_s):
                self._epoch(cell, progress, epoch_s)
            case CellStarted() | CellDone() | CellFailed():
                waited = self._waits(event.cell)
                self._change(event)
                self._open[ways_of(event.cell)] += self._waits(event.cell) - waited

    @property
    def sheet(self) -> Sheet:
        """Where each cell stands in the paper's table; empty while nothing is known of the data."""
        if self._sheet is None:
            known = self._resolution.modalities
            empty = Sheet(self.targets, self.space.ways)
            self._sheet = sheet_of(self.space, self.targets, self._resolution, self.planned) if known else empty
        return self._sheet

    @property
    def open_cells(self) -> int:
        """Cells that results still to come will name, joint runs included."""
        return sum(self._to_come.values()) + self._joint_to_come()

    def eta_s(self) -> float | None:
        """Seconds until everything is done; None before anything was measured.

        What is left of every cell, shared among the workers; at least what the longest cell under way has left.
        """
        left = longest = 0.0
        for cell in self.running:
            whole = self._pace.seconds(ways_of(cell))
            if whole is None:
                return None
            rest = whole * (1 - self._share(cell))
            left, longest = left + rest, max(longest, rest)
        for ways, count in self._waiting().items():
            whole = self._pace.seconds(ways)
            if whole is None:
                return None
            left += count * whole
        if joint := self._joint_to_come():
            whole = self._pace.joint_seconds(self.space.ways)
            if whole is None:
                return None
            left += joint * whole
        return max(left / self.workers, longest)

    def _change(self, event: CellStarted | CellDone | CellFailed) -> None:
        self.running.pop(event.cell, None)
        self._first.pop(event.cell, None)
        match event:
            case CellStarted(_, cell, _):
                self.running[cell] = None
                self.failed.pop(cell, None)
            case CellDone(_, _, trial, cost):
                self._finish(trial, cost)
                self.trained += 1
            case CellFailed(_, cell, reason, queued_again):
                if not queued_again:
                    self.failed[cell] = reason

    def _plan(self, cells: tuple[Cell, ...], resolution: Resolution) -> None:
        self.planned |= dict.fromkeys(cells)
        self._joint = sum(len(cell.branches) > 1 for cell in self.planned)
        self._resolution, self._sheet = resolution, None
        self._to_come = to_come(self.space, resolution, self.targets) if resolution.modalities else {}

    def _finish(self, trial: Scored, cost: Cost | None) -> None:
        summary = summarize(trial)
        self.done.add(trial.cell)
        self.failed.pop(trial.cell, None)
        self.figures[trial.cell] = Figure(summary.mean, summary, is_collapsed(trial))
        if cost is not None:
            self._pace.took(trial.cell, cost.wall_s)

    def _epoch(self, cell: Cell, progress: EpochEvent, epoch_s: float | None) -> None:
        before, now = self.running.get(cell), self.now()
        self.running[cell] = progress
        began, epochs = self._first.get(cell, (now, 0))
        if before is not None:  # of a new seed, its epochs; those of the last one that we have missed are few
            epochs += progress.epoch - (before.epoch if before.seed == progress.seed else 0)
        self._first[cell] = began, epochs
        if epoch_s is not None:
            self._pace.epoch(cell, epoch_s)
        elif epochs:
            self._pace.epoch(cell, (now - began) / epochs)

    def _share(self, cell: Cell) -> float:
        """How much of a running cell is done, 0…1."""
        progress, settings = self.running[cell], self.space.settings
        if progress is None:
            return 0.0
        seeds_done = progress.seed - settings.first_seed
        return min(1.0, (seeds_done + min(1.0, progress.epoch / expected_epochs(settings))) / settings.seeds)

    def _waits(self, cell: Cell) -> bool:
        return cell in self.planned and not (cell in self.done or cell in self.failed or cell in self.running)

    def _waiting(self) -> Counter[tuple[str, ...]]:
        """How many cells of each Way are open and not under way, known or still to be named."""
        return self._open + Counter({(way,): count for way, count in self._to_come.items()})

    def _joint_to_come(self) -> int:
        """Targets whose joint run is not selected yet."""
        if not self.space.multitask:
            return 0
        return len(self.targets) - self._joint
