"""Predictions as the challenge and the official baseline write them: three files a video and target. No disk.

    label_segments/<target>/<video>.csv                the tree's label file with a class in every row: to be submitted
    predictions/<target>/csv_segment_wise/<video>.csv  timestamp,segment_id,value: one row a segment, where it starts
    predictions/<target>/csv/<video>.csv               timestamp,segment_id,c_0 … c_4: one row a step

Source: the official MuSe-2021 baseline. There c_0 … c_4 are logits of every step; our networks read a segment's last
step, so every step of a segment carries the same values, the logarithms of the segment's probabilities: their softmax
is what was predicted.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search_spaces.corpus import Corpus, Partition
from search_spaces.settings import N_CLASSES
from sweep.chosen import Chosen
from sweep.feature_store import FeatureStore

FillLabels = Callable[[Corpus, str, str, dict[int, int]], tuple[str, str]]
"""A reader's `fill_labels`."""


@dataclass(frozen=True)
class Tree:
    """What the predictions are of.

    Attributes:
        corpus, store: the data.
        timestamps: (N,) ms of every step, `store.timestamps()`.
        fill_labels: of the corpus' reader.
    """

    corpus: Corpus
    store: FeatureStore
    timestamps: NDArray[np.int64]
    fill_labels: FillLabels


@dataclass(frozen=True)
class _Video:
    """The segments of one video, in order of time."""

    name: str
    segment_id: NDArray[np.int64]  # (s,)
    start: NDArray[np.int64]  # (s,) first step in the store
    length: NDArray[np.int64]  # (s,) steps
    probabilities: NDArray[np.floating]  # (s, C)


def files(tree: Tree, chosen: Chosen, partition: Partition) -> Iterator[tuple[str, str]]:
    """Path, with "/", and text of every file of one target and partition."""
    for video in _videos(tree.store, chosen, partition):
        classes = video.probabilities.argmax(axis=1)
        by_segment = dict(zip(video.segment_id.tolist(), classes.tolist(), strict=True))
        yield tree.fill_labels(tree.corpus, chosen.target, video.name, by_segment)
        folder = f"predictions/{chosen.target}"
        yield f"{folder}/csv_segment_wise/{video.name}.csv", _segment_wise(tree, video, classes)
        yield f"{folder}/csv/{video.name}.csv", _step_wise(tree, video)


def _videos(store: FeatureStore, chosen: Chosen, partition: Partition) -> Iterator[_Video]:
    segments, probabilities = store.segments, chosen.probabilities[partition]
    low, high = segments.partition_bounds[partition]
    of = segments.video[low:high]
    for index in np.unique(of):
        at = np.flatnonzero(of == index)
        place = low + at
        yield _Video(
            store.videos[index],
            segments.segment_id[place],
            segments.start[place],
            segments.length[place],
            probabilities[at],
        )


def _segment_wise(tree: Tree, video: _Video, classes: NDArray[np.integer]) -> str:
    rows = zip(tree.timestamps[video.start].tolist(), video.segment_id.tolist(), classes.tolist(), strict=True)
    return _text(["timestamp", "segment_id", "value"], rows)


def _step_wise(tree: Tree, video: _Video) -> str:
    tiny = np.finfo(np.float32).tiny  # the least a probability can be told from nothing; the logarithm of 0 is none
    logits = np.log(np.maximum(video.probabilities.astype(np.float64), tiny))
    head = ["timestamp", "segment_id", *(f"c_{number}" for number in range(N_CLASSES))]
    rows = (
        (time, segment, *values)
        for start, length, segment, row in zip(
            video.start.tolist(), video.length.tolist(), video.segment_id.tolist(), logits.tolist(), strict=True
        )
        for values in [[f"{value:.9g}" for value in row]]
        for time in tree.timestamps[start : start + length].tolist()
    )
    return _text(head, rows)


def _text(head: list[str], rows: Iterator[tuple[object, ...]]) -> str:
    return "\n".join([",".join(head), *(",".join(map(str, row)) for row in rows)]) + "\n"
