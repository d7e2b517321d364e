"""The study, and the only user of Optuna: which cells are queued, running, done or failed, and what they measured.

One coordinator asks and tells; workers never come here. Optuna's samplers and its shared queue hand a cell out twice
when several processes ask, and lose cells when one is killed. Here nothing is sampled: a cell's trial is queued once,
with its parameters, and claimed in one step.

Per trial the order is: artifact, then the attributes and the state in one step. A trial that is found RUNNING failed
with its coordinator; one with a whole record, as older versions left it when they were killed in between, is completed.

What a cell costs here does not grow with the study: nothing is read again for a trial that is asked for or told.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pydantic import JsonValue

from results.records import Cell, Cost, TrialRecord
from search_spaces.errors import SweepError
from sweep._choices import Choices
from sweep._seals import sealed
from sweep._source import Source
from sweep._sqlite import sqlite_url
from sweep._storage import prepare, storage_errors
from sweep._stored import State
from sweep._trial_values import artifact_of, attributes_of, record_of, value_of
from sweep._trials import Cause, Row, in_state, next_attempt
from sweep.folder import Artifact, RunFolder
from sweep.study_reader import StudyReader

__all__ = ["Choices", "Ledger", "Ticket", "prepare", "sqlite_url"]

_AT_ONCE = 100
"""Trials that are queued in one step: one commit for all, and others may read the database in between."""


@dataclass(frozen=True)
class Ticket:
    """A trial that was asked for and must be told."""

    study: str
    number: int
    cell: Cell
    attempt: int  # 1-based


class Ledger(StudyReader):
    """The studies of one run, for the one process that may change them; see `StudyReader` for opening and reading.

    Makes the database where there is none, and in PostgreSQL holds the run for this process until it is closed: another
    coordinator's is refused. Every method raises SweepError where the storage cannot be used. For one thread.
    """

    def _open(self) -> Source:
        self._database = self._optuna(create=True)
        self._queued: dict[str, dict[str, Row]] = {}  # study -> cell -> its WAITING trial
        self._changed = False
        # Opening it for writing has looked whether it is whole, which takes some milliseconds a megabyte.
        return self._patience.through(lambda: self._tables(check=False)) or self._database

    def close(self) -> None:
        """Lets go of the database."""
        super().close()
        self._database.close()

    def _current(self) -> Source:
        if self._changed:  # by ourselves: nobody else may
            with self._source.errors():
                self._patience.through(self._source.refresh)
            self._changed = False
        return self._source

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """For a block that changes the studies, after whatever it reads of them."""
        self._changed = True
        with storage_errors(self._url):
            yield

    def stop_waiting(self) -> None:
        """A storage that is away is not waited for any more; may be called by a signal's handler."""
        self._patience.end()

    def open_study(self, study: str, choices: Choices) -> None:
        """Makes a study, or opens it where it exists.

        Args:
            study: its name.
            choices: every feature set and Way its cells may name, for ever: Optuna's categories cannot grow.

        Raises:
            SweepError: it exists with other choices.
        """
        wanted: dict[str, JsonValue] = {"features": list(choices.features), "ways": list(choices.ways)}
        with self._writing():
            self._database.create(study)
            found = self._database.attribute(study, "choices")
            if found is None:
                self._database.set_attribute(study, "choices", wanted)
            elif found != wanted:
                raise SweepError(
                    f"Study {study!r} in {self._database.shown} was made for other choices: expected {wanted}, "
                    f"found {found}. Another space needs another run."
                )

    def enqueue(self, study: str, cells: Sequence[Cell], *, retry_failed: bool = False) -> tuple[Cell, ...]:
        """Queues, in this order, the cells that have no record, are not queued and may be tried (again).

        Args:
            study: an opened study.
            cells: every cell that is wanted.
            retry_failed: give failed cells a fresh start.

        Returns:
            The cells that were queued.
        """
        rows = self._rows(study)
        attempts = {cell: next_attempt(rows.get(str(cell), []), self._max_attempts, retry_failed) for cell in cells}
        wanted = [(cell, attempt) for cell, attempt in attempts.items() if attempt is not None]
        with self._writing():
            choices = self._choices(study)
            for start in range(0, len(wanted), _AT_ONCE):
                some = wanted[start : start + _AT_ONCE]
                self._database.add(study, [choices.queued(cell, attempt) for cell, attempt in some])
        self._queued.pop(study, None)
        return tuple(cell for cell, _ in wanted)

    def ask(self, study: str, cell: Cell) -> Ticket | None:
        """Claims the queued trial of a cell, which is RUNNING from now on; None where none is queued."""
        if study not in self._queued:
            waiting = ((name, in_state(rows, State.WAITING)) for name, rows in self._rows(study).items())
            self._queued[study] = {name: row for name, row in waiting if row is not None}
        row = self._queued[study].pop(str(cell), None)
        if row is None:
            return None
        with self._writing():
            claimed = self._database.claim(study, row.number)
        return Ticket(study, row.number, cell, row.attempt) if claimed else None

    def complete(self, ticket: Ticket, record: TrialRecord, cost: Cost, artifact: Artifact) -> None:
        """Stores what a trial measured and tells it COMPLETE, with its devel macro-F1 as the mean over seeds.

        Args:
            ticket: from `ask`.
            record: what it measured.
            cost: what it took.
            artifact: its predictions, on disk already.
        """
        with self._writing():
            kept = attributes_of(record, cost, artifact)
            self._database.end(ticket.study, ticket.number, value_of(record), kept)

    def fail(self, ticket: Ticket, cause: Cause, reason: str) -> None:
        """Tells a trial FAIL, with its reason in one line."""
        with self._writing():
            self._fail(ticket.study, ticket.number, cause, reason)

    def recover(self, study: str, folder: RunFolder) -> None:
        """Settles the trials that a dead coordinator left RUNNING; only for the holder of the run's lock.

        One with a whole record and an unchanged artifact is told COMPLETE, any other FAIL as interrupted.
        """
        found = self._trials(study, State.RUNNING)
        with self._writing():
            for trial in found:
                artifact = artifact_of(trial)
                if "record" in trial.user_attrs and artifact is not None and folder.holds(artifact):
                    self._database.end(study, trial.number, value_of(record_of(trial)), {})
                else:
                    self._fail(study, trial.number, "interrupted", "interrupted")

    def adopt(self, study: str, source: str, cells: Iterable[Cell]) -> tuple[Cell, ...]:
        """Takes finished trials of the same cells over from another study of this run: nothing is trained twice.

        Call it before `enqueue`; a cell that is queued, running or done in `study` stays as it is.

        Returns:
            The cells that were taken over.
        """
        finished = {trial.user_attrs["cell"]: trial.number for trial in self._trials(source, State.COMPLETE)}
        rows = self._rows(study)
        taken = {name for name, of in rows.items() if in_state(of, State.COMPLETE, State.RUNNING, State.WAITING)}
        adopted = tuple(cell for cell in dict.fromkeys(cells) if str(cell) in finished.keys() - taken)
        if adopted:
            whole = self._in_full(source, {finished[str(cell)] for cell in adopted})
            with self._writing():
                choices = self._choices(study)
                trials = [choices.adopted(cell, whole[finished[str(cell)]], source) for cell in adopted]
                self._database.add(study, trials)
        return adopted

    def set_attribute(self, study: str, key: str, value: JsonValue) -> None:
        """Keeps a value with a study: a resolution, reference scores, test scores."""
        with self._writing():
            self._database.set_attribute(study, key, sealed(value))

    def _choices(self, study: str) -> Choices:
        stored = self._patience.through(lambda: self._database.get(study).user_attrs["choices"])
        return Choices(tuple(stored["features"]), tuple(stored["ways"]))

    def _fail(self, study: str, number: int, cause: Cause, reason: str) -> None:
        self._database.end(study, number, None, {"cause": cause, "reason": reason})
