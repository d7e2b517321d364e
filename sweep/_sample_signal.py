"""What the features of a sample tree measure: hidden courses of each segment, and the extractors that see them.

A class is a course over its segment (level, rise, fall, peak), so that a rise and a fall have the same mean and
standard deviation and only a temporal model tells them apart. Arousal is heard, valence is read and seen. `murmur` and
`glare` disturb the strongest feature of each target; another modality sees them with the other sign: fusion gains.

All sums here are exact: hidden values and loadings are multiples of powers of two, so no machine's order of summation
shows in a file.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from search_spaces.features import CATALOGUE
from sweep._sample_plan import SHARES, PlannedVideo, stream

Array = NDArray[np.float64]

_COURSES: dict[str, tuple[str, ...]] = {  # target -> course of each class
    "arousal": ("low", "rise", "fall", "high", "peak"),
    "valence": ("high", "fall", "rise", "low", "peak"),
}
_DISTURBANCES = ("murmur", "glare")
_MISLED = 0.08  # share of segments whose course is that of a random class, as annotators disagree
_HIDDEN_GRID = 256.0
_LOADING_GRID = 64.0


@dataclass(frozen=True)
class Extractor:
    """How one feature of the sample tree arises."""

    name: str  # of the catalogue
    folder: str  # one of the feature's spellings on disk
    width: int  # columns; the catalogue has the real package's
    rank: float  # hidden directions as a share of the columns
    decay: float  # size of each direction relative to the one before
    noise: float  # of each column by itself
    segment_noise: float  # of the signal, one draw a segment: what no average over steps removes
    sees: dict[str, float] = field(default_factory=dict)  # hidden course -> gain
    positive: bool = False  # ends in a ReLU
    missing: str = ""  # "face" or "word": all-zero rows without one

    def at_real_width(self) -> "Extractor":
        """The same extractor with as many columns as in the real package."""
        return replace(self, width=next(row.width for row in CATALOGUE if row.name == self.name))

    def columns(self, video: int) -> tuple[str, ...]:
        """Column names in one video's file; some VGGFace files of the real package count from 1, so some here do."""
        if self.name == "vggface":
            return tuple(str(i + (video % 10 == 3)) for i in range(self.width))
        return tuple(f"{self.name}_{i}" for i in range(self.width))


EXTRACTORS: tuple[Extractor, ...] = (
    Extractor("deepspectrum", "deepspectrum", 96, 0.12, 0.75, 0.06, 0.8, {"arousal": 0.9}, positive=True),
    Extractor("vggish", "vggish", 32, 0.6, 0.95, 0.2, 0.2, {"arousal": 2.2, "murmur": 1.4}),
    Extractor("egemaps", "egemaps", 32, 0.5, 0.9, 0.2, 0.8, {"arousal": 0.9}),
    Extractor("xception", "xception", 64, 0.2, 0.93, 0.1, 0.3, {"murmur": -1.6}, positive=True),
    Extractor("vggface", "vggface", 32, 0.2, 0.8, 0.08, 0.3, {"valence": 0.9, "glare": -1.6}, missing="face"),
    Extractor("fau", "au", 20, 0.5, 0.9, 0.15, 0.7, {"valence": 1.0}, positive=True, missing="face"),
    Extractor("bert", "bert-4", 48, 0.6, 0.96, 0.15, 0.2, {"valence": 2.2, "glare": 1.6}, missing="word"),
)
"""The paper's seven features; `fau` and `bert` lie under other spellings, as in the challenge's package."""

_SCALES = (0.01, 0.1, 1.0, 20.0, 500.0)  # of eGeMAPS' columns: jitter, loudness, dB, semitones, Hz


def hidden_courses(video: PlannedVideo, seed: int) -> dict[str, Array]:
    """What really happens in a video.

    Returns:
        Course name ("arousal", "valence", "murmur", "glare") -> (T,), about ±1.
    """
    rng = stream(seed, 1, video.id)
    courses: dict[str, Array] = {}
    for target, shares in SHARES.items():
        parts = []
        for segment in video.segments:
            misled, other = rng.random() < _MISLED, int(rng.choice(len(shares), p=shares))
            course = _COURSES[target][other if misled else segment.classes[target]]
            parts.append(_course(course, segment.steps) * (0.7 + 0.6 * rng.random()))
        courses[target] = np.concatenate(parts) + 0.3 * _wander(rng, video.steps, 1)[:, 0]
    for name in _DISTURBANCES:
        levels = np.repeat(rng.standard_normal(len(video.segments)), [segment.steps for segment in video.segments])
        courses[name] = 0.8 * levels + 0.3 * _wander(rng, video.steps, 1)[:, 0]
    return courses


