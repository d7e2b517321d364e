"""Mean and deviation of a feature's columns, block by block, so that memory does not grow with the steps."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sweep import packed


@dataclass(frozen=True)
class Moments:
    """Of every column.

    Attributes:
        mean: (F,)
        deviation: (F,) ddof 0.
        varies: (F,) whether it changes at all. Not to be told by the deviation: the rounding of the mean leaves a
            constant column with a little of it.
    """

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    varies: NDArray[np.bool_]


def of(steps: NDArray[np.float32]) -> Moments:
    """The moments of steps (N, F) in two passes; the second around the mean, whose size then costs no digits."""
    count, width = steps.shape
    mean, squares, varies = np.zeros(width), np.zeros(width), np.zeros(width, bool)
    for block in packed.blocks(steps):
        mean += block.sum(axis=0, dtype=np.float64) / count
        varies |= (block != steps[0]).any(axis=0)
    for around in centred(steps, mean):
        squares += np.square(around, out=around).sum(axis=0)
    return Moments(mean, np.sqrt(squares / max(count, 1)), varies)


def centred(steps: NDArray[np.float32], mean: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    """The steps without their mean, block by block; each block takes the place of the one before, 256 MB if wide."""
    room = np.empty((0, len(mean)))
    for block in packed.blocks(steps):
        room = room if len(room) >= len(block) else np.empty(block.shape)
        yield np.subtract(block, mean, out=room[: len(block)])
