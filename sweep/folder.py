"""Every path of a run, and the artifacts that lie there. Nothing else in the project joins paths of a run."""

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from results.records import Cell
from search_spaces.errors import SweepError
from sweep import atomic, refusals

_ARTIFACT = re.compile(r"[a-z0-9-]+\.npz")  # what `cell_name` gives
_ZIP_END, _ZIP_END_REST = b"PK\x05\x06", 18  # an .npz is a zip archive without a comment; the bytes that follow
_SLUG_LENGTH = 80  # with hash and ending far below the 255 bytes a file system allows


def cell_name(cell: Cell) -> str:
    """A cell as a file name: readable, a-z, 0-9 and "-" only, at most 91 characters, different for every cell.

    Example:
        >>> from results.records import Branch
        >>> cell_name(Cell(target="arousal", branches=(Branch(features="vggish+bert~", way="way1"),)))
        'arousal-vggish-bert-way1-fd908efbb5'
    """
    slug = re.sub(r"[^a-z0-9]+", "-", str(cell).lower())[:_SLUG_LENGTH].strip("-")
    return f"{slug}-{sha256(cell.model_dump_json().encode()).hexdigest()[:10]}"


@dataclass(frozen=True)
class Artifact:
    """A finished trial's file: where it lies in the run folder and what it must hold."""

    path: str  # relative to the run folder, with "/" on every system
    sha256: str  # 64 hexadecimal digits


