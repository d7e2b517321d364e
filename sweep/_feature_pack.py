"""The features of a corpus from CSV files to packed folders, with everything that is wrong with the files."""

import itertools
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from search_spaces import registry
from search_spaces.alignment import StepIndex
from search_spaces.corpus import Corpus, Defect, FeatureTable
from search_spaces.errors import SweepError
from sweep import digest, packed

PARSER = 2
"""Raised whenever files would be read to other numbers or segments than before; part of every key."""

_SHARE = 2**18  # bytes of text that a thread takes at once
_AHEAD = 2**29  # bytes of text that tables are made of before they are written: joblib goes ahead as far as it can

_Stamp = tuple[int, int, int]  # which file, how large and of when
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class FeaturePack:
    """One feature of a corpus; its folder stands where there is no defect."""

    key: str
    steps: Sequence[StepIndex | None]  # one a video; None where the file could not be read
    defects: Sequence[Defect]
    digests: Sequence[str | None]  # one a file; None where it could not be read
    damage: str | None = None  # why its folder was packed again


@dataclass(frozen=True)
class _Share:
    """Files that a thread takes at once."""

    files: Sequence[Path]
    size: int  # bytes


@dataclass(frozen=True)
class _Parsers:
    """Threads that hash files, and how many parse them; both leave Python's lock for the most part."""

    pool: Executor
    workers: int

    def each(self, function: Callable[[_Item], _Result], items: Iterable[_Item]) -> Iterator[_Result]:
        """The function of every item, in order; computed ahead of whoever takes the results, one item a thread."""
        ahead = deque[Future[_Result]]()
        for item in items:
            ahead.append(self.pool.submit(function, item))
            if len(ahead) > self.workers:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def pack_features(corpus: Corpus, cache: Path, workers: int) -> Mapping[str, FeaturePack]:
    """Parses and packs every feature, but for those whose files' content the cache holds already.

    Args:
        corpus: may name files that are missing.
        cache: a feature's folder is features/<key> in it.
        workers: files hashed or parsed at a time.

    Raises:
        SweepError: the cache cannot be written.
    """
    with ThreadPoolExecutor(workers) as pool:
        parsers = _Parsers(pool, workers)
        stamps = {path: _stamp(path) for feature in corpus.features for path in corpus.feature_files[feature]}
        digests = {feature: _digests(corpus.feature_files[feature], parsers) for feature in corpus.features}
        folders = [cache / "features" / _key(corpus, digests[feature]) for feature in corpus.features]
        checked = zip(corpus.features, folders, parsers.each(packed.discard_damaged, folders), strict=True)
        return {
            feature: replace(_pack(corpus, feature, folder, digests[feature], stamps, parsers), damage=damage)
            for feature, folder, damage in checked
        }


def _key(corpus: Corpus, digests: Sequence[str | None]) -> str:
    videos = [[video.id, video.partition] for video in corpus.videos]
    return digest.of_value([packed.FORMAT, PARSER, corpus.reader, videos, digests])


def _pack(
    corpus: Corpus,
    feature: str,
    folder: Path,
    digests: Sequence[str | None],
    stamps: Mapping[Path, _Stamp | None],
    parsers: _Parsers,
) -> FeaturePack:
    key, files = folder.name, corpus.feature_files[feature]
    reading = _Reading(corpus, [], [])
    try:
        with packed.filling(folder) as half:
            if half is not None:
                packed.write(half, reading.tables(files, parsers))
                _check_unchanged(files, stamps)
    except _NotPackedError:
        return FeaturePack(key, reading.steps, reading.defects, digests)
    return FeaturePack(key, packed.read_steps(folder), (), digests)


def changed_meanwhile(path: Path) -> SweepError:
    """The error for a file of the tree that is another one than when it was hashed."""
    return SweepError(f"{path} changed while the tree was read. Give the command again.")


def _check_unchanged(files: Iterable[Path], stamps: Mapping[Path, _Stamp | None]) -> None:
    """Makes sure that what was parsed is what was hashed before, under which it will be found.

    Raises:
        SweepError: a file is another one by now.
    """
    for path in files:
        if _stamp(path) != stamps[path]:
            raise changed_meanwhile(path)


def _digests(files: Sequence[Path], parsers: _Parsers) -> list[str | None]:
    """One a file, in order."""
    return [one for some in parsers.each(_digests_of, _shares(files)) for one in some]


def _digests_of(share: _Share) -> list[str | None]:
    return [_digest_of(path) for path in share.files]


def _shares(files: Sequence[Path]) -> Iterator[_Share]:
    """The files in order, as many at a time as make a thread's work worth handing over; a large one by itself."""
    share: list[Path] = []
    size = 0
    for path in files:
        more = _size_of(path)
        if share and size + more > _SHARE:
            yield _Share(share, size)
            share, size = [], 0
        share.append(path)
        size += more
    if share:
        yield _Share(share, size)


class _NotPackedError(Exception):
    """Leaves the half-filled folder of a feature that has defects."""


@dataclass(frozen=True)
class _Reading:
    """What parsing the files of one feature has shown so far."""

    corpus: Corpus
    steps: list[StepIndex | None]
    defects: list[Defect]

    def tables(self, files: Sequence[Path], parsers: _Parsers) -> Iterator[FeatureTable]:
        """The tables up to the first defect; every file is parsed all the same, for its own defects.

        Raises:
            _NotPackedError: after the last file, where there was a defect.
        """
        from joblib import Parallel, delayed  # noqa: PLC0415 - 60 ms that a warm start does not pay

        read = delayed(partial(_read, self.corpus.reader, self.corpus.root))
        parallel = Parallel(n_jobs=parsers.workers, prefer="threads", return_as="generator")
        for shares in _ahead(_shares(files)):
            with _closing(parallel(read(share) for share in shares)) as found:
                for table, wrong in itertools.chain.from_iterable(found):
                    self.defects.extend(wrong)
                    self.steps.append(None if table is None else _index(table))
                    if table is not None and not self.defects:
                        yield table
        if self.defects:
            raise _NotPackedError


def _ahead(shares: Iterable[_Share]) -> Iterator[Sequence[_Share]]:
    """The shares in order, as many at a time as may be parsed ahead of the packing."""
    some: list[_Share] = []
    for share in shares:
        if some and sum(each.size for each in some) + share.size > _AHEAD:
            yield some
            some = []
        some.append(share)
    if some:
        yield some


@contextmanager
def _closing(found: Generator[_Item, None, None]) -> Iterator[Generator[_Item, None, None]]:
    """Ends the parsing where the packing has failed, without joblib's warning that not all of it was used."""
    try:
        yield found
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            found.close()


def _read(reader: str, root: Path, share: _Share) -> list[tuple[FeatureTable | None, tuple[Defect, ...]]]:
    module = registry.load("datasets", reader)
    if hasattr(module, "read_features"):
        return list(module.read_features(root, share.files))
    return [module.read_feature(root, path) for path in share.files]


def _index(table: FeatureTable) -> StepIndex:
    return StepIndex(table.timestamps, table.segment_ids, len(table.columns), table.columns)


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _digest_of(path: Path) -> str | None:
    """None for a file that cannot be read; parsing it says why."""
    try:
        return digest.of_file(path)
    except OSError:
        return None
