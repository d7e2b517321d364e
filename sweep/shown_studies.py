"""A run's studies for a dashboard: readable, and read again when the study has changed. Never written."""

import threading
import time
from contextlib import closing, suppress

from results.run_results import RunResults
from search_spaces.errors import SweepError
from sweep._database import Database
from sweep._read_only_storage import ReadOnlyStorage, Snapshot
from sweep._readable import METRIC, Attribute, readable_study, readable_trial
from sweep._storage import storage_errors
from sweep.collect import run_results
from sweep.folder import RunFolder
from sweep.identity import Identity
from sweep.ledger import sqlite_url
from sweep.opened import open_studies

_REST_S = 5.0
"""Least time between two looks at a study that goes on growing; a look at ten thousand trials takes seconds."""


_PATIENCE_S = 10.0
"""How long to wait for a database file that is being written."""


class ShownStudies:
    """The studies of a run as they were last seen; for several threads.

    A copy in memory, so that whoever is shown it cannot change the run, nor keep its database busy: that is open while
    it is read, and not between.

    Args:
        folder: of the run.
        identity: of the run.

    Raises:
        SweepError: nothing has run there yet, or the study is damaged.
    """

    def __init__(self, folder: RunFolder, identity: Identity) -> None:
        self._folder, self._identity = folder, identity
        self._lock = threading.Lock()
        self._state = self._now()
        self._seen = self._read()
        self._at = time.monotonic()

    def storage(self) -> ReadOnlyStorage:
        """The studies as an Optuna storage."""
        return ReadOnlyStorage(self.look)

    def look(self) -> Snapshot:
        """The studies as they are now, or were a few seconds ago."""
        with self._lock:
            state = self._now()
            if state != self._state and time.monotonic() - self._at >= _REST_S:
                with suppress(SweepError):  # locked for long, or gone: what was seen is shown on
                    self._seen, self._state = self._read(), state
                self._at = time.monotonic()
            return self._seen

    def _now(self) -> tuple[int, int] | None:
        try:
            found = self._folder.study_db.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size

    def _read(self) -> Snapshot:
        with open_studies(self._folder) as studies:  # which finds out whether they are whole
            results = run_results(self._folder, self._identity, studies)
        url = sqlite_url(self._folder.study_db)
        with storage_errors(url), closing(Database(url, "", create=False, timeout_s=_PATIENCE_S)) as database:
            found = database.everything()
        return Snapshot(
            {s._study_id: readable_study(s, _attributes(results, s.study_name)) for s, _ in found},
            {s._study_id: [readable_trial(trial) for trial in trials] for s, trials in found},
        )


def _attributes(results: RunResults, study: str) -> dict[str, Attribute]:
    """What to know about a study: whose it is, what its figures are read against, what was selected from it."""
    target, _, entry = study.partition("/")
    said: dict[str, Attribute] = {"value": f"{METRIC}, mean over seeds, as a fraction"}
    for reference in results.references:
        if reference.target == target:
            features = f", {reference.features}" if reference.features else ""
            said[f"{reference.title}{features}"] = reference.devel
    for record in results.multitask:
        if record.cell.target == target:
            said["selected for multitask"] = " & ".join(map(str, record.cell.branches))
    return said | {"target": target, "part of the run": entry or "grid", "space": results.space, "run": results.name}
