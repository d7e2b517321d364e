"""What is measured of a run's data before any cell: Table I, and the reference scores of Tables II to VI."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from results.references import Labelled, constant, logistic, segment_statistics, stratified
from results.run_results import FeatureRow, ReferenceScore
from search_spaces.corpus import PARTITIONS, Modality, Partition
from search_spaces.features import JOIN, title
from search_spaces.settings import Settings
from sweep import environment, pca
from sweep.feature_store import FeatureStore


def feature_rows(store: FeatureStore, modalities: Mapping[str, Modality], settings: Settings) -> Iterator[FeatureRow]:
    """Every feature with its width before and after PCA, in the given order; reduces what is not reduced yet.

    A feature that is constant on train, which PCA cannot reduce, stands there without: no cell need ask for it.
    """
    for name, modality in modalities.items():
        reduced = None
        if _varies(store.values(name)[store.train_steps()]):
            reduced = pca.read_reduction(pca.reduce(store, name, settings))
        yield FeatureRow(
            name=name,
            title=title(name),
            modality=modality,
            width=store.widths[name],
            reduced_width=reduced.width if reduced else None,
            kept_variance=reduced.kept_variance() if reduced else (),
            versions=environment.versions(),
        )


def references(store: FeatureStore, targets: tuple[str, ...]) -> Iterator[ReferenceScore]:
    """Constant, stratified random and the linear probe on all raw features, for every target.

    Raises:
        SweepError: train has one class only.
    """
    features = tuple(store.widths)
    statistics = np.concatenate([_statistics(store, feature) for feature in features], axis=1)  # (S, 2F)
    for target in targets:
        parts = {partition: _labelled(store, target, partition, statistics) for partition in PARTITIONS}
        train, devel, test = (parts[partition] for partition in PARTITIONS)
        found = (
            constant(target, train.y, devel.y, test.y),
            stratified(target, train.y, devel.y, test.y),
            logistic(target, JOIN.join(features), train, devel, test),
        )
        for score in found:
            yield score.model_copy(update={"versions": environment.versions()})


def _statistics(store: FeatureStore, feature: str) -> NDArray[np.float64]:
    segments = store.segments
    return segment_statistics(store.values(feature), segments.start, segments.length)


def _labelled(store: FeatureStore, target: str, partition: Partition, statistics: NDArray[np.float64]) -> Labelled:
    low, high = store.segments.partition_bounds[partition]
    return Labelled(statistics[low:high], store.segments.classes[target][low:high])


def _varies(steps: NDArray[np.float32]) -> bool:
    return len(steps) > 1 and bool((steps.max(axis=0) > steps.min(axis=0)).any())