def missing_rows(video: PlannedVideo, seed: int) -> dict[str, NDArray[np.bool_]]:
    """Steps without a face and without a word, (T,) each; both come in runs."""
    rng = stream(seed, 2, video.id)
    return {"face": _runs(rng, video.steps, 40, 6), "word": _runs(rng, video.steps, 14, 3)}


def render(
    extractor: Extractor, video: PlannedVideo, seed: int, courses: dict[str, Array], gone: dict[str, NDArray[np.bool_]]
) -> Array:
    """One feature of one video.

    Args:
        extractor: the feature; its `width` columns are drawn.
        video: whose steps are drawn.
        seed: of the tree.
        courses: from `hidden_courses`, T steps.
        gone: from `missing_rows`.

    Returns:
        (T, F), F the extractor's width.
    """
    number = [row.name for row in EXTRACTORS].index(extractor.name)  # not the catalogue's, which may grow anywhere
    rank = max(2, round(extractor.rank * extractor.width))
    sizes = extractor.decay ** np.arange(rank)
    rng = stream(seed, 3, number)  # of the extractor: the same in every video
    loadings = _on_grid(rng.standard_normal((rank + 1, extractor.width)), _LOADING_GRID)
    rest = _on_grid(rng.standard_normal(extractor.width), _LOADING_GRID) + 2.0 * extractor.positive
    rng = stream(seed, 4, number, video.id)
    steps = [segment.steps for segment in video.segments]
    signal = sum((gain * courses[name] for name, gain in extractor.sees.items()), np.zeros(video.steps))
    signal = signal + extractor.segment_noise * np.repeat(rng.standard_normal(len(steps)), steps)
    scenery = (_wander(rng, video.steps, rank) + 0.5 * rng.standard_normal(rank)) * sizes  # plus the video's own level
    hidden = _on_grid(np.column_stack([signal, scenery]), _HIDDEN_GRID)  # (T, 1 + rank)
    values = hidden @ loadings + rest
    values += _on_grid(extractor.noise * rng.standard_normal(values.shape), _HIDDEN_GRID)
    return _finish(extractor, values, gone)


def _finish(extractor: Extractor, values: Array, gone: dict[str, NDArray[np.bool_]]) -> Array:
    """Values as the extractor writes them: held words, ReLU, units, zero rows."""
    if extractor.missing == "word":  # an embedding is copied to every step of its word, two steps here
        values = values[np.arange(len(values)) // 2 * 2]
    if extractor.positive:
        values = np.maximum(values, 0.0)
    if extractor.name == "egemaps":
        values = (values + 4.0) * np.resize(_SCALES, extractor.width)
    if extractor.missing:
        values = np.where(gone[extractor.missing][:, None], 0.0, values)
    return values


def _course(name: str, steps: int) -> Array:
    """A class's course over a segment, (T,) in -1…1."""
    u = (np.arange(steps) + 0.5) / steps
    match name:
        case "low":
            return np.full(steps, -1.0)
        case "high":
            return np.full(steps, 1.0)
        case "rise":
            return 2 * u - 1
        case "fall":
            return 1 - 2 * u
        case "peak":
            return 1 - 4 * np.abs(u - 0.5)
        case _:
            raise ValueError(name)


def _wander(rng: np.random.Generator, steps: int, width: int) -> Array:
    """Slow noise of unit variance, (T, width): each step keeps 0.8 of the one before."""
    shocks = rng.standard_normal((steps, width))
    walk = np.empty_like(shocks)
    walk[0] = shocks[0]
    for t in range(1, steps):
        walk[t] = 0.8 * walk[t - 1] + 0.6 * shocks[t]
    return walk


def _runs(rng: np.random.Generator, steps: int, present: int, absent: int) -> NDArray[np.bool_]:
    """(T,), true in runs of about `absent` steps between runs of about `present` steps."""
    gone = np.zeros(steps, dtype=bool)
    t = int(rng.geometric(1 / present))
    while t < steps:
        length = int(rng.geometric(1 / absent))
        gone[t : t + length] = True
        t += length + int(rng.geometric(1 / present))
    return gone


def _on_grid(values: Array, grid: float) -> Array:
    """The nearest multiples of 1/grid."""
    return np.rint(values * grid) / grid
