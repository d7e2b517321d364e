"""What one trial measured. Written once by the trial that measured it, read by everything that prints a number.

Scores are fractions; percent exists only in tables. What is not part of a result (seconds, bytes) is a Cost, apart
from the record, so that two runs of one cell give byte-equal records.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

State = Literal["pending", "running", "failed"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Branch(_Frozen):
    """A feature set and the Way that reads it."""

    features: str  # "vggish+fau+bert~"
    way: str  # "way1"

    def __str__(self) -> str:
        return f"{self.features}/{self.way}"


class Cell(_Frozen):
    """What is trained for a target: one branch, or the main and the related branch of a multitask run."""

    target: str
    branches: tuple[Branch, ...]  # one, or (main, related)

    def __str__(self) -> str:
        return f"{self.target} {' & '.join(map(str, self.branches))}"


class Scores(_Frozen):
    """How well predicted classes fit one partition; over the fixed labels 0…4 with zero_division 0."""

    macro_f1: float
    weighted_f1: float
    micro_f1: float
    class_f1: tuple[float, ...]  # (C,)
    confusion: tuple[tuple[int, ...], ...]  # (C, C), row = true class, column = predicted
    predicted_classes: int  # distinct classes among the predictions; 1 or fewer is a collapse


class SeedRecord(_Frozen):
    """One seed run of a cell."""

    seed: int
    best_epoch: int  # 1-based; the epoch whose weights gave `devel`
    devel: Scores  # main head, best epoch
    train_loss: tuple[float, ...]  # per epoch, mean over windows; the weighted total in a multitask run
    devel_f1: tuple[float, ...]  # per epoch, macro
    learning_rate: tuple[float, ...]  # per epoch
    delta: tuple[tuple[float, ...], ...] = ()  # per epoch, one δ a subtask (paper eq. 12 and 13); multitask only
    length_alone: bool = False  # devel predictions follow from the segment's length: a collapse too

    @property
    def epochs(self) -> int:
        """Epochs trained."""
        return len(self.train_loss)


class TrialRecord(_Frozen):
    """What the trial of one cell measured, all its seeds."""

    format: Literal[1] = 1
    cell: Cell
    widths: tuple[int, ...]  # per branch, after fusion
    parameters: int  # trainable numbers of the whole network
    data_digest: str
    settings: dict[str, Any]  # the effective Settings
    versions: dict[str, str]
    device: str
    seeds: tuple[SeedRecord, ...]


class SeedCost(_Frozen):
    """What a seed run took."""

    seed: int
    wall_s: float
    epoch_s: float  # mean per epoch, evaluation included
    steps_per_s: float  # train steps


class Cost(_Frozen):
    """What a trial took. Not part of its result."""

    wall_s: float
    peak_memory_mb: float  # of the worker process so far
    host: str
    seeds: tuple[SeedCost, ...]


class Hole(_Frozen):
    """A cell without a record, and why."""

    cell: Cell
    state: State
    reason: str  # one line; "" where the state says it all
    attempts: int = 0
