"""The reduced form of a feature (`bert~`): PCA by eigenvalue decomposition of the covariance matrix, paper III-C.

Fitted once per feature, on the steps of the train partition as they stand in the videos (not on overlapping windows);
devel and test are only mapped. Columns are mean-centred and not scaled, as the paper says ("mean-residual
normalization"); `pca_standardize` scales them to unit variance first.

scikit-learn's PCA(svd_solver="covariance_eigh") in every convention, but for the steps, of which it wants all at once:
here the covariance is summed over blocks of them, of a size that no machine changes, so that memory grows with the
width alone. Up to one block the digits are scikit-learn's.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from search_spaces.errors import SweepError
from search_spaces.settings import Settings
from sweep import digest, environment, intact, moments, packed
from sweep.feature_store import FeatureStore

_ALL = 1 - 1e-9
"""Share that stands for all of the variance: the rest is rounding and has no direction."""
_RULE = 3
"""Raised whenever a feature would be reduced to other numbers than before; part of the key."""


@dataclass(frozen=True)
class Reduction:
    """A fitted PCA.

    Attributes:
        mean: (F,) of the train steps.
        scale: (F,) 1 where columns are not standardised.
        components: (k, F) rows are eigenvectors; the largest entry of each is positive.
        explained: (k,) share of the train variance, largest first.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    components: NDArray[np.float64]
    explained: NDArray[np.float64]

    @property
    def width(self) -> int:
        """Columns after the reduction (Table I)."""
        return len(self.components)

    def kept_variance(self) -> tuple[float, ...]:
        """Share of the train variance in the first 1, 2, … components, to four digits: a spectrum to look at."""
        return tuple(np.minimum(np.cumsum(self.explained), 1).round(4).tolist())

    def map(self, steps: NDArray[np.float32]) -> NDArray[np.float32]:
        """Steps (N, F) in the reduced space (N, k)."""
        centred = steps - self.mean  # float64
        centred /= self.scale  # in place: 256 MB of a wide block
        with _one_thread():
            mapped: NDArray[np.float32] = (centred @ self.components.T).astype(np.float32)
        return mapped


def _one_thread() -> AbstractContextManager[object]:
    """Sums of products depend on how many threads share them, and a worker has one where a coordinator has them all."""
    limited: AbstractContextManager[object] = threadpool_limits(1, "blas")
    return limited


def fit(train: NDArray[np.float32], variance: float, standardize: bool = False) -> Reduction:
    """The smallest reduction that keeps more than `variance` of the train steps' variance.

    Args:
        train: (N, F) train steps.
        variance: share to keep, in (0, 1]; 1 keeps all but what is rounding.
        standardize: scale columns to unit variance first; constant columns stay as they are.

    Raises:
        ValueError: fewer than two steps, or every column is constant.
    """
    found = moments.of(train)
    if not found.varies.any():
        raise ValueError(f"{len(train)} train steps without any variance")
    scale = np.where(found.varies & standardize, found.deviation, 1.0)
    with _one_thread():
        covariance = _covariance(train, found.mean)
        covariance /= scale[:, None]
        covariance /= scale
        rising, vectors = np.linalg.eigh(covariance)
    shares = np.maximum(rising[::-1], 0)  # rounding may leave a little less than none
    shares /= shares.sum()
    width = int(np.searchsorted(shares.cumsum(), min(variance, _ALL), side="right")) + 1
    components = vectors.T[::-1][:width].copy()
    largest = np.abs(components).argmax(axis=1)
    components *= np.sign(components[np.arange(width), largest])[:, None]  # else its sign is the machine's choice
    return Reduction(found.mean, scale, components, shares[:width])


def _covariance(train: NDArray[np.float32], mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """(F, F) with ddof 1, in a second pass around the mean: products of values far from 0 would cancel each other."""
    count, width = train.shape
    products, left = np.zeros((width, width)), np.zeros(width)
    for block in moments.centred(train, mean):
        products += block.T @ block
        left += block.sum(axis=0)
    left /= count  # of the mean, by its rounding
    products -= count * left[:, None] * left
    products /= count - 1
    return products


def folder_of(store: FeatureStore, feature: str, settings: Settings) -> Path:
    """Where a feature's reduced steps lie, or will."""
    train = store.train_steps()
    rule = [
        _RULE,
        settings.pca_variance,
        settings.pca_standardize,
        train.start,
        train.stop,
        environment.versions()["numpy"],
    ]
    return store.cache / "pca" / digest.of_value([packed.FORMAT, store.folder(feature).name, rule])


def reduce(store: FeatureStore, feature: str, settings: Settings) -> Path:
    """The folder of a feature's reduced steps; fitted and written when the cache lacks it.

    Raises:
        SweepError: the feature is constant on the train partition.
    """
    folder = folder_of(store, feature, settings)
    with packed.filling(folder) as half:
        if half is None:
            return folder
        values = store.values(feature)
        try:
            reduction = fit(values[store.train_steps()], settings.pca_variance, settings.pca_standardize)
        except ValueError as error:
            raise SweepError(f"Feature {feature!r} cannot be reduced by PCA: {error}; leave {feature}~ out.") from error
        blocks = map(reduction.map, packed.blocks(values))
        model = {"mean": reduction.mean, "scale": reduction.scale}
        model |= {"components": reduction.components, "explained": reduction.explained}
        packed.write_values(half, blocks, model)
    return folder


def read_reduction(folder: Path) -> Reduction:
    """The fitted PCA of a reduced feature's folder.

    Raises:
        SweepError: it is missing or damaged.
    """
    model = intact.read_arrays(folder / "model.npz")
    return Reduction(model["mean"], model["scale"], model["components"], model["explained"])
