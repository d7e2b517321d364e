"""What a trial predicted, as an .npz without objects: the input of every later statistic that needs no training.

Arrays: `seeds` (n,); `devel` (n, S, C) and `test` (n, S, C) float32 probabilities of the best epoch's main head, S in
the store's order of segments, masked segments included.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Predictions:
    """Probabilities of all seeds."""

    seeds: tuple[int, ...]
    devel: NDArray[np.float32]  # (n, S_devel, C)
    test: NDArray[np.float32]  # (n, S_test, C)


def pack(seeds: Sequence[int], devel: NDArray[np.float32], test: NDArray[np.float32]) -> bytes:
    """The bytes of a predictions file; equal predictions give equal bytes (the zip holds no time of day)."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, seeds=np.asarray(seeds, np.int64), devel=devel, test=test)
    return buffer.getvalue()


def unpack(content: bytes) -> Predictions:
    """The predictions of a file's bytes."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return Predictions(tuple(int(seed) for seed in arrays["seeds"]), arrays["devel"], arrays["test"])
