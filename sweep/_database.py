"""The studies of one run in an Optuna storage: found, read, written. Part of the ledger, which knows what it means."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar, cast

import optuna
from optuna.storages._rdb.models import BaseModel
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial, TrialState
from pydantic import JsonValue
from sqlalchemy import and_, delete, event, insert
from sqlalchemy.engine import Connection, Engine, ExceptionContext
from sqlalchemy.orm import Session, scoped_session
from sqlalchemy.orm.session import JoinTransactionMode

from search_spaces.errors import SweepError
from sweep._source import Visitor
from sweep._sqlite import is_busy
from sweep._storage import open_storage, shown, storage_errors
from sweep._stored import State, Stored, damaged_study
from sweep._trials import Row, in_state, rows_by_cell
from sweep.patience import ConnectionLost, Patience

_ATTRIBUTES = BaseModel.metadata.tables["trial_user_attributes"]

P = ParamSpec("P")
T = TypeVar("T")


def _repeatable(
    method: "Callable[Concatenate[Database, P], T]",
) -> "Callable[Concatenate[Database, P], T]":
    """A method that can be repeated without harm where the connection is lost in it, whatever was done by then."""

    @wraps(method)
    def patiently(self: "Database", /, *words: P.args, **named: P.kwargs) -> T:
        return self.patience.through(lambda: method(self, *words, **named))

    return patiently


class _Refused(Exception):
    """What the database said to a part of a step; Optuna, which would try the part again, does not know it."""


class Database:
    """Reads and writes trials by study and number; a study that does not exist reads as empty.

    Where the server goes away, every method waits for it and is then repeated, as `patience` has it; none does twice
    what had been done before.

    Args:
        url: the storage.
        prefix: stands before every study's name there.
        create: to write; see `open_storage`.
        timeout_s: how long to wait for a locked file.
        patience: with outages; None for none.
    """

    def __init__(self, url: str, prefix: str, create: bool, timeout_s: float, patience: Patience | None = None) -> None:
        self.shown = shown(url)
        self.patience = patience or Patience(self.shown)
        self._url = url
        self._prefix = prefix
        self._backend = self.patience.through(lambda: open_storage(url, prefix, timeout_s, create))
        self._storage = optuna.storages.get_storage(self._backend)
        self._studies: dict[str, optuna.Study] = {}
        self._in_step = False
        event.listen(self._backend.engine, "handle_error", self._refuse)

    def close(self) -> None:
        """Lets go of every connection."""
        self._backend.remove_session()
        self._backend.engine.dispose()

    @_repeatable
    def names(self) -> tuple[str, ...]:
        """This run's studies, sorted."""
        names = optuna.get_all_study_names(self._storage)
        return tuple(sorted(name.removeprefix(self._prefix) for name in names if name.startswith(self._prefix)))

    @_repeatable
    def find(self, study: str) -> optuna.Study | None:
        """A study, or None where it does not exist."""
        if study not in self._studies:
            # A random sampler and no pruner: nothing is sampled and no cell may be dropped.
            sampler, pruner = optuna.samplers.RandomSampler(), optuna.pruners.NopPruner()
            name = self._prefix + study
            try:
                found = optuna.load_study(study_name=name, storage=self._storage, sampler=sampler, pruner=pruner)
            except KeyError:
                return None
            self._studies[study] = found
        return self._studies[study]

    def get(self, study: str) -> optuna.Study:
        """A study that must exist.

        Raises:
            SweepError: it does not; the message lists those that do.
        """
        found = self.find(study)
        if found is None:
            known = ", ".join(self.names()) or "none"
            raise SweepError(f"Study {study!r} does not exist in {self.shown}. Known: {known}.")
        return found

    @_repeatable
    def create(self, study: str) -> optuna.Study:
        """A study, made where it does not exist."""
        if self.find(study) is None:
            optuna.create_study(storage=self._storage, study_name=self._prefix + study, direction="maximize")
        return self.get(study)

    def errors(self) -> AbstractContextManager[None]:
        """Turns what a database may raise into one message."""
        return storage_errors(self._url)

    def refresh(self, visit: Visitor | None = None) -> None:
        """Shows every trial; nothing is kept: every method reads the studies as they are."""
        if visit is None:
            return
        for study in self.names():
            for trial in self.trials(study):
                visit(study, trial)

    @_repeatable
    def attribute(self, study: str, key: str) -> JsonValue:
        """A value kept with a study; None where there is none."""
        found = self.find(study)
        with damaged_study(study, self.shown):
            return None if found is None else cast(JsonValue, found.user_attrs.get(key))

    @_repeatable
    def everything(self) -> list[tuple[FrozenStudy, list[FrozenTrial]]]:
        """This run's studies as Optuna has them, oldest first, each with all its trials; not to be changed."""
        studies = sorted(self._storage.get_all_studies(), key=lambda study: study._study_id)
        ours = [study for study in studies if study.study_name.startswith(self._prefix)]
        for study in ours:
            study.study_name = study.study_name.removeprefix(self._prefix)
        return [(study, self._storage.get_all_trials(study._study_id, deepcopy=False)) for study in ours]

    @_repeatable
    def trials(self, study: str, *states: State) -> list[Stored]:
        """All trials of a study in order of their numbers, in these states or in all."""
        found = self.find(study)
        with damaged_study(study, self.shown):
            wanted = tuple(TrialState[state] for state in states) or None
            trials = [] if found is None else found.get_trials(deepcopy=False, states=wanted)
        return [_stored(trial) for trial in trials]

    def in_full(self, study: str, numbers: Collection[int]) -> Iterator[Stored]:
        """Trials of a study, with their records."""
        return (trial for trial in self.trials(study) if trial.number in numbers)

    def rows(self, study: str) -> dict[str, list[Row]]:
        """Every cell's trials of a study, oldest first."""
        return rows_by_cell(self.trials(study))

    @_repeatable
    def set_attribute(self, study: str, key: str, value: JsonValue) -> None:
        """Keeps a value with a study that must exist."""
        self.get(study).set_user_attr(key, value)

    def add(self, study: str, trials: Sequence[FrozenTrial]) -> None:
        """Adds trials in one step: of cells that have none in this state."""
        study_id, (first, *_) = self.get(study)._study_id, trials
        cell, state = first.user_attrs["cell"], State[first.state.name]

        def added() -> bool | None:
            return in_state(self.rows(study).get(cell, []), state) is not None or None

        def add() -> bool:
            with self._at_once():
                for trial in trials:  # past Optuna's cache, which would keep them though nothing came of the step
                    self._backend.create_new_trial(study_id, trial)
            return True

        self.patience.through(add, added)

    def claim(self, study: str, number: int) -> bool:
        """Turns a WAITING trial RUNNING in one step; False where it was not WAITING any more."""
        return self._turn(study, number, TrialState.RUNNING)

    def end(self, study: str, number: int, value: float | None, attributes: Mapping[str, JsonValue]) -> None:
        """Ends a RUNNING trial in one step: COMPLETE with a value, FAIL without, with what is to be kept of it."""
        state, values = (TrialState.FAIL, None) if value is None else (TrialState.COMPLETE, [value])
        self._turn(study, number, state, values, attributes)

    def _turn(
        self,
        study: str,
        number: int,
        state: TrialState,
        values: Sequence[float] | None = None,
        attributes: Mapping[str, JsonValue] | None = None,
    ) -> bool:
        """Gives a trial another state, and attributes, in one step; whether it has them now."""
        with damaged_study(study, self.shown):
            return self._turn_one(self._id(study, number), state, values, attributes)

    def _turn_one(
        self,
        trial_id: int,
        state: TrialState,
        values: Sequence[float] | None,
        attributes: Mapping[str, JsonValue] | None,
    ) -> bool:
        def turned() -> bool | None:  # nobody but us writes
            return self._backend.get_trial(trial_id).state == state or None

        def turn() -> bool:
            with self._at_once() as connection:
                if attributes:
                    _keep(connection, trial_id, attributes)
                return bool(self._backend.set_trial_state_values(trial_id, state, values))

        return self.patience.through(turn, turned)

    @contextmanager
    def _at_once(self) -> Iterator[Connection]:
        """What the block writes becomes part of the studies in one step, or not at all, and is forced to disk once.

        Optuna commits every attribute by itself; here its sessions join a transaction of ours.
        """
        sessions, engine = self._backend.scoped_session, self._backend.engine
        self._in_step = True
        try:
            with engine.begin() as connection:
                if engine.name == "sqlite":  # Python's driver would begin with the first change: perhaps too late
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                _bind(sessions, connection, "rollback_only")
                try:
                    yield connection
                finally:
                    _bind(sessions, engine, "conditional_savepoint")
        except _Refused as refused:
            raise (refused.__cause__ or refused) from None
        finally:
            self._in_step = False

    def _refuse(self, context: ExceptionContext) -> None:
        if is_busy(context.original_exception):  # the step is rolled back: whoever reads will be done some time
            raise ConnectionLost(str(context.original_exception)) from context.original_exception
        if self._in_step and not context.is_pre_ping:
            raise _Refused from context.sqlalchemy_exception or context.original_exception

    @_repeatable
    def _id(self, study: str, number: int) -> int:
        return int(self._storage.get_trial_id_from_study_id_trial_number(self.get(study)._study_id, number))


def _keep(connection: Connection, trial_id: int, attributes: Mapping[str, JsonValue]) -> None:
    """Gives a trial attributes, all at once: Optuna looks the trial up again for every one of them."""
    of_trial = and_(_ATTRIBUTES.c.trial_id == trial_id, _ATTRIBUTES.c.key.in_(attributes))
    connection.execute(delete(_ATTRIBUTES).where(of_trial))
    rows = [{"trial_id": trial_id, "key": key, "value_json": json.dumps(value)} for key, value in attributes.items()]
    connection.execute(insert(_ATTRIBUTES), rows)


def _bind(sessions: scoped_session[Session], to: Engine | Connection, mode: JoinTransactionMode) -> None:
    sessions.remove()
    sessions.configure(bind=to, join_transaction_mode=mode)


def _stored(trial: FrozenTrial) -> Stored:
    started = trial.datetime_start.astimezone(UTC) if trial.datetime_start else None
    return Stored(trial.number, State[trial.state.name], trial.params, trial.user_attrs, started)
