"""The studies in a database, read as they stood at one moment, past Optuna, which takes a second to load alone.

Reads the tables of the one schema that it knows. Part of the ledger; writes nothing.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from pydantic import JsonValue

from search_spaces.errors import SweepError
from sweep._source import Visitor
from sweep._stored import Query, State, Stored, damaged_study
from sweep._trials import Row, rows_by_cell

_SCHEMA = "v3.2.0.a"  # of Optuna 5.0
_NOTES = "SELECT key, value_json FROM study_user_attributes WHERE study_id = ?"
_TRIALS = "SELECT trial_id, number, state, datetime_start FROM trials WHERE study_id = ? ORDER BY number, trial_id"
_ATTRIBUTES = "SELECT trial_id, key, value_json FROM trial_user_attributes WHERE trial_id IN ({})"
_PARAMETERS = "SELECT trial_id, param_name, param_value FROM trial_params WHERE trial_id IN ({})"
_RECORDS = "SELECT trial_id, value_json FROM trial_user_attributes WHERE key = 'record' AND trial_id IN ({})"
_DECODE = json.JSONDecoder().raw_decode
_AT_ONCE = 500  # trials that are read together: a record has some ten kilobytes, and ten thousand fill the memory

T = TypeVar("T")


class Place(Protocol):
    """A database that studies are read from."""

    @property
    def shown(self) -> str:
        """Its URL, for messages."""

    @property
    def has_table(self) -> str:
        """A statement that gives a row where there is a table of this name."""

    def check(self) -> None:
        """Makes sure that there are studies to be read."""

    def errors(self) -> AbstractContextManager[None]:
        """Turns what reading may raise into one message."""

    def reading(self) -> AbstractContextManager[Query]:
        """Questions about the database as it is at one moment."""


class StudyTables:
    """What a database says of one run's studies, as it stood when it was opened or last `refresh`ed.

    Args:
        place: the database.
        prefix: stands before every study's name there.
    """

    def __init__(self, place: Place, prefix: str) -> None:
        self._place = place
        self._prefix = prefix
        self.shown = place.shown
        self._notes: dict[str, dict[str, str]] = {}  # study -> key -> JSON
        self._trials: dict[str, dict[int, Stored]] = {}  # study -> trial id -> trial
        self._rows: dict[str, dict[str, list[Row]]] = {}

    def check(self) -> None:
        """Makes sure that there are studies to be read, before anything is read of them.

        Raises:
            SweepError: their database is missing, locked, damaged or somebody else's.
        """
        with self.errors():
            self._place.check()

    def is_known(self) -> bool:
        """Whether its schema is the one that is known here."""
        with self.errors(), self._place.reading() as ask:
            if not ask(self._place.has_table, ["alembic_version"]):
                return False
            return (_SCHEMA,) in ask("SELECT version_num FROM alembic_version")

    def errors(self) -> AbstractContextManager[None]:
        """Turns what reading may raise into one message."""
        return self._place.errors()

    def close(self) -> None:
        """Nothing is held open."""

    def refresh(self, visit: Visitor | None = None) -> None:
        """Reads and shows what is new or has changed; what waits or is over does not, until its state does.

        Raises:
            SweepError: there are no studies any more.
        """
        self._rows.clear()
        with self._place.reading() as ask:
            studies = {
                str(name).removeprefix(self._prefix): study_id
                for study_id, name in ask("SELECT study_id, study_name FROM studies")
                if str(name).startswith(self._prefix)
            }
            if self._trials and not studies:
                raise SweepError(f"The studies have gone from {self.shown}: they were moved or deleted.")
            for gone in self._trials.keys() - studies.keys():
                del self._trials[gone], self._notes[gone]
            for study, study_id in studies.items():
                self._notes[study] = dict(ask(_NOTES, [study_id]))
                with damaged_study(study, self.shown):
                    self._trials[study] = self._read(ask, study_id, study, visit)

    def names(self) -> tuple[str, ...]:
        """This run's studies, sorted."""
        return tuple(sorted(self._trials))

    def attribute(self, study: str, key: str) -> JsonValue:
        """A value kept with a study; None where there is none."""
        notes = self._notes.get(study, {})
        with damaged_study(study, self.shown):
            value: JsonValue = json.loads(notes[key]) if key in notes else None
        return value

    def trials(self, study: str, *states: State) -> list[Stored]:
        """All trials of a study in order of their numbers, in these states or in all; finished ones without record."""
        found = self._trials.get(study, {}).values()
        return [trial for trial in found if not states or trial.state in states]

    def in_full(self, study: str, numbers: Collection[int]) -> Iterator[Stored]:
        """Trials of a study, with their records: these are read anew, some at a time."""
        wanted = {key: trial for key, trial in self._trials.get(study, {}).items() if trial.number in numbers}
        with self._place.reading() as ask:
            for keys in _some(list(wanted)):
                records = dict(_select(ask, _RECORDS, keys))
                for key in keys:
                    record = {"record": _decoded(records[key])} if key in records else {}
                    yield replace(wanted[key], user_attrs={**wanted[key].user_attrs, **record})

    def rows(self, study: str) -> dict[str, list[Row]]:
        """Every cell's trials of a study, oldest first; not to be changed."""
        if study not in self._rows:
            self._rows[study] = rows_by_cell(self.trials(study))
        return self._rows[study]

    def _read(self, ask: Query, study_id: int, study: str, visit: Visitor | None) -> dict[int, Stored]:
        before, rows = self._trials.get(study, {}), ask(_TRIALS, [study_id])
        changed = [row for row in rows if _has_changed(before.get(row[0]), row)]
        fresh: dict[int, Stored] = {}
        choices = self.attribute(study, "choices") if changed else None
        for some in _some(changed):
            ids = [trial_id for trial_id, *_ in some]
            attributes = _by_trial(_select(ask, _ATTRIBUTES, ids))
            parameters = _by_trial(_select(ask, _PARAMETERS, ids))
            for trial_id, number, state, started in some:
                named = _named(parameters.get(trial_id, {}), choices)
                kept = {key: _decoded(value) for key, value in attributes.get(trial_id, {}).items()}
                trial = Stored(number, _state(state), named, kept, _moment(started))
                if visit:
                    visit(study, trial)
                fresh[trial_id] = _without_record(trial)
        return {trial_id: fresh[trial_id] if trial_id in fresh else before[trial_id] for trial_id, *_ in rows}


