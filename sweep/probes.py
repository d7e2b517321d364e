"""What is measured of a run's data before any cell: Table I, and the reference scores of Tables II to VI."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from results.references import Labelled, constant, logistic, segment_statistics, stratified
from results.run_results import FeatureRow, ReferenceScore
from search_spaces.corpus import PARTITIONS, Modality, Partition
from search_spaces.features import JOIN, title
from search_spaces.settings import Settings
from sweep import environment, packed, pca
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
    for target in targets:
        train, devel, test = (_labelled(store, target, partition) for partition in PARTITIONS)
        found = (
            constant(target, train.y, devel.y, test.y),
            stratified(target, train.y, devel.y, test.y),
            logistic(target, JOIN.join(store.widths), train, devel, test),
        )
        for score in found:
            yield score.model_copy(update={"versions": environment.versions()})


@dataclass(frozen=True)
class _Statistics:
    """Mean and deviation of all raw features over segments of a partition, computed when asked for."""

    store: FeatureStore
    low: int  # first segment of the partition, and the one after its last
    high: int

    @property
    def shape(self) -> tuple[int, ...]:
        return self.high - self.low, 2 * sum(self.store.widths.values())

    def __getitem__(self, rows: NDArray[np.intp], /) -> NDArray[np.float64]:
        return np.concatenate([self._of(feature, self.low + rows) for feature in self.store.widths], axis=1)

    def _of(self, feature: str, chosen: NDArray[np.intp]) -> NDArray[np.float64]:
        values, segments = self.store.values(feature), self.store.segments
        found = segment_statistics(values, segments.start[chosen], segments.length[chosen])
        packed.give_back(values)
        return found


def _labelled(store: FeatureStore, target: str, partition: Partition) -> Labelled:
    low, high = store.segments.partition_bounds[partition]
    return Labelled(_Statistics(store, low, high), store.segments.classes[target][low:high])


def _varies(steps: NDArray[np.float32]) -> bool:
    return any(bool((block != steps[0]).any()) for block in packed.blocks(steps))
