"""What is trained and scored on: windows of train segments, whole segments elsewhere, cut into chunks of like length.

A batch is drawn at random and then cut into chunks for the sake of speed only: its loss is the mean over all its
windows and its gradient the sum over its chunks, so chunks change nothing but rounding.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search_spaces.alignment import Segments, windows
from search_spaces.corpus import MASKED, Partition


@dataclass(frozen=True)
class Packing:
    """How a batch is cut.

    Attributes:
        chunk_cost: padded steps that cost as much as one more chunk.
        padded_steps: the most that a chunk of several runs has.
    """

    chunk_cost: int
    padded_steps: int


CPU = Packing(
    chunk_cost=160,  # measured flat from 96 to 192, for every Way
    padded_steps=2048,  # measured: larger chunks fall out of the cache, smaller ones are paid for per call
)
CUDA = Packing(chunk_cost=16384, padded_steps=32768)
"""By reasoning, not measured on a card yet: a chunk costs hundreds of launches and an LSTM's steps one after the other,
in which time a GPU computes tens of thousands of padded steps. Way6 keeps 62 kB a step for its backward pass (counted),
2 GB a chunk."""


@dataclass(frozen=True)
class Runs:
    """Runs of steps with one class each."""

    start: NDArray[np.int64]  # (n,) first step in the store
    length: NDArray[np.int64]  # (n,) steps
    classes: NDArray[np.int64]  # (n,) 0…4, MASKED where not given

    def __len__(self) -> int:
        return len(self.start)

    def labelled(self) -> "Runs":
        """Those whose class is given."""
        known = self.classes != MASKED
        return Runs(self.start[known], self.length[known], self.classes[known])


def whole_segments(segments: Segments, target: str, partition: Partition) -> Runs:
    """Every segment of a partition, uncut, masked ones included; what devel and test are scored on."""
    low, high = segments.partition_bounds[partition]
    return Runs(segments.start[low:high], segments.length[low:high], segments.classes[target][low:high])


def train_windows(segments: Segments, target: str, window: int, hop: int) -> Runs:
    """Windows of the labelled train segments; each carries its segment's class (official baseline).

    Args:
        segments: of the store.
        target: whose classes.
        window: longest window, steps.
        hop: steps between the starts of two windows.
    """
    whole = whole_segments(segments, target, "train").labelled()
    pieces = [
        (start + low, high - low, label)
        for start, length, label in zip(whole.start, whole.length, whole.classes, strict=True)
        for low, high in windows(int(length), window, hop)
    ]
    table = np.array(pieces, np.int64).reshape(-1, 3)
    return Runs(table[:, 0], table[:, 1], table[:, 2])


def chunks(
    lengths: NDArray[np.int64], chosen: NDArray[np.int64], packing: Packing = CPU
) -> Iterator[NDArray[np.int64]]:
    """The chosen runs in chunks of like length, longest first, so that little padding is computed.

    Args:
        lengths: (n,) of all runs.
        chosen: (b,) indices of a batch.
        packing: how large chunks may be.

    Yields:
        Indices that together are `chosen`, in an order that depends on nothing but the arguments.
    """
    order = chosen[np.argsort(-lengths[chosen], kind="stable")]
    for low, high in _cheapest_cuts(lengths[order], packing.chunk_cost):
        rows = max(1, packing.padded_steps // int(lengths[order[low]]))
        yield from np.array_split(order[low:high], -(-(high - low) // rows))


def _cheapest_cuts(falling: NDArray[np.int64], chunk_cost: int) -> list[tuple[int, int]]:
    """Bounds of the chunks that together cost least: their padded steps, and `chunk_cost` each.

    Runs of one length stay together. `cheapest[j]` is what the j longest lengths cost at best: over all i < j, what
    the i longest cost and one chunk of the rest.

    Args:
        falling: (b,) lengths, longest first.
        chunk_cost: in padded steps.
    """
    bounds = np.append(np.flatnonzero(np.diff(falling, prepend=0)), len(falling))  # (m + 1,) where the length changes
    lows = bounds[:-1]
    length = falling[lows]
    cheapest, last_begins = np.zeros(len(bounds), np.int64), np.zeros(len(bounds), np.int64)
    for j in range(1, len(bounds)):
        costs = cheapest[:j] + length[:j] * (bounds[j] - lows[:j]) + chunk_cost
        last_begins[j] = costs.argmin()
        cheapest[j] = costs[last_begins[j]]
    cuts, j = [], len(lows)
    while j:
        i = int(last_begins[j])
        cuts.append((int(bounds[i]), int(bounds[j])))
        j = i
    return cuts[::-1]
