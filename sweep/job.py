"""What goes to a worker and what comes back: values that survive JSON, so that a worker may sit anywhere."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from results.records import Cell, Cost, TrialRecord
from search_spaces.settings import Settings


class DataSource(BaseModel):
    """Where a worker finds the packed features of a run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    root: Path  # the tree as the user gave it, absolute
    reader: str
    cache: Path  # folder of packed arrays, absolute
    digest: str  # of everything the results depend on; a worker refuses data with another one


class Job(BaseModel):
    """One trial to run: a cell, its settings, its data."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cell: Cell
    settings: Settings
    data: DataSource
    device: str = "cpu"
    checkpoint: Path | None = None  # where the trial keeps its state while it runs; None keeps none


class EpochEvent(BaseModel):
    """Sent after every epoch, for the live view."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int
    epoch: int  # 1-based
    devel_f1: float
    best_f1: float


@dataclass(frozen=True)
class Outcome:
    """What one trial gave."""

    record: TrialRecord
    cost: Cost
    predictions: bytes  # an .npz: see results.predictions


class TrialFailed(Exception):
    """A training that ended without a result for a reason the user should read, such as a non-finite loss."""


RunTrial = Callable[[Job, Callable[[EpochEvent], None]], Outcome]
