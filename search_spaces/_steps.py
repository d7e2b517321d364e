"""What a feature file says about time, and what can be wrong or odd about it across features and videos.

Values are not looked at here: two files belong together when their steps do.
"""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search_spaces.corpus import Corpus, Defect, Notice

LONG = 200
"""Steps of the official baseline's training window (50 s); a longer segment is trained in pieces and scored whole."""


@dataclass(frozen=True, eq=False)
class StepIndex:
    """The steps of one feature of one video, without the values.

    Attributes:
        timestamps: (T,) ms, strictly increasing.
        segment_ids: (T,) the segment each step belongs to; the steps of a segment stand together.
        width: columns of the feature.
        columns: their names as in the header; features are matched by position, never by these.
    """

    timestamps: NDArray[np.int64]
    segment_ids: NDArray[np.int64]
    width: int
    columns: tuple[str, ...]

    def spans(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Segment id, first step and number of steps of every segment, (S,) each, in file order."""
        changes = np.flatnonzero(np.diff(self.segment_ids)) + 1
        first = np.concatenate(([0], changes)).astype(np.int64)
        length = np.diff(np.append(first, len(self.segment_ids))).astype(np.int64)
        return self.segment_ids[first], first, length


Steps = Mapping[str, Sequence[StepIndex | None]]
"""Feature name -> one StepIndex a video, in the order of `Corpus.videos`; None where the file could not be read."""


def file_of(corpus: Corpus, feature: str, video: int) -> str:
    """The feature file of the video at this place, relative to the tree."""
    return corpus.feature_files[feature][video].relative_to(corpus.root).as_posix()


def reference_steps(corpus: Corpus, steps: Steps, video: int) -> tuple[str, StepIndex] | None:
    """The first feature of the corpus whose file of this video could be read; the others must agree with it."""
    for feature in corpus.features:
        index = steps[feature][video]
        if index is not None:
            return feature, index
    return None


def step_defects(corpus: Corpus, steps: Steps) -> Iterator[Defect]:
    """Unequal widths of one feature across videos, and steps that differ between features of one video."""
    for feature in corpus.features:
        yield from _width_defects(corpus, steps, feature)
    for video in range(len(corpus.videos)):
        reference = reference_steps(corpus, steps, video)
        if reference is None:
            continue
        for feature in corpus.features:
            index = steps[feature][video]
            if index is not None and feature != reference[0]:
                yield from _difference(corpus, video, reference, (feature, index))


def _width_defects(corpus: Corpus, steps: Steps, feature: str) -> Iterator[Defect]:
    widths = Counter(index.width for index in steps[feature] if index is not None)
    if len(widths) < 2:
        return
    usual, files = widths.most_common(1)[0]
    for video, index in enumerate(steps[feature]):
        if index is not None and index.width != usual:
            yield Defect(
                file_of(corpus, feature, video),
                f"video {corpus.videos[video].id}",
                f"{usual} feature columns as in {files} of the {widths.total()} files of {feature}",
                str(index.width),
            )


def _difference(
    corpus: Corpus, video: int, reference: tuple[str, StepIndex], other: tuple[str, StepIndex]
) -> Iterator[Defect]:
    """The first step at which two features of one video disagree; later ones mostly follow from it."""
    name, ours = reference[0], reference[1]
    feature, theirs = other
    shared = min(len(ours.timestamps), len(theirs.timestamps))
    unequal = (ours.timestamps[:shared] != theirs.timestamps[:shared]) | (
        ours.segment_ids[:shared] != theirs.segment_ids[:shared]
    )
    if not unequal.any():
        if len(ours.timestamps) != len(theirs.timestamps):
            yield Defect(
                file_of(corpus, feature, video),
                f"video {corpus.videos[video].id}",
                f"{len(ours.timestamps)} steps as in {file_of(corpus, name, video)}",
                str(len(theirs.timestamps)),
            )
        return
    at = int(unequal.argmax())
    yield Defect(
        file_of(corpus, feature, video),
        f"step {at + 1}, video {corpus.videos[video].id}, segment {theirs.segment_ids[at]}",
        f"{_step(ours, at)} as in {file_of(corpus, name, video)}",
        f"{_step(theirs, at)} ({len(theirs.timestamps)} steps against {len(ours.timestamps)})",
    )


def _step(index: StepIndex, at: int) -> str:
    return f"timestamp {index.timestamps[at]} in segment {index.segment_ids[at]}"


def step_notices(corpus: Corpus, steps: Steps) -> tuple[Notice, ...]:
    """What is odd about segments and hops (seen on the reference feature) and about column names."""
    found: dict[str, list[str]] = {}
    for video in range(len(corpus.videos)):
        reference = reference_steps(corpus, steps, video)
        if reference is not None:
            file = file_of(corpus, reference[0], video)
            for what, where in _oddities(reference[1]):
                found.setdefault(what, []).append(f"{file}, {where}")
    for feature in corpus.features:
        names = Counter(index.columns for index in steps[feature] if index is not None)
        usual = names.most_common(1)[0][0] if names else ()
        for video, index in enumerate(steps[feature]):
            if index is not None and index.columns != usual:
                what = "files whose column names differ from the feature's other files (matched by position)"
                found.setdefault(what, []).append(f"{file_of(corpus, feature, video)}, starting {index.columns[:1]}")
    return tuple(Notice(what, len(places), places[0]) for what, places in found.items())


def _oddities(index: StepIndex) -> Iterator[tuple[str, str]]:
    ids, _, lengths = index.spans()
    for before, after in itertools.pairwise((0, *ids.tolist())):  # they count from 1
        if after != before + 1:
            yield "gaps in segment ids", f"segment {after} follows {before or 'the start'}"
    for segment, length in zip(ids, lengths, strict=True):
        if length == 1:
            yield "segments of one step", f"segment {segment}"
        if length > LONG:
            yield f"segments longer than the {LONG}-step window", f"segment {segment}, {length} steps"
    inside = np.diff(index.segment_ids) == 0
    hops = np.diff(index.timestamps)
    if inside.any():
        hop = int(Counter(hops[inside].tolist()).most_common(1)[0][0])
        for at in np.flatnonzero(inside & (hops != hop)):
            yield (
                "gaps in time within a segment",
                f"step {at + 2}, segment {index.segment_ids[at]}, {hops[at]} ms after a hop of {hop} ms",
            )
