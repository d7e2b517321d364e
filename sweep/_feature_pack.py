"""One feature of a corpus from CSV files to its packed folder, with everything that is wrong with the files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from joblib import Parallel, delayed

from search_spaces import registry
from search_spaces.alignment import StepIndex
from search_spaces.corpus import Corpus, Defect, FeatureTable
from sweep import digest, packed

PARSER = 1
"""Raised whenever files would be read to other numbers or segments than before; part of every key."""


@dataclass(frozen=True)
class FeaturePack:
    """One feature of a corpus; its folder stands where there is no defect."""

    key: str
    steps: Sequence[StepIndex | None]  # one a video; None where the file could not be read
    defects: Sequence[Defect]


def pack_feature(corpus: Corpus, feature: str, cache: Path, parallel: Parallel) -> FeaturePack:
    """Parses and packs a feature, unless the cache holds the content of its files already.

    Args:
        corpus: may name files that are missing.
        feature: of the corpus.
        cache: the feature's folder is features/<key> in it.
        parallel: threads that yield their results as a generator; parsing leaves Python's lock for the most part.
    """
    files = corpus.feature_files[feature]
    digests = list(parallel(delayed(_digest_of)(path) for path in files))
    videos = [[video.id, video.partition] for video in corpus.videos]
    key = digest.of_value([packed.FORMAT, PARSER, corpus.reader, videos, digests])
    folder = cache / "features" / key
    reading = _Reading(corpus, [], [])
    try:
        with packed.filling(folder) as half:
            if half is not None:
                packed.write(half, reading.tables(files, parallel))
    except _NotPackedError:
        return FeaturePack(key, reading.steps, reading.defects)
    return FeaturePack(key, packed.read_steps(folder), ())


class _NotPackedError(Exception):
    """Leaves the half-filled folder of a feature that has defects."""


@dataclass(frozen=True)
class _Reading:
    """What parsing the files of one feature has shown so far."""

    corpus: Corpus
    steps: list[StepIndex | None]
    defects: list[Defect]

    def tables(self, files: Sequence[Path], parallel: Parallel) -> Iterator[FeatureTable]:
        """The tables up to the first defect; every file is parsed all the same, for its own defects.

        Raises:
            _NotPackedError: after the last file, where there was a defect.
        """
        read_feature = registry.load("datasets", self.corpus.reader).read_feature
        for table, wrong in parallel(delayed(read_feature)(self.corpus.root, path) for path in files):
            self.defects.extend(wrong)
            self.steps.append(None if table is None else _index(table))
            if table is not None and not self.defects:
                yield table
        if self.defects:
            raise _NotPackedError


def _index(table: FeatureTable) -> StepIndex:
    return StepIndex(table.timestamps, table.segment_ids, len(table.columns), table.columns)


def _digest_of(path: Path) -> str | None:
    """None for a file that cannot be read; parsing it says why."""
    try:
        return digest.of_file(path)
    except OSError:
        return None
