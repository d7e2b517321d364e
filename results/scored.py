"""A trial by its scores alone: what selects, ranks and compares cells, and fits in memory where records do not."""

from collections.abc import Sequence
from typing import Literal, Protocol

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from results.records import Cell

_WITHOUT_THE_REST = ConfigDict(extra="ignore")


class DevelScores(Protocol):
    """See `results.records.Scores`."""

    @property
    def macro_f1(self) -> float:
        """Plain mean over classes."""

    @property
    def weighted_f1(self) -> float:
        """Mean over classes by how often they are true."""

    @property
    def micro_f1(self) -> float:
        """Over all segments."""

    @property
    def predicted_classes(self) -> int:
        """Distinct classes among the predictions."""


class ScoredSeed(Protocol):
    """See `results.records.SeedRecord`."""

    @property
    def seed(self) -> int:
        """Its number."""

    @property
    def devel(self) -> DevelScores:
        """At its best epoch."""

    @property
    def length_alone(self) -> bool:
        """Whether the predictions follow from the segment's length."""


class Scored(Protocol):
    """A finished trial: its record, or what is below."""

    @property
    def cell(self) -> Cell:
        """What was trained."""

    @property
    def seeds(self) -> Sequence[ScoredSeed]:
        """All its seed runs."""


@dataclass(frozen=True, slots=True, config=_WITHOUT_THE_REST)
class _Devel:
    macro_f1: float
    weighted_f1: float
    micro_f1: float
    predicted_classes: int


@dataclass(frozen=True, slots=True, config=_WITHOUT_THE_REST)
class _Seed:
    seed: int
    devel: _Devel
    length_alone: bool = False


@dataclass(frozen=True, slots=True, config=_WITHOUT_THE_REST)
class ScoredTrial:
    """What is read of a trial's record where its scores are enough: a fifteenth of it."""

    cell: Cell
    seeds: tuple[_Seed, ...]
    format: Literal[1] = 1
