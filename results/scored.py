"""A trial by its scores alone: what selects, ranks and compares cells, and fits in memory where records do not."""

from typing import Literal, TypeAlias

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from results.records import Cell, Scores, TrialRecord

_WITHOUT_THE_REST = ConfigDict(extra="ignore")


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


Scored: TypeAlias = TrialRecord | ScoredTrial
"""A finished trial, for whoever asks for its scores alone."""
DevelScores: TypeAlias = Scores | _Devel
