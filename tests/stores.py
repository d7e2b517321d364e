"""Feature stores for tests straight from arrays, without a tree; for what the reader would refuse, too."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search_spaces.alignment import Segments
from search_spaces.corpus import PARTITIONS, FeatureTable, Partition
from sweep import packed
from sweep.feature_store import FeatureStore


def store_of(
    cache: Path,
    features: Mapping[str, NDArray[np.float32]],
    lengths: Mapping[Partition, Sequence[int]],
    classes: Mapping[str, Sequence[int]],
) -> FeatureStore:
    """A store of one video a partition.

    Args:
        cache: an empty folder.
        features: name -> (N, F) steps, N over all partitions.
        lengths: partition -> steps of each segment.
        classes: target -> class of each segment, over all partitions.
    """
    length = np.array([steps for name in PARTITIONS for steps in lengths[name]], np.int64)
    counts = np.array([len(lengths[name]) for name in PARTITIONS])
    edges, start = np.append(0, counts.cumsum()), np.append(0, length.cumsum())
    bounds = {name: (int(edges[i]), int(edges[i + 1])) for i, name in enumerate(PARTITIONS)}
    segments = Segments(
        video=np.repeat(np.arange(3), counts),
        segment_id=np.concatenate([np.arange(1, count + 1) for count in counts]),
        start=start[:-1],
        length=length,
        classes={target: np.array(given, np.int64) for target, given in classes.items()},
        partition_bounds=bounds,
        step_bounds={name: (int(start[low]), int(start[high])) for name, (low, high) in bounds.items()},
    )
    for name, values in features.items():
        write_feature(cache, name, values)
    widths = {name: values.shape[1] for name, values in features.items()}
    return FeatureStore(cache, "0" * 64, ("1", "2", "3"), segments, {name: name for name in features}, widths)


def write_feature(cache: Path, key: str, values: NDArray[np.float32]) -> None:
    """Packs one table as one video under a key."""
    columns = tuple(f"c{column}" for column in range(values.shape[1]))
    steps = np.arange(len(values), dtype=np.int64)
    with packed.filling(cache / "features" / key) as half:
        assert half is not None
        packed.write(half, [FeatureTable(steps, np.ones_like(steps), values.astype(np.float32), columns)])
