"""Early fusion: the columns of several features side by side, gathered per batch from memory maps, never copied whole.

Padding stands at the end of a segment and is zero. Raw features that the settings name are z-scored with the mean and
deviation of the train steps (ddof 0, +1e-6, as the official baseline), columns that are constant on train only shifted;
reduced ones are used as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from search_spaces.features import Term, parse_feature_set
from search_spaces.settings import Settings
from sweep import packed, pca
from sweep.feature_store import FeatureStore

ALL = "all"
"""In `settings.standardize`: every raw feature."""

_EPSILON = 1e-6  # baseline


@dataclass(frozen=True)
class _Source:
    """One term's steps and how they are scaled: (x - shift) / scale."""

    values: NDArray[np.float32]  # (N, F)
    scaling: tuple[NDArray[np.float32], NDArray[np.float32]] | None  # shift (F,) and scale (F,)


class Fusion:
    """A feature set over a store.

    Attributes:
        width: columns after fusion.
    """

    def __init__(self, store: FeatureStore, features: str, settings: Settings) -> None:
        self._sources = tuple(_source(store, term, settings) for term in parse_feature_set(features))
        self.width = sum(source.values.shape[1] for source in self._sources)

    def gather(self, starts: Sequence[int], lengths: Sequence[int]) -> Tensor:
        """Runs of steps as one padded batch.

        Args:
            starts: (B,) first step of each run in the store.
            lengths: (B,) steps of each run.

        Returns:
            (B, T, F) float32, T the longest run.
        """
        batch = np.zeros((len(starts), max(lengths), self.width), np.float32)
        low = 0
        for source in self._sources:
            high = low + source.values.shape[1]
            for row, (start, length) in enumerate(zip(starts, lengths, strict=True)):
                steps = source.values[start : start + length]
                if source.scaling is not None:
                    shift, scale = source.scaling
                    steps = (steps - shift) / scale
                batch[row, :length, low:high] = steps
            low = high
        return torch.from_numpy(batch)


def _source(store: FeatureStore, term: Term, settings: Settings) -> _Source:
    if term.reduced:
        folder = pca.reduce(store, term.feature, settings)
        return _Source(packed.read_values(folder, store.segments.n_steps, pca.read_reduction(folder).width), None)
    values = store.values(term.feature)
    if term.feature not in settings.standardize and ALL not in settings.standardize:
        return _Source(values, None)
    train = values[store.train_steps()]
    shift, scale = train.mean(axis=0, dtype=np.float64), train.std(axis=0, dtype=np.float64) + _EPSILON
    # A column that never changes on train may change later (a place the train videos do not show). Divided by the
    # bare 1e-6, as in the baseline, one such step is a million deviations and drowns every other column.
    scale[train.min(axis=0) == train.max(axis=0)] = 1.0
    return _Source(values, (shift.astype(np.float32), scale.astype(np.float32)))
