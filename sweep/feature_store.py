"""From a tree on disk to arrays: every feature file parsed once per content, every defect collected, nothing copied.

The cache is derived and keyed by content: changing one byte of an input, or the way it is parsed, changes the key. It
may be deleted at any moment between commands.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search_spaces import registry
from search_spaces.alignment import Segments, align
from search_spaces.corpus import Corpus, DataError, Defect, Notice, Partition
from search_spaces.errors import SweepError, unknown
from sweep import digest, environment, oddities, packed
from sweep._feature_pack import PARSER, FeaturePack, pack_features
from sweep.oddities import Oddities


@dataclass(frozen=True)
class FeatureStore:
    """The packed features of one corpus.

    Attributes:
        digest: of every input byte that a result can depend on (features, labels, partitions).
        videos: ids, in packed order.
        segments: where each segment's steps lie, and its classes.
        keys: feature -> key of its packed folder.
        widths: feature -> columns.
    """

    cache: Path
    digest: str
    videos: tuple[str, ...]
    segments: Segments
    keys: Mapping[str, str]
    widths: Mapping[str, int]

    def values(self, feature: str) -> NDArray[np.float32]:
        """A raw feature's steps (N, F), memory-mapped and read-only.

        Raises:
            SweepError: the corpus has no such feature; the message lists the known ones.
        """
        if feature not in self.keys:
            raise unknown("feature", feature, self.keys)
        folder = self.cache / "features" / self.keys[feature]
        return packed.read_values(folder, self.segments.n_steps, self.widths[feature])

    def train_steps(self) -> slice:
        """The rows of the train partition; they come first, each step once however its windows overlap."""
        low, high = self.segments.step_bounds["train"]
        return slice(low, high)


@dataclass(frozen=True)
class Survey:
    """What reading a tree found: a store where nothing is wrong, and every defect and notice.

    Attributes:
        files: path relative to the tree -> digest, of every file that a result can depend on; empty with defects.
    """

    corpus: Corpus | None
    store: FeatureStore | None
    defects: tuple[Defect, ...]
    notices: tuple[Notice, ...]
    files: Mapping[str, str] = field(default_factory=dict)

    def usable(self, root: Path) -> tuple[Corpus, FeatureStore]:
        """The corpus and the store of a tree without defects.

        Raises:
            DataError: with every defect, when there is one.
        """
        if self.corpus is None or self.store is None:
            raise DataError(root, self.defects)
        return self.corpus, self.store


def survey(root: Path, reader: str, cache: Path, workers: int | None = None) -> Survey:
    """Reads a whole tree, packs what is not packed yet, and collects everything that is wrong with it.

    Args:
        root: the tree.
        reader: a file of search_spaces/datasets.
        cache: where packed arrays live; made when needed.
        workers: parallel parsers; all cores by default.

    Raises:
        SweepError: no such tree or reader, or the cache cannot be written.
    """
    corpus, defects = registry.load("datasets", reader).survey(root)
    if corpus is None:
        return Survey(None, None, tuple(defects), ())
    packs = pack_features(corpus, cache, workers or environment.cores())
    segments, misaligned, notices = align(corpus, {feature: pack.steps for feature, pack in packs.items()})
    wrong = (*defects, *(defect for pack in packs.values() for defect in pack.defects), *misaligned)
    notices = (*corpus.notices, *notices)
    if wrong or segments is None:  # a missing file is told twice, by the listing and by the parser
        return Survey(corpus, None, tuple(dict.fromkeys(wrong)), notices)
    keys = {feature: pack.key for feature, pack in packs.items()}
    labels = {_relative(corpus.root, path): digest.of_file(path) for path in corpus.label_files}
    store = FeatureStore(
        cache=cache,
        digest=digest.of_value([packed.FORMAT, PARSER, corpus.reader, keys, list(labels.items())]),
        videos=tuple(video.id for video in corpus.videos),
        segments=segments,
        keys=keys,
        widths={feature: step.width for feature, pack in packs.items() for step in pack.steps[:1] if step is not None},
    )
    _write_index(store)
    odd = {name: _oddities(store, name) for name in corpus.features}
    notices = (*notices, *oddities.notices(odd, segments, store.videos))
    if flat := tuple(_flat(corpus, store, odd)):
        return Survey(corpus, None, flat, notices)
    return Survey(corpus, store, (), notices, _files(corpus, packs) | labels)


def _files(corpus: Corpus, packs: Mapping[str, FeaturePack]) -> dict[str, str]:
    """The digests of the feature files."""
    pairs = ((corpus.feature_files[feature], pack.digests) for feature, pack in packs.items())
    found = (pair for paths, digests in pairs for pair in zip(paths, digests, strict=True))
    return {_relative(corpus.root, path): known for path, known in found if known is not None}


def _flat(corpus: Corpus, store: FeatureStore, odd: Mapping[str, Oddities]) -> Iterator[Defect]:
    """Features that never change on train: nothing can be learned from them, and PCA would stop the run half-way."""
    for name, found in odd.items():
        if len(found.constant_columns) == store.widths[name]:
            folder = _relative(corpus.root, corpus.feature_files[name][0].parent)
            yield Defect(folder, "", "a column that changes among the train steps", "none (leave the folder out)")


def build(root: Path, reader: str, cache: Path, workers: int | None = None) -> tuple[Corpus, FeatureStore]:
    """The store of a tree without defects.

    Raises:
        DataError: with every defect, when there is one.
    """
    return survey(root, reader, cache, workers).usable(root)


def open_store(cache: Path, digest: str) -> FeatureStore:
    """The store that `survey` left in the cache, without reading the tree again; what a worker does.

    Raises:
        SweepError: the cache does not hold it (any more).
    """
    folder = cache / "corpora" / digest
    if not folder.exists():
        raise SweepError(
            f"The cache {cache} does not hold the data {digest[:12]}…: it was deleted, or belongs to another tree. "
            f"`sweep resume` packs it again."
        )
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    with np.load(folder / "segments.npz", allow_pickle=False) as arrays:
        segments = Segments(
            video=arrays["video"],
            segment_id=arrays["segment_id"],
            start=arrays["start"],
            length=arrays["length"],
            classes={target: arrays[f"class_{target}"] for target in index["targets"]},
            partition_bounds=_bounds(index["partition_bounds"]),
            step_bounds=_bounds(index["step_bounds"]),
        )
    return FeatureStore(cache, digest, tuple(index["videos"]), segments, index["keys"], index["widths"])


def _oddities(store: FeatureStore, feature: str) -> Oddities:
    folder = store.cache / "oddities" / store.keys[feature]
    return oddities.of_feature(folder, store.values(feature), store.train_steps())


def _write_index(store: FeatureStore) -> None:
    segments = store.segments
    index = {
        "videos": store.videos,
        "targets": sorted(segments.classes),
        "partition_bounds": segments.partition_bounds,
        "step_bounds": segments.step_bounds,
        "keys": dict(store.keys),
        "widths": dict(store.widths),
    }
    arrays = {"video": segments.video, "segment_id": segments.segment_id}
    arrays |= {"start": segments.start, "length": segments.length}
    arrays |= {f"class_{target}": classes for target, classes in segments.classes.items()}
    with packed.filling(store.cache / "corpora" / store.digest) as half:
        if half is not None:
            packed.write_index(half, json.dumps(index), arrays)


def _bounds(stored: Mapping[Partition, list[int]]) -> dict[Partition, tuple[int, int]]:
    return {partition: (low, high) for partition, (low, high) in stored.items()}


def _relative(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()
