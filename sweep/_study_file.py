"""The studies in a database file, read as they stood at one moment, past Optuna, which takes a second to load alone.

Reads the tables of the one schema that it knows. Part of the ledger; writes nothing.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from sweep._sqlite import check_there, check_whole, file_errors
from sweep._stored import State, Stored, damaged_study
from sweep._trials import Row, rows_by_cell

_SCHEMA = "v3.2.0.a"  # of Optuna 5.0
_NOTES = "SELECT key, value_json FROM study_user_attributes WHERE study_id = ?"
_TRIALS = "SELECT trial_id, number, state, datetime_start FROM trials WHERE study_id = ? ORDER BY number, trial_id"
_OF_STUDY = "trial_id IN (SELECT trial_id FROM trials WHERE study_id = ?)"
_ATTRIBUTES = "SELECT trial_id, key, value_json FROM trial_user_attributes WHERE {}"
_PARAMETERS = "SELECT trial_id, param_name, param_value FROM trial_params WHERE {}"
_DECODE = json.JSONDecoder().raw_decode
_FEW = 100  # trials that are read one by one


class StudyFile:
    """What a database file says of one run's studies, as it stood when it was opened or last `refresh`ed.

    Args:
        path: of the file.
        prefix: stands before every study's name there.
        timeout_s: how long to wait for a locked file.

    Raises:
        SweepError: it is missing, locked, damaged or somebody else's.
    """

    def __init__(self, path: Path, prefix: str, timeout_s: float) -> None:
        self._path = path
        self._prefix = prefix
        self._timeout_s = timeout_s
        self.shown = f"sqlite:///{path}"
        self._notes: dict[str, dict[str, str]] = {}  # study -> key -> JSON
        self._trials: dict[str, dict[int, Stored]] = {}  # study -> trial id -> trial
        self._rows: dict[str, dict[str, list[Row]]] = {}
        with self.errors():
            check_there(path)
            check_whole(path, timeout_s)

    def is_known(self) -> bool:
        """Whether its schema is the one that is known here."""
        with self.errors(), closing(self._connected()) as database:
            if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchall():
                return False
            return (_SCHEMA,) in database.execute("SELECT version_num FROM alembic_version").fetchall()

    def errors(self) -> AbstractContextManager[None]:
        """Turns what reading may raise into one message."""
        return file_errors(self._path)

    def close(self) -> None:
        """Nothing is held open."""

    def refresh(self) -> None:
        """Reads what has changed since the last time; what waits or is over does not, until its state does."""
        self._rows.clear()
        with closing(self._connected()) as database:
            database.execute("BEGIN")  # everything as of one moment
            for study_id, name in database.execute("SELECT study_id, study_name FROM studies").fetchall():
                if name.startswith(self._prefix):
                    study = name.removeprefix(self._prefix)
                    self._notes[study] = dict(database.execute(_NOTES, (study_id,)).fetchall())
                    with damaged_study(study, self.shown):
                        self._trials[study] = self._read(database, study_id, study)

    def names(self) -> tuple[str, ...]:
        """This run's studies, sorted."""
        return tuple(sorted(self._trials))

    def attribute(self, study: str, key: str) -> JsonValue:
        """A value kept with a study; None where there is none."""
        found = self._notes.get(study, {}).get(key)
        value: JsonValue = None if found is None else json.loads(found)
        return value

    def trials(self, study: str, *states: State) -> list[Stored]:
        """All trials of a study in order of their numbers, in these states or in all."""
        found = self._trials.get(study, {}).values()
        return [trial for trial in found if not states or trial.state in states]

    def rows(self, study: str) -> dict[str, list[Row]]:
        """Every cell's trials of a study, oldest first; not to be changed."""
        if study not in self._rows:
            self._rows[study] = rows_by_cell(self.trials(study))
        return self._rows[study]

    def _connected(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=self._timeout_s, isolation_level=None)

    def _read(self, database: sqlite3.Connection, study_id: int, study: str) -> dict[int, Stored]:
        before = self._trials.get(study, {})
        rows = database.execute(_TRIALS, (study_id,)).fetchall()
        changed = [
            trial_id
            for trial_id, _, state, _ in rows
            if trial_id not in before or before[trial_id].state != state or state == State.RUNNING
        ]
        attributes = _by_trial(_select(database, _ATTRIBUTES, study_id, changed))
        parameters = _by_trial(_select(database, _PARAMETERS, study_id, changed))
        choices = self.attribute(study, "choices") if changed else None
        fresh = set(changed)
        return {
            trial_id: Stored(
                number,
                _state(state),
                _named(parameters.get(trial_id, {}), choices),
                {key: _decoded(value) for key, value in attributes.get(trial_id, {}).items()},
                _moment(started),
            )
            if trial_id in fresh
            else before[trial_id]
            for trial_id, number, state, started in rows
        }


def _select(
    database: sqlite3.Connection, statement: str, study_id: int, trials: Sequence[int]
) -> Iterable[tuple[int, str, Any]]:
    """Rows of a study's trials: of all of them at once, or of a few."""
    if len(trials) > _FEW:
        return database.execute(statement.format(_OF_STUDY), (study_id,))
    one = statement.format("trial_id = ?")
    return (row for trial in trials for row in database.execute(one, (trial,)))


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


def _moment(text: str | None) -> datetime | None:
    """Optuna stores UTC without saying so."""
    try:
        return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)
    except (TypeError, ValueError):
        return None
