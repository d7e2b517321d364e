"""The studies of one run in an Optuna storage: found, read, written. Part of the ledger, which knows what it means."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC
from typing import cast

import optuna
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial, TrialState
from pydantic import JsonValue
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import Session, scoped_session
from sqlalchemy.orm.session import JoinTransactionMode

from search_spaces.errors import SweepError
from sweep._storage import open_storage, shown, storage_errors
from sweep._stored import State, Stored, damaged_study
from sweep._trials import Row, rows_by_cell


class Database:
    """Reads and writes trials by study and number; a study that does not exist reads as empty.

    Args:
        url: the storage.
        prefix: stands before every study's name there.
        create: make the database where there is none.
        timeout_s: how long to wait for a locked file.
    """

    def __init__(self, url: str, prefix: str, create: bool, timeout_s: float) -> None:
        self.shown = shown(url)
        self._url = url
        self._prefix = prefix
        self._backend = open_storage(url, timeout_s, create)
        self._storage = optuna.storages.get_storage(self._backend)
        self._studies: dict[str, optuna.Study] = {}

    def close(self) -> None:
        """Lets go of every connection."""
        self._backend.remove_session()
        self._backend.engine.dispose()

    def names(self) -> tuple[str, ...]:
        """This run's studies, sorted."""
        names = optuna.get_all_study_names(self._storage)
        return tuple(sorted(name.removeprefix(self._prefix) for name in names if name.startswith(self._prefix)))

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

    def create(self, study: str) -> optuna.Study:
        """A study, made where it does not exist."""
        if self.find(study) is None:
            optuna.create_study(storage=self._storage, study_name=self._prefix + study, direction="maximize")
        return self.get(study)

    def errors(self) -> AbstractContextManager[None]:
        """Turns what a database may raise into one message."""
        return storage_errors(self._url)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """What the block writes becomes part of the studies in one step, or not at all, and is forced to disk once.

        Optuna commits every attribute by itself; here its sessions join a transaction of ours.
        """
        sessions, engine = self._backend.scoped_session, self._backend.engine
        with engine.begin() as connection:
            if engine.name == "sqlite":  # Python's driver would begin with the first change, and could be too late then
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            _bind(sessions, connection, "rollback_only")
            try:
                yield
            finally:
                _bind(sessions, engine, "conditional_savepoint")

    def refresh(self) -> None:
        """Nothing is kept: every method reads the studies as they are."""

    def attribute(self, study: str, key: str) -> JsonValue:
        """A value kept with a study; None where there is none."""
        found = self.find(study)
        return None if found is None else cast(JsonValue, found.user_attrs.get(key))

    def everything(self) -> list[tuple[FrozenStudy, list[FrozenTrial]]]:
        """This run's studies as Optuna has them, oldest first, each with all its trials; not to be changed."""
        studies = sorted(self._storage.get_all_studies(), key=lambda study: study._study_id)
        ours = (study for study in studies if study.study_name.startswith(self._prefix))
        return [(study, self._storage.get_all_trials(study._study_id, deepcopy=False)) for study in ours]

    def trials(self, study: str, *states: State) -> list[Stored]:
        """All trials of a study in order of their numbers, in these states or in all."""
        found = self.find(study)
        with damaged_study(study, self.shown):
            wanted = tuple(TrialState[state] for state in states) or None
            trials = [] if found is None else found.get_trials(deepcopy=False, states=wanted)
        return [_stored(trial) for trial in trials]

    def rows(self, study: str) -> dict[str, list[Row]]:
        """Every cell's trials of a study, oldest first."""
        return rows_by_cell(self.trials(study))

    def add(self, study: str, trial: FrozenTrial) -> None:
        """Adds a trial as it stands."""
        self._storage.create_new_trial(self.get(study)._study_id, trial)

    def claim(self, study: str, number: int) -> bool:
        """Turns a WAITING trial RUNNING in one step; False where it was not WAITING any more."""
        return bool(self._storage.set_trial_state_values(self._id(study, number), state=TrialState.RUNNING))

    def mark(self, study: str, number: int, attributes: Mapping[str, JsonValue]) -> None:
        """Sets attributes of a RUNNING trial one after the other, in this order."""
        trial_id = self._id(study, number)
        for key, value in attributes.items():
            self._storage.set_trial_user_attr(trial_id, key, value)

    def _id(self, study: str, number: int) -> int:
        return int(self._storage.get_trial_id_from_study_id_trial_number(self.get(study)._study_id, number))


def _bind(sessions: scoped_session[Session], to: Engine | Connection, mode: JoinTransactionMode) -> None:
    sessions.remove()
    sessions.configure(bind=to, join_transaction_mode=mode)


def _stored(trial: FrozenTrial) -> Stored:
    started = trial.datetime_start.astimezone(UTC) if trial.datetime_start else None
    return Stored(trial.number, State[trial.state.name], trial.params, trial.user_attrs, started)
