"""Joins what the feature files say about time with the labels: which steps make a segment, and which class it has.

Knows no values and no files: the feature store parses, this module says whether what was parsed fits together.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search_spaces._steps import StepIndex, Steps, reference_steps, step_defects, step_notices
from search_spaces.corpus import MASKED, PARTITIONS, Corpus, Defect, Notice, Partition, Span
from search_spaces.errors import SweepError

__all__ = ["Segments", "StepIndex", "Steps", "align", "windows"]


@dataclass(frozen=True, eq=False)
class Segments:
    """Every segment of a corpus, in the order of `Corpus.videos`, then of the files.

    The steps of all videos are packed in that order into one array of `n_steps` rows per feature; segment s is the rows
    `start[s]` up to `start[s] + length[s]`.

    Attributes:
        video: (S,) index into `Corpus.videos`.
        segment_id: (S,) as in the files.
        start: (S,) first step in the packed array.
        length: (S,) steps.
        classes: target -> (S,) class 0…4, or MASKED.
        partition_bounds: partition -> first segment and the one after the last; equal where the partition is empty.
        step_bounds: the same in steps of the packed array.
    """

    video: NDArray[np.int64]
    segment_id: NDArray[np.int64]
    start: NDArray[np.int64]
    length: NDArray[np.int64]
    classes: Mapping[str, NDArray[np.int64]]
    partition_bounds: Mapping[Partition, tuple[int, int]]
    step_bounds: Mapping[Partition, tuple[int, int]]

    @property
    def n_segments(self) -> int:
        """S, over all partitions."""
        return len(self.length)

    @property
    def n_steps(self) -> int:
        """Rows of the packed step array, over all partitions."""
        return int(self.length.sum())


def align(corpus: Corpus, steps: Steps) -> tuple[Segments | None, tuple[Defect, ...], tuple[Notice, ...]]:
    """The segments of a corpus, from the steps of its feature files and its labels.

    Args:
        corpus: videos, labels and file names.
        steps: feature -> one StepIndex a video in the order of `corpus.videos`; None where a file could not be read
            (which is a defect told elsewhere).

    Returns:
        Segments, or None where a file is missing or a defect was found; every defect; counted oddities.
    """
    indices = [reference_steps(corpus, steps, video) for video in range(len(corpus.videos))]
    references = [found[1] if found else None for found in indices]
    defects = (*step_defects(corpus, steps), *_label_defects(corpus, references))
    notices = (*step_notices(corpus, steps), *_masked_notices(corpus, references), *_time_notices(corpus, references))
    whole = all(index is not None for feature in corpus.features for index in steps[feature]) and all(
        video.id in corpus.labels[target] for target in corpus.targets for video in corpus.videos
    )
    present = [index for index in references if index is not None]
    if defects or not whole or not present:
        return None, defects, notices
    return _segments(corpus, present), defects, notices


def windows(length: int, window: int, hop: int) -> tuple[tuple[int, int], ...]:
    """The (start, end) pairs that cut one segment into training windows, end exclusive.

    A new window starts every `hop` steps until one reaches the end; the last one may be shorter.

    Args:
        length: steps of the segment.
        window: steps of a window.
        hop: steps from one start to the next; at most `window`, or steps would fall between windows.

    Raises:
        SweepError: a number below 1, or a hop beyond the window.

    Source: the official MuSe-2021 baseline, which trains on 200 / 100.

    Example:
        >>> windows(342, 200, 100)
        ((0, 200), (100, 300), (200, 342))
    """
    if min(length, window, hop) < 1 or hop > window:
        raise SweepError(
            f"`hop` must be from 1 to `window`, and a segment at least 1 step. "
            f"Found hop {hop}, window {window}, segment of {length} steps."
        )
    pairs = [(0, min(window, length))]
    while pairs[-1][1] < length:
        start = pairs[-1][0] + hop
        pairs.append((start, min(start + window, length)))
    return tuple(pairs)


def _label_file(corpus: Corpus, target: str, video: str) -> str:
    """The label file of a video, relative to the tree; labels name their place by target and video."""
    ends = f"{target}/{video}.csv"
    files = (file.relative_to(corpus.root).as_posix() for file in corpus.label_files)
    return next((file for file in files if file.endswith(f"/{ends}")), ends)


def _label_defects(corpus: Corpus, references: list[StepIndex | None]) -> Iterator[Defect]:
    """Label rows without steps, and train or devel segments without a label row."""
    for target in corpus.targets:
        for video, index in zip(corpus.videos, references, strict=True):
            labels = corpus.labels[target].get(video.id)
            if index is None or labels is None:  # the missing file is a defect of its own
                continue
            with_steps = set(index.segment_ids.tolist())
            for segment in sorted(labels.keys() - with_steps):
                where = f"video {video.id}, segment {segment}"
                yield Defect(_label_file(corpus, target, video.id), where, "steps in the feature files", "none")
            for segment in sorted(with_steps - labels.keys()) if video.partition != "test" else ():
                where = f"video {video.id}, segment {segment}"
                yield Defect(_label_file(corpus, target, video.id), where, "a label row for the segment", "none")


def _masked_notices(corpus: Corpus, references: list[StepIndex | None]) -> Iterator[Notice]:
    for target in corpus.targets:
        places = [
            f"{_label_file(corpus, target, video.id)}, segment {segment}"
            for video, index in zip(corpus.videos, references, strict=True)
            if index is not None and video.partition == "test" and video.id in corpus.labels[target]
            for segment in sorted(set(index.segment_ids.tolist()) - corpus.labels[target][video.id].keys())
        ]
        if places:
            yield Notice(f"test segments without a label row for {target} (read as masked)", len(places), places[0])


def _time_notices(corpus: Corpus, references: list[StepIndex | None]) -> Iterator[Notice]:
    """Labels whose row says another time than their segment's steps: exchanged or shifted, perhaps."""
    for target in corpus.targets:
        places = [
            f"{_label_file(corpus, target, video.id)}, segment {segment}"
            for video, index in zip(corpus.videos, references, strict=True)
            for segment in _elsewhere(index, corpus.label_times.get(target, {}).get(video.id, {}))
        ]
        if places:
            what = f"labels of {target} whose row says another time than the steps of their segment"
            yield Notice(what, len(places), places[0])


