"""Small MuSe trees for tests: right in every cell, to be broken by the test with `edit`."""

import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

FEATURES: Mapping[str, int] = {"vggish": 3, "fau": 2, "bert": 4}
LENGTHS = (3, 1, 4)
HOP_MS = 250


def partition_of(train: int = 2, devel: int = 1, test: int = 1) -> dict[str, str]:
    """Video id -> partition; ids count from 1 over train, devel and test."""
    names = ["train"] * train + ["devel"] * devel + ["test"] * test
    return {str(number): name for number, name in enumerate(names, start=1)}


def write_tree(
    root: Path,
    *,
    partition: Mapping[str, str] | None = None,
    features: Mapping[str, int] = FEATURES,
    targets: tuple[str, ...] = ("arousal", "valence"),
    lengths: tuple[int, ...] = LENGTHS,
    masked_test: bool = False,
) -> Path:
    """Writes a tree and returns its root.

    Every video has segments of `lengths` steps. Train shows all five classes from two videos of three segments on, and
    every value is the segment's arousal class plus a little noise, so that anything that learns, learns it.

    Args:
        root: the folder to write to; made if need be.
        partition: video id -> partition; two train videos, one devel and one test by default.
        features: feature (or folder) name -> width.
        targets: the targets that get label files.
        lengths: steps of each segment.
        masked_test: whether test rows lack their class, as in the challenge package.
    """
    videos = partition if partition is not None else partition_of()
    _write(root / "metadata" / "partition.csv", ["id,partition", *(f"{v},{name}" for v, name in videos.items())])
    segments = np.repeat(np.arange(1, len(lengths) + 1), lengths)
    for place, (video, name) in enumerate(videos.items()):
        for feature, width in features.items():
            noise = np.random.default_rng([zlib.crc32(feature.encode()), place]).normal(0, 0.1, (len(segments), width))
            rows = [
                f"{HOP_MS * step},{segment}," + ",".join(f"{class_of(place, segment, 'arousal') + x:.5f}" for x in row)
                for step, (segment, row) in enumerate(zip(segments.tolist(), noise.tolist(), strict=True), start=1)
            ]
            columns = ",".join(f"{feature}_{column}" for column in range(width))
            _write(feature_file(root, feature, video), [f"timestamp,segment_id,{columns}", *rows])
        for target in targets:
            ends = np.cumsum(lengths) * HOP_MS + HOP_MS
            rows = []
            for segment, (end, length) in enumerate(zip(ends.tolist(), lengths, strict=True), start=1):
                given = "" if masked_test and name == "test" else f",{class_of(place, segment, target)}"
                rows.append(f"{end - length * HOP_MS},{end},{segment}{given}")
            _write(label_file(root, target, video), ["start,end,segment_id,class_id", *rows])
    return root


def class_of(place: int, segment: int, target: str) -> int:
    """The class of a segment (from 1) of the video at a place (from 0) of the partition file."""
    arousal = (3 * place + segment - 1) % 5
    return arousal if target == "arousal" else (2 * arousal + 1) % 5


def feature_file(root: Path, feature: str, video: str) -> Path:
    """Where a feature of a video lies."""
    return root / "feature_segments" / feature / f"{video}.csv"


def label_file(root: Path, target: str, video: str) -> Path:
    """Where a target's labels of a video lie."""
    return root / "label_segments" / target / f"{video}.csv"


def edit(path: Path, old: str, new: str) -> None:
    """Replaces the only place in a file where `old` stands."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
    path.write_text(text.replace(old, new), encoding="utf-8", newline="")


def set_row(path: Path, row: int, new: str) -> None:
    """Replaces a line (from 1) of a file; "" leaves a blank line, and lines beyond the end are added."""
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[row - 1 : row] = [new]
    _write(path, lines)


def _write(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="")
