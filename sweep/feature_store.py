"""From a tree on disk to arrays: every feature file parsed once per content, every defect collected, nothing copied.

The cache is derived and keyed by content: changing one byte of an input, or the way it is parsed, changes the key. It
may be deleted at any moment between commands.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from joblib import Parallel, cpu_count, delayed
from numpy.typing import NDArray

from search_spaces import registry
from search_spaces.alignment import Segments, StepIndex, align
from search_spaces.corpus import Corpus, DataError, Defect, FeatureTable, Notice, Partition
from sweep import digest, packed

PARSER = 1
"""Raised whenever a file would be parsed to other numbers than before; part of every key."""


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
        """A raw feature's steps (N, F), memory-mapped and read-only."""
        folder = self.cache / "features" / self.keys[feature]
        return packed.read_values(folder, self.segments.n_steps, self.widths[feature])

    def train_steps(self) -> slice:
        """The rows of the train partition; they come first, each step once however its windows overlap."""
        low, high = self.segments.step_bounds["train"]
        return slice(low, high)


@dataclass(frozen=True)
class Survey:
    """What reading a tree found: a store where nothing is wrong, and every defect and notice."""

    corpus: Corpus | None
    store: FeatureStore | None
    defects: tuple[Defect, ...]
    notices: tuple[Notice, ...]


def survey(root: Path, reader: str, cache: Path, workers: int | None = None) -> Survey:
    """Reads a whole tree, packs what is not packed yet, and collects everything that is wrong with it.

    Args:
        root: the tree.
        reader: a file of search_spaces/datasets.
        cache: where packed arrays live; made when needed.
        workers: parallel parsers; all cores by default.
    """
    corpus, defects = registry.load("datasets", reader).survey(root)
    if corpus is None:
        return Survey(None, None, tuple(defects), ())
    missing = {defect.file for defect in defects}
    keys: dict[str, str] = {}
    indices: dict[str, Sequence[StepIndex | None]] = dict.fromkeys(corpus.features, [None] * len(corpus.videos))
    found = list(defects)
    for feature in corpus.features:
        if any(_relative(corpus.root, path) in missing for path in corpus.feature_files[feature]):
            continue  # its missing files are defects already; the others cannot be packed without them
        key, wrong = _pack(corpus, feature, cache, workers or cpu_count())
        found += wrong
        if not wrong:
            keys[feature] = key
            indices[feature] = packed.read_steps(cache / "features" / key)
    segments, wrong_steps, notices = align(corpus, indices)
    found += wrong_steps
    notices = (*corpus.notices, *notices)
    if found or segments is None:
        return Survey(corpus, None, tuple(found), notices)
    store = FeatureStore(
        cache=cache,
        digest=_digest(corpus, keys),
        videos=tuple(video.id for video in corpus.videos),
        segments=segments,
        keys=keys,
        widths={feature: steps[0].width for feature, steps in indices.items() if steps[0] is not None},
    )
    _write_index(store)
    return Survey(corpus, store, (), notices)


def build(root: Path, reader: str, cache: Path, workers: int | None = None) -> tuple[Corpus, FeatureStore]:
    """The store of a tree without defects.

    Raises:
        DataError: with every defect, when there is one.
    """
    found = survey(root, reader, cache, workers)
    if found.corpus is None or found.store is None:
        raise DataError(root, found.defects)
    return found.corpus, found.store


def open_store(cache: Path, digest: str) -> FeatureStore:
    """The store that `survey` left in the cache, without reading the tree again; what a worker does.

    Raises:
        FileNotFoundError: the cache does not hold it (any more).
    """
    folder = cache / "corpora" / digest
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


def _pack(corpus: Corpus, feature: str, cache: Path, workers: int) -> tuple[str, list[Defect]]:
    files = corpus.feature_files[feature]
    parallel = Parallel(n_jobs=workers, prefer="threads", return_as="generator")
    digests = list(parallel(delayed(digest.of_file)(path) for path in files))
    videos = [[video.id, video.partition] for video in corpus.videos]
    key = digest.of_value([packed.FORMAT, PARSER, corpus.reader, videos, digests])
    folder = cache / "features" / key
    defects: list[Defect] = []
    if folder.exists():
        return key, defects
    read_feature = registry.load("datasets", corpus.reader).read_feature
    parsed = parallel(delayed(read_feature)(corpus.root, path) for path in files)
    try:
        packed.write(folder, _tables(parsed, defects))
    except _NotPackedError:
        return key, defects
    return key, defects


class _NotPackedError(Exception):
    """Leaves the half-filled folder of a feature that has defects."""


def _tables(
    parsed: Iterator[tuple[FeatureTable | None, tuple[Defect, ...]]], defects: list[Defect]
) -> Iterator[FeatureTable]:
    """The tables up to the first defect; every file is parsed all the same, for its own defects."""
    for table, wrong in parsed:
        defects += wrong
        if table is not None and not defects:
            yield table
    if defects:
        raise _NotPackedError


def _digest(corpus: Corpus, keys: Mapping[str, str]) -> str:
    labels = [[_relative(corpus.root, path), digest.of_file(path)] for path in corpus.label_files]
    return digest.of_value([packed.FORMAT, dict(keys), labels])


def _write_index(store: FeatureStore) -> None:
    folder = store.cache / "corpora" / store.digest
    if folder.exists():
        return
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
    packed.write_index(folder, json.dumps(index), arrays)


def _bounds(stored: Mapping[Partition, list[int]]) -> dict[Partition, tuple[int, int]]:
    return {partition: (low, high) for partition, (low, high) in stored.items()}


def _relative(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()
