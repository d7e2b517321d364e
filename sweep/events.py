"""What happens to cells while a sweep runs, for a live view or a log."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from results.records import Cell, Cost, Hole
from results.scored import Scored
from search_spaces.resolution import Resolution
from sweep.job import EpochEvent


@dataclass(frozen=True)
class CellsPlanned:
    """A step of the run begins; its cells include those that are done already."""

    cells: tuple[Cell, ...]
    done: tuple[Scored, ...]  # of an earlier command or step
    failed: tuple[Hole, ...]  # and not tried again
    resolution: Resolution  # what the space's roles are by now
    costs: Mapping[str, Cost] = field(default_factory=dict)  # of the cells done, by str(cell)


@dataclass(frozen=True)
class CellStarted:
    """A cell went to a worker."""

    study: str
    cell: Cell
    attempt: int  # 1-based


@dataclass(frozen=True)
class CellEpoch:
    """A running cell finished an epoch."""

    study: str
    cell: Cell
    progress: EpochEvent
    epoch_s: float | None = None  # mean of this attempt's so far, where whoever tells it knows


@dataclass(frozen=True)
class CellDone:
    """A cell has a record, and it is stored."""

    study: str
    cell: Cell
    trial: Scored
    cost: Cost


@dataclass(frozen=True)
class CellFailed:
    """A cell's trial ended without a record."""

    study: str
    cell: Cell
    reason: str
    queued_again: bool


Event = CellsPlanned | CellStarted | CellEpoch | CellDone | CellFailed
