"""Predictions of finished trials that are missing or altered: named, and made again where somebody wants them.

A trial's outcome follows from its identity, so training it once more gives the same bytes. Whether it did is held
against the digest in the study, which stays as it is: the cell keeps its one trial and its record.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from statistics import mode

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


def lost(folder: RunFolder, studies: StudyReader, *, read_at_most: int | None = None) -> tuple[Lost, ...]:
    """Every finished cell whose predictions are missing, cut short or altered.

    Args:
        folder: of the run.
        studies: of the run.
        read_at_most: bytes; where the predictions are more, they are not held against their digests, and only those
            are found that are missing or cut short. None reads all of them.
    """
    artifacts: dict[str, tuple[Cell, Artifact]] = {}  # two studies share what one adopted
    for study in studies.studies():
        mine = studies.artifacts(study)
        for trial in studies.scored(study):
            if (artifact := mine.get(str(trial.cell))) is not None:
                artifacts.setdefault(artifact.path, (trial.cell, artifact))
    if read_at_most is None:
        return tuple(_lost(artifacts.values(), folder.read_artifact))
    sizes = folder.sizes()
    found = {path: sizes.get(path.rpartition("/")[2], 0) for path in artifacts}
    if sum(found.values()) <= read_at_most:
        return tuple(_lost(artifacts.values(), folder.read_artifact))
    # Of as many seeds and segments, all are of one size; what has another may have lost its end.
    usual = mode(found.values())
    odd = (artifacts[path] for path, size in found.items() if size != usual or not size)
    return tuple(_lost(odd, folder.glance_at))


def _lost(artifacts: Iterable[tuple[Cell, Artifact]], look: Callable[[Artifact], object]) -> Iterator[Lost]:
    for cell, artifact in artifacts:
        try:
            look(artifact)
        except SweepError as error:
            yield Lost(cell, artifact, str(error))


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
