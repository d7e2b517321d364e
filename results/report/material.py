"""What a report is made from: the results of a run, how far it is, and where it came from. Plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from results.records import Cell, Cost, Hole
from results.run_results import RunResults
from search_spaces.corpus import Partition


@dataclass(frozen=True)
class Standing:
    """How far a run is, screening included."""

    wanted: tuple[Cell, ...]  # the cells that are known to be wanted by now
    holes: tuple[Hole, ...]  # those without a record
    open_rows: int  # feature sets that no result has named yet
    costs: Mapping[str, Cost]  # str(cell) -> what it took

    @property
    def failed(self) -> tuple[Hole, ...]:
        """The cells that are not tried again by themselves."""
        return tuple(hole for hole in self.holes if hole.state == "failed")


@dataclass(frozen=True)
class PartitionFacts:
    """What one partition of the data holds."""

    partition: Partition
    videos: int
    segments: int
    classes: Mapping[str, tuple[int, ...]]  # target -> (C,) labelled segments of each class


@dataclass(frozen=True)
class Provenance:
    """Where the figures of a run come from. No path: a page is passed on, and paths name people."""

    title: str  # of the space
    description: str
    reader: str
    data_digest: str
    partitions: tuple[PartitionFacts, ...]  # () where the run does not hold its segments
    settings: Mapping[str, str]
    way_titles: Mapping[str, str]  # "way2" -> "Self-Attention+Bi-LSTM"
    device: str
    git_revision: str | None  # None where the code was no checkout
    created: str  # ISO 8601, UTC
    written_by: str  # the version that made the report


@dataclass(frozen=True)
class Material:
    """Everything that page and figures are made from.

    Attributes:
        results: what was measured.
        standing: how far the run is.
        provenance: where it came from.
        compare: "paper" sets the published figures beside ours.
    """

    results: RunResults
    standing: Standing
    provenance: Provenance
    compare: Literal["paper"] | None = None
