"""Early fusion: the columns of several features side by side, gathered per batch from memory maps, never copied whole.

Each is read in the form that the settings ask for, see `sweep.forms`.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from search_spaces.features import Term, parse_feature_set
from search_spaces.settings import Settings
from sweep import forms, packed
from sweep.feature_store import FeatureStore

_MAPPED = 2**28
"""Bytes that are read through memory maps before they are given back: what a process holds of features of any size."""


class Steps(Protocol):
    """What a branch reads its batches from."""

    @property
    def width(self) -> int:
        """Columns."""

    def gather(self, starts: Sequence[int], lengths: Sequence[int]) -> Tensor:
        """(N, width) float32: the steps of some runs, one run after the other, on the device that trains."""


class Fusion:
    """A feature set over a store.

    Attributes:
        width: columns after fusion.
        steps: rows, those of the whole store.
    """

    def __init__(self, store: FeatureStore, features: str, settings: Settings) -> None:
        self._terms = tuple(_steps(store, term, settings) for term in parse_feature_set(features))
        self.width = sum(steps.shape[1] for steps in self._terms)
        self.steps = store.segments.n_steps
        self._mapped = 0  # bytes read since the maps were last given back

    def gather(self, starts: Sequence[int], lengths: Sequence[int], *, pinned: bool = False) -> Tensor:
        """The steps of some runs, one run after the other, without padding.

        Args:
            starts: (B,) first step of each run in the store.
            lengths: (B,) steps of each run.
            pinned: in memory that a GPU can copy from while this process goes on.

        Returns:
            (N, F) float32, N the sum of the lengths.
        """
        batch = torch.empty(
            sum(lengths), self.width, pin_memory=pinned
        )  # aligned as torch aligns: digits may depend on it
        rows, top = batch.numpy(), 0
        for start, length in zip(starts, lengths, strict=True):
            left = 0
            for steps in self._terms:
                right = left + steps.shape[1]
                rows[top : top + length, left:right] = steps[start : start + length]
                left = right
            top += length
        self._mapped += rows.nbytes
        if self._mapped > _MAPPED:
            self._mapped = 0
            for steps in self._terms:
                packed.give_back(steps)
        return batch


def _steps(store: FeatureStore, term: Term, settings: Settings) -> NDArray[np.float32]:
    """(N, F) of one term, memory-mapped."""
    form = forms.of_term(store, term, settings)
    return packed.read_values(form.folder, store.segments.n_steps, form.width)
