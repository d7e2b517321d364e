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

_MAX_PADDED_STEPS = 4096  # measured: larger chunks fall out of the second-level cache, smaller ones pay per call
_WASTE = 1.2  # padded steps for one valid step, at most; measured flat between 1.1 and 1.25
_FREE_STEPS = 128  # padding that is cheaper than one more chunk


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


def chunks(lengths: NDArray[np.int64], chosen: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """The chosen runs in chunks of like length, longest first, so that little padding is computed.

    Args:
        lengths: (n,) of all runs.
        chosen: (b,) indices of a batch.

    Yields:
        Indices that together are `chosen`, in an order that depends on nothing but the arguments.
    """
    order = chosen[np.argsort(-lengths[chosen], kind="stable")]
    low = 0
    while low < len(order):
        longest, valid, high = int(lengths[order[low]]), 0, low
        while high < len(order):
            padded = longest * (high + 1 - low)
            valid += int(lengths[order[high]])
            if high > low and (padded > _MAX_PADDED_STEPS or padded > max(_WASTE * valid, valid + _FREE_STEPS)):
                break
            high += 1
        yield order[low:high]
        low = high
