"""What the studies of a run say, read without changing them: for the coordinator and for every status and table."""

from collections.abc import Callable, Collection, Iterable
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Self, TypeVar

from pydantic import JsonValue

from results.records import Cell, Cost, Hole, TrialRecord
from results.scored import ScoredTrial
from search_spaces.errors import SweepError
from sweep import collector
from sweep._seals import unsealed
from sweep._source import Source, check_all
from sweep._sqlite import DatabaseFile, sqlite_path
from sweep._stored import State, Stored
from sweep._study_tables import StudyTables
from sweep._trial_values import artifact_of, cost_of, record_of, scored_of
from sweep._trials import Row, attempts, hole, interruptions
from sweep.folder import Artifact
from sweep.lock import Holder
from sweep.patience import Patience
from sweep.postgres_url import postgres
from sweep.study_names import prefix_of

if TYPE_CHECKING:
    from optuna.study._frozen import FrozenStudy
    from optuna.trial import FrozenTrial

    from sweep._database import Database

T = TypeVar("T")

MAX_ATTEMPTS = 3
"""How many workers a cell may lose before it is a hole."""


class StudyReader:
    """The studies of one run: "<target>", "<target>/baseline", "<target>/multitask".

    A database that does not exist is an error here; the ledger makes one. Reading a study that does not exist yet finds
    it empty. Every trial is held against its digest when the studies are opened; one that was altered is an error.
    What is read is the studies as they stood then, until `refresh`. Every method raises SweepError where the storage
    cannot be used. For one thread.

    Args:
        storage_url: of a file, see `sqlite_url`, or of a PostgreSQL database.
        run_name: put before every study's name, where several runs share the storage; None where this run owns it.
        max_attempts: how many workers a cell may lose.
        timeout_s: how long to wait for a locked database file.
    """

    def __init__(
        self,
        storage_url: str,
        run_name: str | None = None,
        *,
        max_attempts: int = MAX_ATTEMPTS,
        timeout_s: float = 10.0,
    ) -> None:
        self._url = storage_url
        self._run_name = run_name
        self._max_attempts = max_attempts
        self._prefix = prefix_of(run_name)
        self._timeout_s = timeout_s
        self._records: dict[tuple[str, int], TrialRecord] = {}  # of finished trials, which do not change
        self._scored: dict[tuple[str, int], ScoredTrial] = {}
        self._costs: dict[tuple[str, int], Cost] = {}
        self._shared = postgres(storage_url)
        self._patience = Patience(self._shared.shown if self._shared else storage_url)
        self._source = self._open()
        try:
            self._check()
        except SweepError:
            self.close()
            raise

    def _open(self) -> Source:
        return self._patience.through(lambda: self._tables(check=True)) or self._optuna()

    def _check(self) -> None:
        self.refresh()

    def _tables(self, *, check: bool) -> StudyTables | None:
        """The studies as their tables have them; None where these are none that we can read ourselves.

        Args:
            check: look whether the database is whole first, where nobody has.
        """
        path = sqlite_path(self._url)
        place = DatabaseFile(path, self._timeout_s) if path is not None else self._shared
        if place is None:
            return None
        found = StudyTables(place, self._prefix)
        if check:
            found.check()
        return found if found.is_known() else None

    def _optuna(self, *, create: bool = False) -> "Database":
        """The studies as Optuna has them, which takes a second to load."""
        from sweep._database import Database  # noqa: PLC0415 - see above

        return Database(self._url, self._prefix, create, self._timeout_s, self._patience)

    def wait_for_storage(self, say: Callable[[str], None], wait_s: float | None = None) -> None:
        """From now on a server that goes away is waited for; see `Patience.wait`."""
        self._patience.wait(say, wait_s)

    def holder(self) -> Holder | None:
        """The live process that coordinates the run, as far as the storage knows: a file knows of none."""
        database, run = self._shared, self._run_name
        if database is None or run is None:
            return None
        from sweep._run_lock import holder  # noqa: PLC0415 - psycopg is an extra

        return self._patience.through(lambda: holder(database, run))

    def close(self) -> None:
        """Lets go of the database."""
        self._source.close()

    def refresh(self) -> None:
        """Reads what has changed, and holds it against its digests.

        Raises:
            SweepError: something was altered.
        """
        self._patience.through(lambda: check_all(self._source, self._forget))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def studies(self) -> tuple[str, ...]:
        """The names of this run's studies, sorted."""
        source = self._current()
        with source.errors():
            return source.names()

    def everything(self) -> "list[tuple[FrozenStudy, list[FrozenTrial]]]":
        """The studies as Optuna has them, oldest first, each with its trials; not to be changed."""
        with closing(self._optuna()) as database, database.errors():
            return database.everything()

    def records(self, study: str) -> tuple[TrialRecord, ...]:
        """What the finished trials measured, in the order they were queued."""
        return self._read(study, self._records, record_of)

    def scored(self, study: str) -> tuple[ScoredTrial, ...]:
        """What the finished trials scored, in the order they were queued; small, where `records` fill the memory."""
        return self._read(study, self._scored, scored_of)

    def costs(self, study: str) -> dict[str, Cost]:
        """What the finished trials took, by str(cell)."""
        return {trial.user_attrs["cell"]: self._cost(study, trial) for trial in self._trials(study, State.COMPLETE)}

    def artifacts(self, study: str) -> dict[str, Artifact]:
        """Where the finished trials' predictions lie, by str(cell)."""
        found = {trial.user_attrs["cell"]: artifact_of(trial) for trial in self._trials(study, State.COMPLETE)}
        return {cell: artifact for cell, artifact in found.items() if artifact is not None}

    def holes(self, study: str, cells: Iterable[Cell]) -> tuple[Hole, ...]:
        """The wanted cells without a record, each with its state and reason."""
        rows = self._rows(study)
        found = (hole(cell, rows.get(str(cell), []), self._max_attempts) for cell in cells)
        return tuple(hole for hole in found if hole is not None)

    def attempts(self, study: str) -> dict[str, int]:
        """How many trials of each cell were begun, by str(cell)."""
        return {cell: attempts(rows) for cell, rows in self._rows(study).items()}

    def interruptions(self, study: str) -> dict[str, int]:
        """How often the sweep stopped while a cell ran, by str(cell)."""
        return {cell: interruptions(rows) for cell, rows in self._rows(study).items()}

    def running_since(self, study: str) -> dict[str, datetime]:
        """When the trials that are running began, by str(cell)."""
        running = self._trials(study, State.RUNNING)
        return {trial.user_attrs["cell"]: trial.started for trial in running if trial.started is not None}

    def attribute(self, study: str, key: str) -> JsonValue:
        """A value kept with a study, or None.

        Raises:
            SweepError: it was altered.
        """
        source = self._current()
        with source.errors():
            stored = source.attribute(study, key)
        return unsealed(stored, f"{key!r} of study {study!r}")

    def _trials(self, study: str, *states: State) -> list[Stored]:
        """Our trials of a study; others were added by hand."""
        source = self._current()
        with source.errors():
            found = source.trials(study, *states)
        return [trial for trial in found if isinstance(trial.user_attrs.get("cell"), str)]

    def _rows(self, study: str) -> dict[str, list[Row]]:
        source = self._current()
        with source.errors():
            return source.rows(study)

    def _current(self) -> Source:
        """What is read from."""
        return self._source

    def _forget(self, study: str, trial: Stored) -> None:
        """A trial is not what it was."""
        for known in (self._records, self._scored, self._costs):
            known.pop((study, trial.number), None)

    def _read(self, study: str, known: dict[tuple[str, int], T], read: Callable[[Stored], T]) -> tuple[T, ...]:
        """What is read of the records of finished trials; `known` keeps it."""
        keys = [(study, trial.number) for trial in self._trials(study, State.COMPLETE)]
        missing = {number for _, number in keys if (study, number) not in known}

        def fill() -> None:
            for trial in self._source.in_full(study, missing):  # some at a time: not to be gathered
                known[study, trial.number] = read(trial)

        if missing:
            with self._source.errors(), collector.at_rest():
                self._patience.through(fill)
        return tuple(known[key] for key in keys)

    def _in_full(self, study: str, numbers: Collection[int]) -> dict[int, Stored]:
        """A few trials with their records, by number."""
        with self._source.errors():
            found = self._patience.through(lambda: list(self._source.in_full(study, numbers)))
        return {trial.number: trial for trial in found}

    def _cost(self, study: str, trial: Stored) -> Cost:
        key = study, trial.number
        if key not in self._costs:
            self._costs[key] = cost_of(trial)
        return self._costs[key]
