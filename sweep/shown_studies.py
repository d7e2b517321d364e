"""A run's studies for a dashboard: readable, and read again when the study has changed. Never written."""

import threading
import time
from contextlib import suppress

from results.records import TrialRecord
from search_spaces.errors import SweepError
from sweep._read_only_storage import ReadOnlyStorage, Snapshot
from sweep._readable import METRIC, Attribute, readable_study, readable_trial
from sweep.notes import Notes, notes_study
from sweep.seen_run import SeenRun
from sweep.study_names import multitask_study
from sweep.study_reader import StudyReader

_REST_S = 5.0
"""Least time between two looks at a study that goes on growing; a look at ten thousand trials takes seconds."""


class ShownStudies:
    """The studies of a run as they were last seen; for several threads.

    A copy in memory, so that whoever is shown it cannot change the run, nor keep its database busy: that is open while
    it is read, and not between.

    Args:
        run: what to show.

    Raises:
        SweepError: nothing has run there yet, or the study is damaged.
    """

    def __init__(self, run: SeenRun) -> None:
        self._run = run
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

    def _now(self) -> object:
        """What is another value when the studies have changed."""
        try:
            return self._run.state()
        except SweepError:
            return None

    def _read(self) -> Snapshot:
        with self._run.open_studies() as studies:  # which finds out whether they are whole
            found = studies.everything()
            known = _Known(self._run, studies)
        return Snapshot(
            {s._study_id: readable_study(s, known.attributes(s.study_name)) for s, _ in found},
            {s._study_id: [readable_trial(trial) for trial in trials] for s, trials in found},
        )


class _Known:
    """What to know about a study: whose it is, what its figures are read against, what was selected from it."""

    def __init__(self, run: SeenRun, studies: StudyReader) -> None:
        identity = run.identity
        self._run, self._space = run.name, identity.space.name
        self._references = Notes(studies, notes_study(identity.space, identity.targets)).references or ()
        self._multitask: list[TrialRecord] = [
            record for target in identity.targets for record in studies.records(multitask_study(target))
        ]

    def attributes(self, study: str) -> dict[str, Attribute]:
        target, _, entry = study.partition("/")
        said: dict[str, Attribute] = {"value": f"{METRIC}, mean over seeds, as a fraction"}
        for reference in self._references:
            if reference.target == target:
                features = f", {reference.features}" if reference.features else ""
                said[f"{reference.title}{features}"] = reference.devel
        for record in self._multitask:
            if record.cell.target == target:
                said["selected for multitask"] = " & ".join(map(str, record.cell.branches))
        return said | {"target": target, "part of the run": entry or "grid", "space": self._space, "run": self._run}
