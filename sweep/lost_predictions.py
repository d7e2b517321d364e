"""Predictions of finished trials that are missing or altered: named, and made again where somebody wants them.

A trial's outcome follows from its identity, so training it once more gives the same bytes. Whether it did is held
against the digest in the study, which stays as it is: the cell keeps its one trial and its record.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256

from results.records import Cell
from search_spaces.errors import SweepError
from sweep.executors import Executor, TrialCrashed, WorkerDied
from sweep.folder import Artifact, RunFolder
from sweep.job import EpochEvent, Job, TrialFailed
from sweep.study_reader import StudyReader


@dataclass(frozen=True)
class Lost:
    """A finished cell whose predictions cannot be read.

    Attributes:
        reason: names the file and what is wrong with it.
    """

    cell: Cell
    artifact: Artifact
    reason: str

    def __str__(self) -> str:
        return f"{self.cell}: {self.reason}"


def lost(folder: RunFolder, studies: StudyReader) -> tuple[Lost, ...]:
    """Every finished cell whose predictions are missing, cut short or altered; reads all of them."""
    found: dict[str, Lost] = {}
    for study in studies.studies():
        artifacts = studies.artifacts(study)
        for record in studies.records(study):
            artifact = artifacts.get(str(record.cell))
            if artifact is None or artifact.path in found:  # two studies share what one adopted
                continue
            try:
                folder.read_artifact(artifact)
            except SweepError as error:
                found[artifact.path] = Lost(record.cell, artifact, str(error))
    return tuple(found.values())


def restore(
    wanted: Iterable[Lost], make_job: Callable[[Cell], Job], executor: Executor, folder: RunFolder
) -> dict[str, str]:
    """Trains cells once more and puts their predictions back where they are those that were measured.

    Returns:
        What became of each, by str(cell), in words.

    Raises:
        SweepError: no cell could be trained, or the disk is full.
    """
    futures = {each: executor.submit(make_job(each.cell), _ignore) for each in wanted}
    said = {}
    for each, future in futures.items():
        try:
            content = future.result().predictions
        except (TrialFailed, TrialCrashed, WorkerDied) as error:
            said[str(each.cell)] = f"cannot be made again: {' '.join(str(error).split())}"
            continue
        folder.remove_checkpoint(each.cell)
        if sha256(content).hexdigest() == each.artifact.sha256:
            folder.write_artifact(each.cell, content)
            said[str(each.cell)] = "made again, the same in every byte"
        else:
            said[str(each.cell)] = "not the same any more (`sweep replay` compares); put a copy of the file back"
    return said


def _ignore(_: EpochEvent) -> None:
    pass
