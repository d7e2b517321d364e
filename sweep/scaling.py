"""The z-scored form of a raw feature: columns minus their train mean, over their train deviation.

Computed once per feature and content, like the reduced form, and memory-mapped by every trial of every worker.
"""

from pathlib import Path

import numpy as np

from sweep import digest, moments, packed
from sweep.feature_store import FeatureStore

_EPSILON = 1e-6  # added to every deviation by the official baseline
_RULE = 1
"""Raised whenever a feature would be scaled to other numbers than before; part of the key."""


def folder_of(store: FeatureStore, feature: str) -> Path:
    """Where a feature's scaled steps lie, or will."""
    train = store.train_steps()
    key = [packed.FORMAT, _RULE, store.folder(feature).name, train.start, train.stop]
    return store.cache / "scaled" / digest.of_value(key)


def standardize(store: FeatureStore, feature: str) -> Path:
    """The folder of a feature's scaled steps; written when the cache lacks it.

    Each column becomes (x - mean) / (deviation + 1e-6) with the mean and the deviation (ddof 0) of the train steps as
    they stand in the videos. A column that is constant on train is only shifted: it may change later (a place the
    train videos do not show), and divided by the bare 1e-6, as in the official baseline, one such step is a million
    deviations and drowns every other column.

    Raises:
        SweepError: the corpus has no such feature, or the cache cannot be written.
    """
    folder = folder_of(store, feature)
    with packed.filling(folder) as half:
        if half is not None:
            values = store.values(feature)
            train = moments.of(values[store.train_steps()])
            shift, scale = train.mean, np.where(train.varies, train.deviation + _EPSILON, 1.0)
            narrow = (shift.astype(np.float32), scale.astype(np.float32))
            blocks = ((block - narrow[0]) / narrow[1] for block in packed.blocks(values))
            packed.write_values(half, blocks, {"shift": shift, "scale": scale})
    return folder