class RunFolder:
    """One run on disk.

    Args:
        path: the folder; it need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    @property
    def name(self) -> str:
        """The run's name: its folder's."""
        return self.path.name

    @property
    def run_json(self) -> Path:
        """The run's identity, written first and never changed."""
        return self.path / "run.json"

    @property
    def data_files(self) -> Path:
        """The digests of the data's files; derived, may be deleted."""
        return self.path / "data_files.json"

    @property
    def study_db(self) -> Path:
        """The study, where no other storage was asked for."""
        return self.path / "study.db"

    @property
    def storage_json(self) -> Path:
        """Where the study is, where it is not in `study_db`."""
        return self.path / "storage.json"

    @property
    def moving_json(self) -> Path:
        """From where to where the study is being moved."""
        return self.path / "moving.json"

    @property
    def lock(self) -> Path:
        """Locked by the one coordinator while it lives; stays behind empty."""
        return self.path / ".coordinator.lock"

    @property
    def holder(self) -> Path:
        """Who holds the lock."""
        return self.path / "coordinator.json"

    @property
    def artifacts(self) -> Path:
        """Predictions of finished trials."""
        return self.path / "artifacts"

    @property
    def checkpoints(self) -> Path:
        """States of trials in flight; may be deleted, and the trials start again."""
        return self.path / "checkpoints"

    @property
    def logs(self) -> Path:
        """One file per trial."""
        return self.path / "logs"

    @property
    def segments(self) -> Path:
        """What the predictions are of: videos, segments, classes; a copy of the cache's index of the data."""
        return self.path / "segments"

    @property
    def findings(self) -> Path:
        """Statistics; derived, may be deleted."""
        return self.path / "findings.json"

    @property
    def tables(self) -> Path:
        """Derived; may be deleted."""
        return self.path / "tables"

    @property
    def report(self) -> Path:
        """Derived; may be deleted."""
        return self.path / "report.html"

    def artifact(self, cell: Cell) -> Path:
        """Where a finished trial's predictions lie."""
        return self.artifacts / f"{cell_name(cell)}.npz"

    def log(self, cell: Cell) -> Path:
        """Where a trial's output and traceback lie; all attempts in one file."""
        return log_path(self.logs, cell)

    def checkpoint(self, cell: Cell) -> Path:
        """Where a trial in flight keeps its state."""
        return self.checkpoints / f"{cell_name(cell)}.safetensors"

    def create(self) -> None:
        """Makes the folder and the folders in it, which may be no links to elsewhere.

        Raises:
            SweepError: something is in the way or may not be written.
        """
        for folder in (self.artifacts, self.checkpoints, self.logs):
            if folder.is_symlink() and not _within(self.path, folder):
                raise SweepError(
                    f"{folder} is a link to {folder.readlink()}: a run writes nowhere but in its own folder. "
                    "Put a folder in its place; to use another disk, link or move the whole run."
                )
        self._make(self.path, self.artifacts, self.checkpoints, self.logs)

    def is_blank(self) -> bool:
        """Whether a new run may be made here: an empty folder, or what a start that was killed has left."""
        if not self.path.is_dir():
            return False
        ours = (self.lock.name, self.holder.name, self.storage_json.name)
        return all(path.name in ours or path.name.endswith(atomic.TEMPORARY) for path in self.path.iterdir())

    def create_root(self) -> None:
        """Makes the folder itself, which must exist to be locked.

        Raises:
            SweepError: something is in the way or may not be written.
        """
        self._make(self.path)

    def write_artifact(self, cell: Cell, content: bytes) -> Artifact:
        """Stores a trial's predictions and says how to find them again.

        Raises:
            SweepError: the file cannot be written.
        """
        path = self.artifact(cell)
        atomic.write_bytes(path, content)
        return Artifact(path.relative_to(self.path).as_posix(), sha256(content).hexdigest())

    def read_artifact(self, artifact: Artifact) -> bytes:
        """The content of an artifact.

        Raises:
            SweepError: it is missing or holds something else than was written.
        """
        path = self._place(artifact)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise SweepError(f"Artifact {path} cannot be read: {error.strerror}.") from error
        found = sha256(content).hexdigest()
        if found != artifact.sha256:
            raise SweepError(f"Artifact {path} was changed: expected SHA-256 {artifact.sha256}, found {found}.")
        return content

    def glance_at(self, artifact: Artifact) -> None:
        """Makes sure that an artifact is there and has its end, without reading it.

        Raises:
            SweepError: it is missing or was cut short.
        """
        path = self._place(artifact)
        try:
            with path.open("rb", buffering=0) as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - len(_ZIP_END) - _ZIP_END_REST))
                end = file.read()
        except OSError as error:
            raise SweepError(f"Artifact {path} cannot be read: {error.strerror}.") from error
        if not end.startswith(_ZIP_END):
            raise SweepError(f"Artifact {path} was changed: it has no end.")

    def sizes(self) -> dict[str, int]:
        """Bytes of everything among the artifacts, by file name; nothing where that cannot be seen."""
        found: dict[str, int] = {}
        with suppress(OSError), os.scandir(self.artifacts) as entries:
            for entry in entries:
                found[entry.name] = entry.stat(follow_symlinks=False).st_size
        return found

    def holds(self, artifact: Artifact) -> bool:
        """Whether an artifact is there, whole and unchanged."""
        with suppress(SweepError):
            self.read_artifact(artifact)
            return True
        return False

    def remove_leftovers(self) -> None:
        """Deletes unfinished files that a killed coordinator left; only for the holder of the lock.

        A report may be being written by somebody else just now.
        """
        for folder in (self.path, self.artifacts, self.checkpoints):
            for path in folder.glob(f".*{atomic.TEMPORARY}"):
                if not path.name.startswith(f".{self.report.name}-"):
                    path.unlink(missing_ok=True)

    def remove_checkpoint(self, cell: Cell) -> None:
        """Forgets how far a trial was: it has ended, or is to start afresh."""
        self.checkpoint(cell).unlink(missing_ok=True)

    def _place(self, artifact: Artifact) -> Path:
        """Where an artifact lies: among the artifacts, whatever the study says."""
        folder, _, name = artifact.path.partition("/")
        if folder != self.artifacts.name or not _ARTIFACT.fullmatch(name):
            raise SweepError(
                f"An artifact of {self.path} must lie in {self.artifacts.name}/. Found {artifact.path!r} in the study."
            )
        return self.artifacts / name

    def _make(self, *folders: Path) -> None:
        try:
            for folder in folders:
                if not folder.is_dir():
                    folder.mkdir(parents=True, exist_ok=True)
                    with suppress(PermissionError):  # a folder that we may enter, but not read
                        atomic.force_folder(folder.parent)
        except OSError as error:
            refused = f"{error.filename}: {refusals.sentence(error)}"
            raise SweepError(f"Run folder {self.path} cannot be made: {refused}") from error


def _within(outer: Path, inner: Path) -> bool:
    return Path(os.path.realpath(inner)).is_relative_to(os.path.realpath(outer))  # Path.resolve fails at a loop


def open_log(path: Path) -> int:
    """A descriptor that appends to a log; a link in its place, which may lead anywhere, is not followed.

    Raises:
        OSError: it cannot be opened.
    """
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0), 0o666)


def log_path(folder: Path, cell: Cell) -> Path:
    """The log file of a cell in a folder of logs."""
    return folder / f"{cell_name(cell)}.log"
