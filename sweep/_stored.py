"""A trial as the study holds it, whoever read it there. Part of the ledger."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from search_spaces.errors import SweepError


class State(StrEnum):
    """Optuna's states of a trial, by the names it stores."""

    WAITING = "WAITING"
    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    FAIL = "FAIL"
    PRUNED = "PRUNED"  # nothing of ours is

    @property
    def is_over(self) -> bool:
        """Whether nothing about the trial will change any more."""
        return self not in (State.WAITING, State.RUNNING)


class Query(Protocol):
    """Asks a database."""

    def __call__(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        """The rows of a statement, "?" standing for each value."""


class Attributed(Protocol):
    """What a trial is to whoever reads its attributes, one of ours or one of Optuna's."""

    @property
    def number(self) -> int:
        """In its study, from 0."""

    @property
    def user_attrs(self) -> Mapping[str, Any]:
        """What was kept with it, plain JSON."""


@dataclass(frozen=True)
class Stored:
    """One trial of a study.

    Attributes:
        number: in its study, from 0.
        state: as it was when it was read.
        params: "features", "way", and of a joint run "related_features" and "related_way".
        user_attrs: what was kept with it, plain JSON; often without the record, see `sweep._source.Source`.
        started: when it began to run.
    """

    number: int
    state: State
    params: Mapping[str, object]
    user_attrs: Mapping[str, Any]
    started: datetime | None = None


_DAMAGE = (LookupError, OverflowError, ValueError, TypeError, AttributeError, AssertionError, RecursionError)


@contextmanager
def damaged_study(study: str, storage: str) -> Iterator[None]:
    """Turns what damaged rows make of the reading of a study into one message."""
    try:
        yield
    except json.JSONDecodeError:  # which whoever opened the storage tells
        raise
    except _DAMAGE as error:
        raise SweepError(
            f"Study {study!r} in {storage} is damaged: {error}. Put a copy of the study back, or make another run."
        ) from error
