"""Our reading of the real tree against a plain one, done as the official MuSe-2021 baseline does it.

It reads each file by itself, joins features by position, takes labels by position (the class of a step is
`class_ids[segment_id - 1]`), and cuts train segments into windows of 200 steps every 100.
"""

import csv
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from search_spaces.corpus import Partition
from search_spaces.settings import Settings
from sweep import feature_store
from sweep.batches import train_windows, whole_segments
from sweep.feature_store import FeatureStore
from sweep.fusion import Fusion

FORREST = Path(__file__).resolve().parents[2] / "shared" / "data" / "forrest"
FEATURES = ("rms", "speech", "dialogen")
COUNTS: dict[Partition, int] = {"train": 442, "devel": 176, "test": 142}

pytestmark = [pytest.mark.forrest, pytest.mark.skipif(not FORREST.exists(), reason="the real tree is not here")]


@dataclass(frozen=True)
class Piece:
    values: NDArray[np.float32]  # (T, F)
    label: int


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))[1:]


def cut(steps: int) -> Iterator[slice]:
    for start in itertools.count(0, 100):
        yield slice(start, min(start + 200, steps))
        if start + 200 >= steps:
            return


def plain_reading(target: str, partition: Partition) -> list[Piece]:
    pieces = []
    videos = [row[0] for row in rows(FORREST / "metadata" / "partition.csv") if row[-1] == partition]
    for video in sorted(videos, key=int):
        class_ids = [int(float(row[-1])) for row in rows(FORREST / "label_segments" / target / f"{video}.csv")]
        tables = [rows(FORREST / "feature_segments" / feature / f"{video}.csv") for feature in FEATURES]
        segment_of = np.array([int(row[1]) for row in tables[0]])
        values = np.hstack([np.array([row[2:] for row in table], np.float64) for table in tables])
        for segment in dict.fromkeys(segment_of.tolist()):
            steps = values[segment_of == segment].astype(np.float32)
            for window in cut(len(steps)) if partition == "train" else [slice(None)]:
                pieces.append(Piece(steps[window], class_ids[segment - 1]))
    return pieces


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    return feature_store.build(FORREST, "muse2021", tmp_path_factory.mktemp("cache"))[1]


@pytest.mark.parametrize("target", ["arousal", "valence"])
@pytest.mark.parametrize("partition", ["train", "devel", "test"])
def test_samples_values_and_classes_are_those_of_a_plain_reading(store, target, partition):
    expected = plain_reading(target, partition)
    runs = (
        train_windows(store.segments, target, 200, 100)
        if partition == "train"
        else whole_segments(store.segments, target, partition)
    )
    assert len(runs) == len(expected) == COUNTS[partition]
    assert runs.classes.tolist() == [piece.label for piece in expected]
    assert runs.length.tolist() == [len(piece.values) for piece in expected]
    batch = Fusion(store, "+".join(FEATURES), Settings()).gather(runs.start.tolist(), runs.length.tolist()).numpy()
    assert np.array_equal(batch, np.concatenate([piece.values for piece in expected]))


def test_436_train_segments_make_442_windows(store):
    low, high = store.segments.partition_bounds["train"]
    assert (high - low, len(train_windows(store.segments, "arousal", 200, 100))) == (436, 442)
