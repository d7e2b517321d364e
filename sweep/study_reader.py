"""What the studies of a run say, read without changing them: for the coordinator and for every status and table."""

from collections.abc import Iterable
from typing import Self, cast

from optuna.trial import TrialState
from pydantic import JsonValue

from results.records import Cell, Cost, Hole, TrialRecord
from search_spaces.errors import SweepError
from sweep._database import Database
from sweep._seals import unsealed
from sweep._storage import storage_errors
from sweep._trial_values import artifact_of, cost_of, record_of
from sweep._trials import hole, interruptions
from sweep.folder import Artifact

MAX_ATTEMPTS = 3
"""How many workers a cell may lose before it is a hole."""


class StudyReader:
    """The studies of one run: "<target>", "<target>/baseline", "<target>/multitask".

    A database that does not exist is an error here; the ledger makes one. Reading a study that does not exist yet finds
    it empty. Every trial is held against its digest when the studies are opened; one that was altered is an error.
    Every method raises SweepError where the storage cannot be used. For one thread.

    Args:
        storage_url: SQLAlchemy's; for a file see `sqlite_url`.
        run_name: put before every study's name, where several runs share the storage; None where this run owns it.
        max_attempts: how many workers a cell may lose.
        timeout_s: how long to wait for a locked database file.
    """

    _CREATES = False

    def __init__(
        self,
        storage_url: str,
        run_name: str | None = None,
        *,
        max_attempts: int = MAX_ATTEMPTS,
        timeout_s: float = 10.0,
    ) -> None:
        self._url = storage_url
        self._max_attempts = max_attempts
        self._database = Database(storage_url, f"{run_name}/" if run_name else "", self._CREATES, timeout_s)
        try:
            with storage_errors(storage_url):
                self._database.check()
        except SweepError:
            self.close()
            raise

    def close(self) -> None:
        """Lets go of the database."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def studies(self) -> tuple[str, ...]:
        """The names of this run's studies, sorted."""
        with storage_errors(self._url):
            return self._database.names()

    def records(self, study: str) -> tuple[TrialRecord, ...]:
        """What the finished trials measured, in the order they were queued."""
        with storage_errors(self._url):
            return tuple(record_of(trial) for trial in self._database.trials(study, TrialState.COMPLETE))

    def costs(self, study: str) -> dict[str, Cost]:
        """What the finished trials took, by str(cell)."""
        with storage_errors(self._url):
            finished = self._database.trials(study, TrialState.COMPLETE)
            return {trial.user_attrs["cell"]: cost_of(trial) for trial in finished}

    def artifacts(self, study: str) -> dict[str, Artifact]:
        """Where the finished trials' predictions lie, by str(cell)."""
        with storage_errors(self._url):
            found = {t.user_attrs["cell"]: artifact_of(t) for t in self._database.trials(study, TrialState.COMPLETE)}
        return {cell: artifact for cell, artifact in found.items() if artifact is not None}

    def holes(self, study: str, cells: Iterable[Cell]) -> tuple[Hole, ...]:
        """The wanted cells without a record, each with its state and reason."""
        with storage_errors(self._url):
            rows = self._database.rows(study)
        found = (hole(cell, rows.get(str(cell), []), self._max_attempts) for cell in cells)
        return tuple(hole for hole in found if hole is not None)

    def interruptions(self, study: str) -> dict[str, int]:
        """How often the sweep stopped while a cell ran, by str(cell)."""
        with storage_errors(self._url):
            return {cell: interruptions(rows) for cell, rows in self._database.rows(study).items()}

    def attribute(self, study: str, key: str) -> JsonValue:
        """A value kept with a study, or None.

        Raises:
            SweepError: it was altered.
        """
        with storage_errors(self._url):
            found = self._database.find(study)
            stored = None if found is None else cast(JsonValue, found.user_attrs.get(key))
        return unsealed(stored, f"{key!r} of study {study!r}")
