"""Which videos a sample tree holds: ids, partitions, segments and classes. No feature is computed here."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search_spaces.corpus import PARTITIONS, Partition
from search_spaces.settings import N_CLASSES

STEP_MS = 250
VIDEOS = 30
"""Videos at scale 1: 18 train, 6 devel, 6 test."""

SHARES: dict[str, tuple[float, ...]] = {
    "arousal": (0.31, 0.25, 0.19, 0.15, 0.10),
    "valence": (0.12, 0.21, 0.33, 0.24, 0.10),
}
"""Target -> share of each class, uneven as in MuSe-Sent."""

_MEDIAN_STEPS = 30
_SPREAD = 0.75  # of the log length; the longest of some 180 segments then passes the training window of 200 steps
_LONGEST = 400
_OVER_WINDOW = 231  # steps; the first train video always has a segment that training must cut into windows
_SEGMENTS = (3, 10)  # a video has at least 3 and fewer than 10


@dataclass(frozen=True)
class Segment:
    """One labelled stretch of a video."""

    id: int  # 1-based
    start_ms: int
    steps: int
    classes: dict[str, int]  # target -> class

    @property
    def end_ms(self) -> int:
        """First millisecond after the segment."""
        return self.start_ms + self.steps * STEP_MS


@dataclass(frozen=True)
class PlannedVideo:
    """One video of the tree, before its features."""

    id: int
    partition: Partition
    segments: tuple[Segment, ...]

    @property
    def steps(self) -> int:
        """Steps of all segments."""
        return sum(segment.steps for segment in self.segments)


def stream(seed: int, *path: int) -> np.random.Generator:
    """The random stream of one part of the tree, independent of every other part's.

    The bit generator is named, so that numpy's choice of a default cannot change the bytes of a tree.
    """
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *path])))


def plan(seed: int, videos: int) -> tuple[PlannedVideo, ...]:
    """The videos of a sample tree, by id.

    Args:
        seed: of the whole tree, 0 or more.
        videos: how many, at least 3; a fifth of them is devel and a fifth test.
    """
    rng = stream(seed, 0)
    devel = max(1, round(videos / 5))
    sizes = dict(zip(PARTITIONS, (videos - 2 * devel, devel, devel), strict=True))
    partitions: list[Partition] = [partition for partition in PARTITIONS for _ in range(sizes[partition])]
    ids = 1 + rng.permutation(videos * 10 + 3)[:videos]  # far from contiguous, like the package's 1…303
    lengths = [_lengths(rng) for _ in range(videos)]
    lengths[0][0], lengths[0][-1], lengths[sizes["train"]][-1] = _OVER_WINDOW, 1, 1
    drawn: list[PlannedVideo] = []
    for partition in PARTITIONS:
        members = [i for i in range(videos) if partitions[i] == partition]
        count = sum(len(lengths[i]) for i in members)
        classes = {target: iter(_classes(rng, shares, count)) for target, shares in SHARES.items()}
        for i in members:
            first_ms = 10 * int(rng.integers(100, 1500))
            segments = []
            for number, steps in enumerate(lengths[i], start=1):
                labels = {target: next(values) for target, values in classes.items()}
                segments.append(Segment(number, first_ms, steps, labels))
                first_ms = segments[-1].end_ms
            drawn.append(PlannedVideo(int(ids[i]), partition, tuple(segments)))
    return tuple(sorted(drawn, key=lambda video: video.id))


def _lengths(rng: np.random.Generator) -> list[int]:
    """Steps of each segment of a video, log-normal as in the real package."""
    count = int(rng.integers(*_SEGMENTS))
    steps: NDArray[np.float64] = np.rint(_MEDIAN_STEPS * np.exp(_SPREAD * rng.standard_normal(count)))
    return [int(n) for n in steps.clip(1, _LONGEST)]


def _classes(rng: np.random.Generator, shares: tuple[float, ...], count: int) -> list[int]:
    """One class a segment in random order; every partition gets the same shares, and each class once if it can."""
    wanted = np.array(shares) * count
    counts = np.floor(wanted).astype(int)
    rest = np.argsort(counts - wanted, kind="stable")[: count - counts.sum()]
    counts[rest] += 1
    if count >= N_CLASSES:
        while (counts == 0).any():
            counts[counts.argmax()] -= 1
            counts[counts.argmin()] += 1
    return [int(c) for c in rng.permutation(np.repeat(np.arange(N_CLASSES), counts))]
