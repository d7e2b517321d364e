"""The reduced form of a feature (`bert~`): PCA by eigenvalue decomposition of the covariance matrix, paper III-C.

Fitted once per feature, on the steps of the train partition as they stand in the videos (not on overlapping windows);
devel and test are only mapped. Columns are mean-centred and not scaled, as the paper says ("mean-residual
normalization"); `pca_standardize` scales them to unit variance first.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search_spaces.errors import SweepError
from search_spaces.settings import Settings
from sweep import digest, environment, intact, packed
from sweep.feature_store import FeatureStore

_ALL = 1 - 1e-9
"""Share that stands for all of the variance: scikit-learn takes none above, and the rest has no direction."""


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
        centred = (steps.astype(np.float64) - self.mean) / self.scale
        mapped: NDArray[np.float32] = (centred @ self.components.T).astype(np.float32)
        return mapped


def fit(train: NDArray[np.float32], variance: float, standardize: bool = False) -> Reduction:
    """The smallest reduction that keeps more than `variance` of the train steps' variance.

    Args:
        train: (N, F) train steps.
        variance: share to keep, in (0, 1]; 1 keeps all but what is rounding.
        standardize: scale columns to unit variance first; constant columns stay as they are.

    Raises:
        ValueError: fewer than two steps, or every column is constant.
    """
    from sklearn.decomposition import PCA  # noqa: PLC0415 - half a worker's start, and most workers never fit

    # Not by the deviation, whose rounding leaves a constant column with a little of it.
    varies = train.max(axis=0) > train.min(axis=0) if len(train) > 1 else np.zeros(train.shape[1], bool)
    if not varies.any():
        raise ValueError(f"{len(train)} train steps without any variance")
    steps = train.astype(np.float64)
    mean = steps.mean(axis=0)
    steps -= mean  # in place: 4096 columns of a real package fill gigabytes
    scale = np.ones_like(mean)
    if standardize:
        scale[varies] = np.sqrt(np.einsum("nf,nf->f", steps, steps) / len(steps))[varies]
        steps /= scale
    model = PCA(n_components=min(variance, _ALL), svd_solver="covariance_eigh").fit(steps)
    # scikit-learn turns every direction so that its largest entry is positive: the same on every machine.
    return Reduction(mean, scale, model.components_, model.explained_variance_ratio_)


def folder_of(store: FeatureStore, feature: str, settings: Settings) -> Path:
    """Where a feature's reduced steps lie, or will."""
    train = store.train_steps()
    rule = [
        settings.pca_variance,
        settings.pca_standardize,
        train.start,
        train.stop,
        environment.versions()["scikit-learn"],
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
