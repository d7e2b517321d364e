"""How long training takes, from what was measured: for the time that is left, and for a plan. Values in, values out."""

import math
import statistics
from collections.abc import Iterable

from results.records import Cell
from search_spaces.settings import Settings
from search_spaces.stages import BASELINE_WAY

_EPOCH_S = {  # of the engine on the real tree behind benchmarks/README.md, which see
    BASELINE_WAY: 0.366,
    "way2": 0.253,
    "way4": 0.524,
    "way5": 0.571,
    "way1": 1.971,
    "way3": 2.260,
    "way6": 2.591,
}
"""What the Ways cost beside one another; in place only until a run has measured a Way itself."""


def expected_epochs(settings: Settings) -> float:
    """How many epochs a seed trains, as a rule: twice the patience, or somewhat less where few are allowed.

    A seed ends `patience` epochs p after its best one, b. Over 880 seeds of seven kinds of network on a real tree (176
    cells, p = 15, limit 100, `benchmarks/forrest.md`) b has mean 17.3, median 14 and 90th percentile 35: it is spread
    much as an exponential with mean p would be (15, 10.4, 34.5), so that a seed trains 30 epochs (32.3 measured). With
    p = 40, 60 and 69 were measured for two cells (`benchmarks/readings.py`) where this rule says 72. With a limit of L
    epochs the expectation of min(p + b, L) is p + p (1 - exp((p - L) / p)).

    Example:
        >>> round(expected_epochs(Settings(epochs=100, patience=15)), 1)
        29.9
    """
    limit, patience = settings.epochs, settings.patience
    if limit <= patience:
        return float(limit)
    return patience + patience * (1 - math.exp((patience - limit) / patience))


def ways_of(cell: Cell) -> tuple[str, ...]:
    """The Ways of a cell's branches: what its time depends on most."""
    return tuple(branch.way for branch in cell.branches)


class Pace:
    """Seconds that a cell takes, by its Ways: learned from cells that are done and from epochs of cells under way.

    Args:
        settings: of the run; they say how many epochs a cell trains.
    """

    def __init__(self, settings: Settings) -> None:
        self._epochs = settings.seeds * expected_epochs(settings)
        self._took: dict[tuple[str, ...], list[float]] = {}  # [cells, their seconds in all]
        self._epoch_s: dict[tuple[str, ...], float] = {}

    def took(self, cell: Cell, wall_s: float) -> None:
        """A cell is done, in so many seconds."""
        known = self._took.setdefault(ways_of(cell), [0, 0.0])
        known[0] += 1
        known[1] += wall_s

    def epoch(self, cell: Cell, epoch_s: float) -> None:
        """A cell under way takes so many seconds an epoch; the latest word counts."""
        self._epoch_s[ways_of(cell)] = epoch_s

    def seconds(self, ways: tuple[str, ...]) -> float | None:
        """What a cell of these Ways will take on one worker; None where nothing has been measured yet.

        First what such cells took; else their epochs so far; else, for a joint run, what its branches would take by
        themselves; else what other Ways took, times what this Way costs beside them, or as it is for one of your own.
        """
        if ways in self._took:
            cells, in_all = self._took[ways]
            return in_all / cells
        if ways in self._epoch_s:
            return self._epochs * self._epoch_s[ways]
        if len(ways) > 1:
            return self._sum(self.seconds((way,)) for way in ways)
        known = {other[0]: self.seconds(other) or 0.0 for other in self._measured() if len(other) == 1}
        if not known:
            return None
        return statistics.fmean(seconds * _ratio(ways[0], way) for way, seconds in known.items())

    def joint_seconds(self, ways: Iterable[str]) -> float | None:
        """What a joint run will take whose branches are not selected yet: two of these Ways, whichever."""
        return self._sum([statistics.fmean(known)] * 2 if (known := self._known(ways)) else [None])

    def _known(self, ways: Iterable[str]) -> list[float]:
        return [found for way in ways if (found := self.seconds((way,))) is not None]

    def _measured(self) -> set[tuple[str, ...]]:
        return self._took.keys() | self._epoch_s.keys()

    @staticmethod
    def _sum(parts: Iterable[float | None]) -> float | None:
        found = list(parts)
        return None if None in found else sum(part for part in found if part is not None)


def _ratio(way: str, known: str) -> float:
    return _EPOCH_S[way] / _EPOCH_S[known] if way in _EPOCH_S and known in _EPOCH_S else 1.0


def clock(seconds: float) -> str:
    """Seconds as h:mm:ss."""
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