def _has_changed(before: Stored | None, row: Sequence[Any]) -> bool:
    """Whether a trial must be read; another one may have the number of one that was deleted."""
    _, number, state, started = row
    if before is None or state == State.RUNNING:
        return True
    return (before.number, before.state, before.started) != (number, state, _moment(started))


def _without_record(trial: Stored) -> Stored:
    if not trial.state.is_over:
        return trial
    return replace(trial, user_attrs={key: value for key, value in trial.user_attrs.items() if key != "record"})


def _some(found: Sequence[T]) -> Iterator[Sequence[T]]:
    return (found[start : start + _AT_ONCE] for start in range(0, len(found), _AT_ONCE))


def _select(ask: Query, statement: str, trials: Sequence[int]) -> list[Any]:
    return ask(statement.format(", ".join("?" * len(trials))), trials)


def _by_trial(rows: Iterable[tuple[int, str, Any]]) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for trial_id, key, value in rows:
        found.setdefault(trial_id, {})[key] = value
    return found


def _decoded(text: str) -> Any:
    """A JSON value. `json.loads` looks for white space around it first, which in long ones takes as long again."""
    value, end = _DECODE(text)
    return value if end == len(text) else json.loads(text)


def _state(name: str) -> State:
    try:
        return State(name)
    except ValueError:
        raise ValueError(f"{name!r} is no state of a trial") from None


def _named(values: Mapping[str, float], choices: JsonValue) -> dict[str, object]:
    """Parameters as the names that their numbers stand for; Optuna keeps a copy of all choices with every one of them.

    A number without a name stays one, and is found to fit no cell.
    """
    found: dict[str, object] = {}
    for name, value in values.items():
        known = choices.get("features" if name.endswith("features") else "ways") if isinstance(choices, dict) else None
        place = int(value)
        found[name] = known[place] if isinstance(known, list) and 0 <= place < len(known) else value
    return found


def _moment(stored: str | datetime | None) -> datetime | None:
    """Optuna stores UTC without saying so; SQLite has it as text."""
    try:
        moment = datetime.fromisoformat(stored) if isinstance(stored, str) else stored
        return None if moment is None else moment.replace(tzinfo=UTC)
    except (AttributeError, TypeError, ValueError):
        return None
