"""From a tree on disk to arrays: every feature file parsed once per content, every defect collected, nothing copied.

The cache is derived and keyed by content: changing one byte of an input, or the way it is parsed, changes the key. It
may be deleted at any moment between commands.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search_spaces import registry
from search_spaces.alignment import Segments, align
from search_spaces.corpus import Corpus, DataError, Defect, Notice
from search_spaces.errors import unknown
from sweep import corpus_index, digest, environment, oddities, packed
from sweep._feature_pack import PARSER, FeaturePack, changed_meanwhile, pack_features
from sweep.corpus_index import CorpusIndex
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
        return packed.read_values(self.folder(feature), self.segments.n_steps, self.widths[feature])

    def folder(self, feature: str) -> Path:
        """Where a raw feature's steps lie.

        Raises:
            SweepError: the corpus has no such feature; the message lists the known ones.
        """
        if feature not in self.keys:
            raise unknown("feature", feature, self.keys)
        return self.cache / "features" / self.keys[feature]

    def timestamps(self) -> NDArray[np.int64]:
        """When each step is, (N,) ms from the start of its video; all features agree on it.

        Raises:
            SweepError: the cache is damaged.
        """
        return np.concatenate([steps.timestamps for steps in packed.read_steps(self.folder(min(self.keys)))])

    def train_steps(self) -> slice:
        """The rows of the train partition; they come first, each step once however its windows overlap."""
        low, high = self.segments.step_bounds["train"]
        return slice(low, high)


@dataclass(frozen=True)
class Survey:
    """What reading a tree found: a store where nothing is wrong, and every defect and notice.

    Attributes:
        files: path relative to the tree -> digest, of every file that a result can depend on; empty with defects.
        repaired: a line for each part of the cache that was damaged and is built again.
    """

    corpus: Corpus | None
    store: FeatureStore | None
    defects: tuple[Defect, ...]
    notices: tuple[Notice, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    repaired: tuple[str, ...] = ()

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
    before = _label_digests(corpus)
    packs = pack_features(corpus, cache, workers or environment.cores())
    segments, misaligned, notices = align(corpus, {feature: pack.steps for feature, pack in packs.items()})
    wrong = (*defects, *(defect for pack in packs.values() for defect in pack.defects), *misaligned)
    notices = (*corpus.notices, *notices)
    if wrong or segments is None:  # a missing file is told twice, by the listing and by the parser
        return Survey(corpus, None, tuple(dict.fromkeys(wrong)), notices)
    keys = {feature: pack.key for feature, pack in packs.items()}
    labels = _label_digests(corpus)
    if changed := sorted(path for path, found in labels.items() if found != before[path]):
        raise changed_meanwhile(corpus.root / changed[0])
    store = FeatureStore(
        cache=cache,
        digest=digest.of_value([packed.FORMAT, PARSER, corpus.reader, keys, list(labels.items())]),
        videos=tuple(video.id for video in corpus.videos),
        segments=segments,
        keys=keys,
        widths={feature: step.width for feature, pack in packs.items() for step in pack.steps[:1] if step is not None},
    )
    repaired = tuple(_repaired(store, packs))
    odd = {name: _oddities(store, name) for name in corpus.features}
    notices = (*notices, *oddities.notices(odd, segments, store.videos))
    if flat := tuple(_flat(corpus, store, odd)):
        return Survey(corpus, None, flat, notices)
    return Survey(corpus, store, (), notices, _files(corpus, packs) | labels, repaired)


def _label_digests(corpus: Corpus) -> dict[str, str]:
    """By path; "" for a file that cannot be read, which is a defect."""
    found: dict[str, str] = {}
    for path in corpus.label_files:
        found[_relative(corpus.root, path)] = ""
        with suppress(OSError):
            found[_relative(corpus.root, path)] = digest.of_file(path)
    return found


def _repaired(store: FeatureStore, packs: Mapping[str, FeaturePack]) -> Iterator[str]:
    """Writes the index, and says what of the cache had to be built again."""
    for name, pack in packs.items():
        if pack.damage is not None:
            yield packed.told(store.cache / "features" / pack.key, name, pack.damage)
        odd = _odd_folder(store, name)
        if (damage := packed.discard_damaged(odd)) is not None:
            yield packed.told(odd, f"what is odd about {name}", damage)
    folder = store.cache / "corpora" / store.digest
    if damage := corpus_index.write(folder, CorpusIndex(store.videos, store.segments, store.keys, store.widths)):
        yield packed.told(folder, "segments and labels", damage)


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
    index = corpus_index.read(cache / "corpora" / digest)
    return FeatureStore(cache, digest, index.videos, index.segments, index.keys, index.widths)


def _odd_folder(store: FeatureStore, feature: str) -> Path:
    return store.cache / "oddities" / store.keys[feature]


def _oddities(store: FeatureStore, feature: str) -> Oddities:
    folder = _odd_folder(store, feature)
    return oddities.of_feature(folder, store.values(feature), store.train_steps())


def _relative(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()
