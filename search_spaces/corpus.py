"""What a data-set reader hands over: videos, partitions, labels and where the feature files lie.

A Corpus knows files, not arrays: parsing every feature file is the feature store's work, through the same reader's
`read_feature`, so that a file is parsed once per content and never twice per trial.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from search_spaces.errors import SweepError
from search_spaces.printable import one_line

Partition = Literal["train", "devel", "test"]
Modality = Literal["audio", "video", "text"]
PARTITIONS: tuple[Partition, ...] = ("train", "devel", "test")
MODALITIES: tuple[Modality, ...] = ("audio", "video", "text")
Span = tuple[int, int]
"""From a time in ms up to another, the latter exclusive."""
MASKED = -1
"""The class of a segment whose label is not given."""
_SHOWN = 200  # characters of what was found; a damaged file may have a line of megabytes


@dataclass(frozen=True)
class Defect:
    """One thing wrong with a tree: where, what was expected, what was found."""

    file: str  # relative to the tree's root, with "/" on every system
    where: str  # "row 12, video 3, segment 2"; empty where the whole file is meant
    expected: str
    found: str

    def __str__(self) -> str:
        place = f"{self.file}, {self.where}" if self.where else self.file
        found = self.found if len(self.found) <= _SHOWN else self.found[:_SHOWN] + "…"
        return one_line(f"{place}: expected {self.expected}, found {found}.")


@dataclass(frozen=True)
class Notice:
    """Something odd in a tree that is usable all the same: what, how often, and one place as an example."""

    what: str
    count: int
    example: str

    def __str__(self) -> str:
        return one_line(f"{self.what}: {self.count} (e.g. {self.example})")


class DataError(SweepError):
    """A tree that cannot be used; carries every defect that was found, not only the first."""

    SHOWN = 20

    def __init__(self, root: Path, defects: tuple[Defect, ...]) -> None:
        self.root = root
        self.defects = defects
        shown = "\n".join(f"  {defect}" for defect in defects[: self.SHOWN])
        more = len(defects) - self.SHOWN
        tail = f"\n  … and {more} more; `sweep data check {root}` lists all." if more > 0 else ""
        noun = "defect" if len(defects) == 1 else "defects"
        super().__init__(f"{root}: {len(defects)} {noun} in the data:\n{shown}{tail}")


@dataclass(frozen=True)
class Video:
    """One video of the partition file."""

    id: str
    partition: Partition


@dataclass(frozen=True)
class FeatureTable:
    """One feature CSV of one video, parsed; rows are steps in file order."""

    timestamps: NDArray[np.int64]  # (T,) ms
    segment_ids: NDArray[np.int64]  # (T,)
    values: NDArray[np.float32]  # (T, F)
    columns: tuple[str, ...]  # F names as in the header; matched by position, never by name


@dataclass(frozen=True)
class Corpus:
    """A tree as read from partition file, label files and folder listing.

    Attributes:
        root: the tree.
        reader: name of the reader that read it.
        videos: train first, then devel, then test; inside a partition by number, then by name.
        feature_files: feature name -> one file a video, in the order of `videos`.
        folders: feature name -> its folder's name on disk, where an alias was resolved ("bert" -> "bert-4").
        modalities: feature name -> modality.
        labels: target -> video id -> segment id -> class 0…4, or MASKED.
        label_times: like `labels`, the span in ms that the label's row says, end exclusive; where it says one.
        label_files: every file the labels and partitions were read from (they are part of the data's digest).
        notices: counted oddities that leave the tree usable.
    """

    root: Path
    reader: str
    videos: tuple[Video, ...]
    feature_files: Mapping[str, tuple[Path, ...]]
    folders: Mapping[str, str]
    modalities: Mapping[str, Modality]
    labels: Mapping[str, Mapping[str, Mapping[int, int]]]
    label_files: tuple[Path, ...]
    notices: tuple[Notice, ...]
    label_times: Mapping[str, Mapping[str, Mapping[int, Span]]] = field(default_factory=dict)

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets that have labels, sorted."""
        return tuple(sorted(self.labels))

    @property
    def features(self) -> tuple[str, ...]:
        """The features on disk, by modality (audio, video, text), then by name."""
        return tuple(sorted(self.feature_files, key=lambda name: (MODALITIES.index(self.modalities[name]), name)))
