"""What a run will train, and what that takes: cells by Way, hours, memory. Trains no cell."""

from collections.abc import Sequence
from dataclasses import dataclass

from results.records import Branch
from search_spaces.features import JOIN, Term, parse_feature_set
from search_spaces.grid import Row
from search_spaces.settings import Settings
from search_spaces.slots import Kind, Role, parse_slot
from search_spaces.space import Space
from search_spaces.stages import BASELINE_WAY
from sweep import environment, estimate
from sweep.calibration import Calibration, calibrate
from sweep.opened import Data
from sweep.pace import expected_epochs

_TIMED_FEATURES = 3  # side by side in what is timed: the width of a fusion costs little beside its Way
_GROWTH = 1.4
"""Times what a few steps take, a worker has after many trials: its allocator keeps what the largest shapes needed.
Measured: 299 MB to 430 (`benchmarks/plan.py`), and with every Way 378 to 577."""


@dataclass(frozen=True)
class Line:
    """One Way of the plan."""

    way: str
    cells: int
    epoch_s: float  # of one seed, on one worker


@dataclass(frozen=True)
class Forecast:
    """What a run takes.

    Attributes:
        lines: one a Way, and one for the joint runs.
        settings: of every training.
        workers: trials at a time.
        worker_mb: the most memory that one worker has, data that all of them map included.
        memory_mb: of everything together, the coordinator included; data once.
    """

    lines: tuple[Line, ...]
    settings: Settings
    workers: int
    worker_mb: float
    memory_mb: float

    @property
    def cells(self) -> int:
        """How many are trained."""
        return sum(line.cells for line in self.lines)

    @property
    def hours_least(self) -> float:
        """If every seed stops as early as it may."""
        return self._hours(min(self.settings.patience + 1, self.settings.epochs))

    @property
    def hours_expected(self) -> float:
        """If seeds stop as they use to; see `pace.expected_epochs`."""
        return self._hours(expected_epochs(self.settings))

    @property
    def hours_most(self) -> float:
        """If none stops early."""
        return self._hours(self.settings.epochs)

    def _hours(self, epochs: float) -> float:
        seconds = sum(line.cells * line.epoch_s for line in self.lines) * self.settings.seeds * epochs
        return seconds / self.workers / 3600


def forecast(
    space: Space, data: Data, targets: tuple[str, ...], grid: Sequence[Row], baseline: Sequence[Row], workers: int
) -> Forecast:
    """What a run of a space takes, from a few seconds of real steps.

    Args:
        space: what is trained.
        data: on what.
        targets: for what.
        grid: its feature sets, known or not.
        baseline: those of the official baseline.
        workers: trials at a time.

    Raises:
        SweepError: nothing could be measured.
    """
    ways = (*space.ways, *([BASELINE_WAY] if baseline else []))
    if space.screening is not None and space.screening.way not in ways:
        ways = (*ways, space.screening.way)
    named = {term.feature for row in (*grid, *baseline) if row.features for term in _raw(row.features)}
    trained = list(data.modalities) if space.screening else [name for name in data.modalities if name in named]
    timed = JOIN.join((trained or list(data.modalities))[:_TIMED_FEATURES])
    found = calibrate(data.store, targets[0], [Branch(features=timed, way=way) for way in ways], space.settings)
    epochs = dict(zip(ways, _epochs(data, targets, found, space.settings), strict=True))
    shared = estimate.data_mb(data.store, trained)
    return Forecast(
        lines=tuple(_lines(space, data, len(targets), grid, baseline, epochs)),
        settings=space.settings,
        workers=workers,
        worker_mb=_GROWTH * found.peak_memory_mb + shared,
        memory_mb=workers * _GROWTH * found.peak_memory_mb + shared + environment.peak_memory_mb(),
    )


def _raw(features: str) -> list[Term]:
    return [term for term in parse_feature_set(features) if not term.reduced]


def _epochs(data: Data, targets: tuple[str, ...], found: Calibration, settings: Settings) -> list[float]:
    """Seconds of an epoch of each branch that was timed, mean over the targets."""
    loads = [estimate.workload(data.store, target, settings) for target in targets]
    return [
        sum(speed.epoch_s(load.train_steps, load.devel_steps) for load in loads) / len(loads) for speed in found.speeds
    ]


def _lines(
    space: Space, data: Data, targets: int, grid: Sequence[Row], baseline: Sequence[Row], epochs: dict[str, float]
) -> list[Line]:
    cells = dict.fromkeys(epochs, 0) | dict.fromkeys(space.ways, targets * len(grid))
    if baseline:
        cells[BASELINE_WAY] = targets * len(baseline)
    if space.screening is not None:
        way = space.screening.way
        adopted = sum(_is_screened(row) for row in grid) if way in space.ways else 0  # trained by the screening already
        cells[way] += targets * (len(data.modalities) - adopted)
    lines = [Line(way, count, epochs[way]) for way, count in cells.items()]
    if space.multitask and len(grid) * len(space.ways) > 1:
        lines.append(Line("multitask", targets, 2 * max(epochs[way] for way in space.ways)))
    return lines


def _is_screened(row: Row) -> bool:
    """Whether a row is one raw feature, whichever that will be."""
    match parse_slot(row.slot):
        case (Term(_, reduced) | Role(Kind.BEST | Kind.NEXT, _, reduced),):
            return not reduced
        case _:
            return False
