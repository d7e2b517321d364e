"""Which stored predictions of a target are to be handed out: of one cell or a late fusion, and of which seed.

One seed, the best on devel, as Table VI says: a mean over seeds is a figure, not a model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from results.findings import FusionRule, LateFusion
from results.predictions import Predictions, unpack
from results.records import Cell, Scores, TrialRecord
from results.run_results import RunResults
from results.select import submitted
from results.statistics.late_fusion import fuse
from results.summary import several, summarize
from search_spaces.corpus import Partition
from search_spaces.errors import SweepError
from sweep.folder import RunFolder
from sweep.study_names import grid_study, multitask_study
from sweep.study_reader import StudyReader

Model = Literal["multitask", "best", "late-fusion"]


@dataclass(frozen=True)
class Chosen:
    """What predicts a target.

    Attributes:
        target: which.
        cells: what was trained, with its weight: one cell of weight 1, or the members of a fusion.
        seed: of these cells.
        devel: what that seed scores on devel, as recorded.
        probabilities: partition -> (S, C).
    """

    target: str
    cells: tuple[tuple[Cell, int], ...]
    seed: int
    devel: Scores
    probabilities: dict[Partition, NDArray[np.floating]]


def choose(
    folder: RunFolder, studies: StudyReader, results: RunResults, target: str, model: Model, rule: FusionRule
) -> Chosen:
    """The predictions of one target.

    Args:
        folder: of the run.
        studies: of the run.
        results: of the run, with its statistics where the model is a late fusion.
        target: one of the run's.
        model: whose predictions.
        rule: how a late fusion chose its members.

    Raises:
        SweepError: nothing of the kind is trained yet, or its predictions are lost.
    """
    match model:
        case "multitask":
            record = submitted(results.multitask, target)
            if record is None:
                raise _missing(folder, target, "no multitask run")
            return _of_record(folder, studies, multitask_study(target), record)
        case "best":
            record = submitted(results.records, target)
            if record is None:
                raise _missing(folder, target, "no finished cell")
            return _of_record(folder, studies, grid_study(target), record)
        case "late-fusion":
            return _of_fusion(folder, studies, _fusion(folder, results, target, rule), target)


def _of_record(folder: RunFolder, studies: StudyReader, study: str, record: TrialRecord) -> Chosen:
    (found,) = _predictions(folder, studies, study, [record.cell])
    seed = summarize(record).best_seed
    index = found.seeds.index(seed)
    devel = next(run.devel for run in record.seeds if run.seed == seed)
    probabilities: dict[Partition, NDArray[np.floating]] = {"devel": found.devel[index], "test": found.test[index]}
    return Chosen(record.cell.target, ((record.cell, 1),), seed, devel, probabilities)


def _fusion(folder: RunFolder, results: RunResults, target: str, rule: FusionRule) -> LateFusion:
    if results.no_findings:
        raise SweepError(f"{target} has no late fusion: {results.no_findings}")
    fusions = (fusion for found in results.findings if found.target == target for fusion in found.fusions)
    fusion = next((fusion for fusion in fusions if fusion.rule == rule), None)
    if fusion is None:
        raise _missing(folder, target, "no late fusion (it needs the whole grid, and two cells that can be ranked)")
    return fusion


def _of_fusion(folder: RunFolder, studies: StudyReader, fusion: LateFusion, target: str) -> Chosen:
    found = _predictions(folder, studies, grid_study(target), [member.cell for member in fusion.members])
    index = fusion.seeds.index(several(fusion.devel, fusion.seeds).best_seed)
    weighted = [each for each, member in zip(found, fusion.members, strict=True) for _ in range(member.weight)]
    return Chosen(
        target,
        tuple((member.cell, member.weight) for member in fusion.members),
        found[0].seeds[index],
        fusion.devel[index],
        {
            "devel": fuse([each.devel[index : index + 1] for each in weighted])[0],
            "test": fuse([each.test[index : index + 1] for each in weighted])[0],
        },
    )


def _predictions(folder: RunFolder, studies: StudyReader, study: str, cells: Sequence[Cell]) -> tuple[Predictions, ...]:
    artifacts = studies.artifacts(study)  # a finished trial always names one
    try:
        return tuple(unpack(folder.read_artifact(artifacts[str(cell)])) for cell in cells)
    except SweepError as error:
        raise SweepError(f"{error} `sweep resume {folder.path} --retry-failed` makes the predictions again.") from error


def _missing(folder: RunFolder, target: str, what: str) -> SweepError:
    return SweepError(f"{target} has {what} yet. `sweep status {folder.path}` shows how far the run is.")
