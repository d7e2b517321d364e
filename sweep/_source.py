"""What studies are read from: their file, or Optuna. Part of the ledger."""

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from pydantic import JsonValue

from sweep import collector
from sweep._stored import State, Stored, damaged_study
from sweep._trial_check import check
from sweep._trials import Row

Visitor = Callable[[str, Stored], None]
"""Takes a study's name and a trial of it."""


class Source(Protocol):
    """Where trials are read from; a study that does not exist reads as empty."""

    shown: str

    def errors(self) -> AbstractContextManager[None]:
        """Turns what reading may raise into one message."""

    def refresh(self, visit: Visitor | None = None) -> None:
        """Makes sure that what is read from now on is not older.

        Args:
            visit: is shown every trial that has changed since the last time, with its record; None for nobody.
        """

    def names(self) -> tuple[str, ...]:
        """This run's studies, sorted."""

    def attribute(self, study: str, key: str) -> JsonValue:
        """A value kept with a study; None where there is none."""

    def trials(self, study: str, *states: State) -> list[Stored]:
        """All trials of a study in order of their numbers, in these states or in all; finished ones without record."""

    def in_full(self, study: str, numbers: Collection[int]) -> Iterator[Stored]:
        """Trials of a study, with their records."""

    def rows(self, study: str) -> dict[str, list[Row]]:
        """Every cell's trials of a study, oldest first."""

    def close(self) -> None:
        """Lets go of it."""


def check_all(source: Source, changed: Visitor) -> None:
    """Reads every trial of a run and makes sure that it says what was stored; see `_trial_check.check`.

    Args:
        source: of the run's studies.
        changed: is shown every trial that is new or has changed.

    Raises:
        SweepError: it does not.
    """

    def visit(study: str, trial: Stored) -> None:
        changed(study, trial)
        with damaged_study(study, source.shown):
            if trial.user_attrs.keys() & {"cell", "attempt", "record"}:  # others were added by hand
                check(trial, study)

    with source.errors(), collector.at_rest():
        source.refresh(visit)
