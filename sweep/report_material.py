"""What a report is made from, read from a run folder: its results, how far it is, where it came from."""

from typing import Literal

import numpy as np

import sweep
from results.report.material import Material, PartitionFacts, Provenance, Standing
from search_spaces import registry
from search_spaces.corpus import MASKED, PARTITIONS
from search_spaces.errors import SweepError
from search_spaces.settings import N_CLASSES
from sweep import corpus_index
from sweep.collect import progress, run_results
from sweep.folder import RunFolder
from sweep.identity import Identity
from sweep.study_reader import StudyReader


def material(
    folder: RunFolder, identity: Identity, studies: StudyReader, compare: Literal["paper"] | None = None
) -> Material:
    """Everything a report says of a run as it stands.

    Raises:
        SweepError: a study or a note is damaged.
    """
    known = progress(identity, studies)
    return Material(
        results=run_results(folder, identity, studies, statistics=True),
        standing=Standing(known.wanted, known.holes, known.rows_open, known.costs),
        provenance=_provenance(folder, identity),
        compare=compare,
    )


def _provenance(folder: RunFolder, identity: Identity) -> Provenance:
    space = identity.space
    settings = space.settings.model_dump()
    return Provenance(
        title=space.title,
        description=space.description,
        reader=identity.reader,
        data_digest=identity.data_digest,
        partitions=_partitions(folder, identity.targets),
        settings={name: _spelled(value) for name, value in settings.items()},
        way_titles={way: registry.load("ways", way).TITLE for way in space.ways},
        device=identity.device,
        git_revision=identity.git_revision,
        created=identity.created,
        written_by=sweep.__version__,
    )


def _spelled(value: object) -> str:
    """A setting as a space file spells it, near enough to be read."""
    match value:
        case bool():
            return str(value).lower()
        case tuple():
            return ", ".join(map(str, value))
        case _:
            return str(value)


def _partitions(folder: RunFolder, targets: tuple[str, ...]) -> tuple[PartitionFacts, ...]:
    """() for a run that holds no segments, as one of an early version, or damaged ones: the statistics say so."""
    try:
        segments = corpus_index.read(folder.segments).segments
    except SweepError:
        return ()
    found = []
    for partition in PARTITIONS:
        low, high = segments.partition_bounds[partition]
        classes = {target: segments.classes[target][low:high] for target in targets}
        found.append(
            PartitionFacts(
                partition=partition,
                videos=len(np.unique(segments.video[low:high])),
                segments=high - low,
                classes={
                    target: tuple(np.bincount(known[known != MASKED], minlength=N_CLASSES).tolist())
                    for target, known in classes.items()
                },
            )
        )
    return tuple(found)
