"""What a worker needs of a corpus besides its arrays: one small folder of the cache, written and read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search_spaces.alignment import Segments
from search_spaces.corpus import Partition
from search_spaces.errors import SweepError
from sweep import intact, packed


@dataclass(frozen=True)
class CorpusIndex:
    """See `sweep.feature_store.FeatureStore`."""

    videos: tuple[str, ...]
    segments: Segments
    keys: Mapping[str, str]
    widths: Mapping[str, int]


def write(folder: Path, index: CorpusIndex) -> str | None:
    """Writes a folder that does not stand, is damaged, or holds something else; what was wrong with one that stood."""
    segments = index.segments
    plain = {
        "videos": index.videos,
        "targets": sorted(segments.classes),
        "partition_bounds": segments.partition_bounds,
        "step_bounds": segments.step_bounds,
        "keys": dict(index.keys),
        "widths": dict(index.widths),
    }
    arrays = {"video": segments.video, "segment_id": segments.segment_id}
    arrays |= {"start": segments.start, "length": segments.length}
    arrays |= {f"class_{target}": classes for target, classes in segments.classes.items()}
    text = json.dumps(plain)

    def look(standing: Path) -> str | None:
        return intact.damage(standing) or (None if _holds(standing, text, arrays) else "the tree's files say otherwise")

    wrong = packed.discard_damaged(folder, look)
    with packed.filling(folder) as half:
        if half is not None:
            packed.write_index(half, text, arrays)
    return wrong


def _holds(folder: Path, text: str, arrays: Mapping[str, NDArray[np.int64]]) -> bool:
    found = intact.read_arrays(folder / "segments.npz")
    same = found.keys() == arrays.keys() and all(np.array_equal(found[name], arrays[name]) for name in arrays)
    return same and intact.read_json(folder / "index.json") == json.loads(text)


def read(folder: Path) -> CorpusIndex:
    """What was written.

    Raises:
        SweepError: it is not there any more, or damaged.
    """
    if not folder.exists():
        raise SweepError(
            f"The cache {folder.parent.parent} does not hold the data {folder.name[:12]}…: it was deleted, or belongs "
            f"to another tree. `sweep resume` packs it again."
        )
    wrong = intact.damage(folder)  # small, and by these numbers everything else is cut: each worker looks for itself
    if wrong is not None:
        raise intact.damaged(folder, wrong)
    index = intact.read_json(folder / "index.json")
    arrays = intact.read_arrays(folder / "segments.npz")
    segments = Segments(
        video=arrays["video"],
        segment_id=arrays["segment_id"],
        start=arrays["start"],
        length=arrays["length"],
        classes={target: arrays[f"class_{target}"] for target in index["targets"]},
        partition_bounds=_bounds(index["partition_bounds"]),
        step_bounds=_bounds(index["step_bounds"]),
    )
    return CorpusIndex(tuple(index["videos"]), segments, index["keys"], index["widths"])


def _bounds(stored: Mapping[Partition, list[int]]) -> dict[Partition, tuple[int, int]]:
    return {partition: (low, high) for partition, (low, high) in stored.items()}
