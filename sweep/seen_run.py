"""A run to look at: one in a folder here, or one whose studies alone can be reached, in a database."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from search_spaces.errors import SweepError, unknown
from sweep import _seals as seals
from sweep import storage_note
from sweep._sqlite import sqlite_path
from sweep.folder import RunFolder
from sweep.identity import Identity
from sweep.lock import Holder, holder
from sweep.notes import IDENTITY
from sweep.opened import open_run
from sweep.patience import Patience
from sweep.postgres_url import postgres, shared
from sweep.storage_note import Storage
from sweep.storage_url import split
from sweep.study_names import prefix_of
from sweep.study_reader import StudyReader

if TYPE_CHECKING:
    from sweep._postgres import Postgres  # and psycopg with it, an extra

_RUNS = """
SELECT study_name, value_json FROM studies JOIN study_user_attributes USING (study_id) WHERE key = ? ORDER BY study_id
"""
_STATE = """
SELECT count(*), max(datetime_start), max(datetime_complete),
(SELECT count(*) FROM study_user_attributes JOIN studies USING (study_id) WHERE starts_with(study_name, prefix))
FROM trials JOIN studies USING (study_id), (SELECT ? AS prefix) AS ours WHERE starts_with(study_name, prefix)
GROUP BY prefix
"""


@dataclass(frozen=True)
class SeenRun:
    """A run and what is known of it.

    Attributes:
        folder: None where it is on another machine.
        storage: where its studies are.
    """

    identity: Identity
    folder: RunFolder | None
    storage: Storage

    @property
    def name(self) -> str:
        """The run's name."""
        return self.folder.name if self.folder else _name(self.storage.run or "")

    def is_about_to_begin(self) -> bool:
        """Whether its coordinator is at work and has not made the studies yet."""
        path = sqlite_path(self.storage.url)
        return path is not None and not path.exists() and self.folder is not None and holder(self.folder) is not None

    def state(self) -> object:
        """What is another value when the studies have changed; None where that cannot be told.

        Raises:
            SweepError: their database cannot be reached.
        """
        database = postgres(self.storage.url)
        if database is not None:
            return _ask(database, _STATE, prefix_of(self.storage.run))
        try:
            found = (sqlite_path(self.storage.url) or Path()).stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size

    def open_studies(self) -> StudyReader:
        """Its studies, to read.

        Raises:
            SweepError: nothing has run there yet, or the database is damaged or cannot be reached.
        """
        return StudyReader(self.storage.url, self.storage.run)

    def holder(self, studies: StudyReader) -> Holder | None:
        """The live process that coordinates it: as the storage knows, which sees other machines too, or its folder."""
        return studies.holder() or (holder(self.folder) if self.folder else None)


def find(spelled: str) -> SeenRun:
    """The run that a user named.

    Args:
        spelled: its folder, or the URL of its storage, with "#RUN" where that holds several.

    Raises:
        SweepError: there is none, or several are meant.
    """
    if "://" not in spelled:
        folder, identity = open_run(Path(spelled))
        return SeenRun(identity, folder, storage_note.existing(folder))
    url, wanted = split(spelled)
    known = {study.partition("/")[0]: note for study, note in _ask(shared(url, "RUN"), _RUNS, IDENTITY)}
    chosen = [run for run in known if wanted is None or wanted in (run, _name(run))]
    if len(chosen) == 1:
        return SeenRun(_identity(chosen[0], known[chosen[0]]), None, Storage(url, chosen[0]))
    if chosen:
        raise SweepError(f"Which run? Name one behind a #: {Storage(url, 'RUN')}. Known: {', '.join(chosen)}.")
    raise unknown("Run", wanted or "", known)


def _ask(database: "Postgres", statement: str, value: str) -> list[Any]:
    def ask() -> list[Any]:
        with database.errors():
            database.check()
            with database.reading() as question:
                return question(statement, [value])

    return Patience(database.shown).through(ask)


def _identity(run: str, note: str) -> Identity:
    try:
        return Identity.model_validate(seals.unsealed(json.loads(note), f"{IDENTITY!r} of run {run!r}"))
    except (ValidationError, ValueError) as error:
        raise SweepError(
            f"What run {run} has noted of itself cannot be read: {str(error).splitlines()[0]}. It is damaged, or of a "
            "newer muse-sweep."
        ) from error


def _name(run: str) -> str:
    """The name of a run: what it is called in a database, without what makes that unlike others."""
    return run.rpartition("-")[0]
