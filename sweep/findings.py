"""The statistics of a run: computed from its predictions, kept in its folder, computed again where these have changed.

Only for targets whose grid is complete: before that "the best cell" is a word about what was trained first.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache

from pydantic import BaseModel, ConfigDict, ValidationError

from results.findings import Findings
from results.predictions import Predictions, unpack
from results.records import Cell
from results.scored import Scored
from search_spaces.errors import SweepError
from sweep import atomic, corpus_index, digest
from sweep.corpus_index import CorpusIndex
from sweep.feature_store import FeatureStore
from sweep.folder import Artifact, RunFolder
from sweep.study_names import grid_study, multitask_study
from sweep.study_reader import StudyReader

_AT_HAND = 200  # cells whose predictions are kept in memory: fusions come back to the best again and again
_FORMAT = 2  # of the statistics; another computes them again


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str  # of everything that the findings follow from
    findings: Findings


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    targets: dict[str, _Kept] = {}


def keep_segments(folder: RunFolder, store: FeatureStore) -> None:
    """Puts what the predictions are of beside them, so that statistics need neither data nor cache.

    Raises:
        SweepError: the run folder cannot be written.
    """
    corpus_index.write(folder.segments, CorpusIndex(store.videos, store.segments, store.keys, store.widths))


def find_all(
    folder: RunFolder, studies: StudyReader, complete: tuple[str, ...], ways: tuple[str, ...], selected: tuple[str, ...]
) -> tuple[Findings, ...]:
    """The statistics of a run's targets, from its folder where nothing has changed since.

    Args:
        folder: of the run.
        studies: of the run.
        complete: targets whose grid is complete.
        ways: of the space.
        selected: targets whose selection is over.

    Raises:
        SweepError: the run does not hold the segments of its predictions, or a study is damaged.
    """
    before = _read(folder)
    kept = {t: _kept(folder, studies, t, ways, t in selected, before.targets.get(t)) for t in complete}
    if kept != before.targets and kept:
        with suppress(SweepError):  # a folder that may only be read has its statistics computed every time
            atomic.write_text(folder.findings, _File(targets=kept).model_dump_json())
    return tuple(each.findings for each in kept.values())


def _kept(
    folder: RunFolder, studies: StudyReader, target: str, ways: tuple[str, ...], selected: bool, before: _Kept | None
) -> _Kept:
    scored, artifacts = _finished(studies, grid_study(target))
    joint, more = _finished(studies, multitask_study(target))
    artifacts |= more
    digests = {str(cell): artifact.sha256 for cell, artifact in artifacts.items()}
    segments = digest.of_file(folder.segments / "digests.json") if folder.segments.is_dir() else ""
    key = digest.of_value([_FORMAT, target, ways, selected, digests, segments])
    if before is not None and before.key == key:
        return before
    if not segments:
        raise SweepError("this run lacks the segments of its data, which `sweep resume` adds")
    from results.statistics.find import Measured, find  # noqa: PLC0415 - loads scipy, which a kept result does not need

    measured = Measured(
        target=target,
        ways=ways,
        records=scored,
        multitask=next(iter(joint), None),
        predictions=_predictions(folder, artifacts),
        segments=corpus_index.read(folder.segments).segments,
        selected=selected,
    )
    found = find(measured)
    return _Kept(key="" if found.left_out else key, findings=found)  # what is lost may come back


def _finished(studies: StudyReader, study: str) -> tuple[tuple[Scored, ...], dict[Cell, Artifact]]:
    scored, artifacts = studies.scored(study), studies.artifacts(study)
    return scored, {trial.cell: artifacts[str(trial.cell)] for trial in scored if str(trial.cell) in artifacts}


def _predictions(folder: RunFolder, artifacts: Mapping[Cell, Artifact]) -> Callable[[Cell], Predictions | None]:
    """Those of a cell, where they are whole; `sweep status` names those that are not."""

    @lru_cache(maxsize=_AT_HAND)
    def read(cell: Cell) -> Predictions | None:
        with suppress(KeyError, SweepError):
            return unpack(folder.read_artifact(artifacts[cell]))
        return None

    return read


def _read(folder: RunFolder) -> _File:
    try:
        return _File.model_validate_json(folder.findings.read_bytes())
    except (OSError, ValidationError):
        return _File()