def _elsewhere(index: StepIndex | None, times: Mapping[int, Span]) -> Iterator[int]:
    """The segments of which no step lies near the time of their label."""
    if index is None or not times:
        return
    for segment, first, length in zip(*index.spans(), strict=True):
        span = times.get(int(segment))
        if span is not None and (index.timestamps[first] >= span[1] or index.timestamps[first + length - 1] < span[0]):
            yield int(segment)


def _segments(corpus: Corpus, indices: list[StepIndex]) -> Segments:
    spans = [index.spans() for index in indices]
    segment_id = np.concatenate([ids for ids, _, _ in spans])
    length = np.concatenate([lengths for _, _, lengths in spans])
    start = np.cumsum(length) - length
    video = np.repeat(np.arange(len(spans), dtype=np.int64), [len(ids) for ids, _, _ in spans])
    classes = {
        target: np.array(
            [
                corpus.labels[target][corpus.videos[at].id].get(int(segment), MASKED)
                for at, segment in zip(video, segment_id, strict=True)
            ],
            dtype=np.int64,
        )
        for target in corpus.targets
    }
    order = np.array([PARTITIONS.index(each.partition) for each in corpus.videos])[video]
    ends = np.append(start, length.sum())
    bounds: dict[Partition, tuple[int, int]] = {}
    for place, partition in enumerate(PARTITIONS):
        bounds[partition] = (int(np.searchsorted(order, place)), int(np.searchsorted(order, place, side="right")))
    step_bounds: dict[Partition, tuple[int, int]] = {
        partition: (int(ends[first]), int(ends[last])) for partition, (first, last) in bounds.items()
    }
    return Segments(video, segment_id, start, length, classes, bounds, step_bounds)
