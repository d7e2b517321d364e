"""The MuSe-2021 challenge tree (c2_muse_sent), or any tree laid out like it. Reads, never writes.

Layout, below the tree's root:
    metadata/partition.csv                 first column the video's id, last column train, devel or test
    feature_segments/<feature>/<id>.csv    timestamp (ms), segment_id (from 1), then the feature's columns; a row a step
    label_segments/<target>/<id>.csv       start,end,segment_id,class_id (or timestamp,…); a row a segment
    metadata/info.json                     optional; the modality of features that search_spaces.features has no row for

Source: the official MuSe-2021 baseline's reading of its package. It differs where the baseline guesses: labels are
joined on segment_id instead of taken by position, no row is dropped for a NaN, and features must agree on their steps.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from search_spaces.corpus import Corpus, DataError, Defect
from search_spaces.datasets._feature_file import Read, read_files
from search_spaces.datasets._filled_labels import filled
from search_spaces.datasets._folders import list_features
from search_spaces.datasets._labels import read_labels
from search_spaces.datasets._partition import read_partition
from search_spaces.errors import SweepError

PACKAGE = "c2_muse_sent"
"""The folder of the MuSe-Sent sub-challenge inside the downloaded package."""

_PARTS = ("metadata/partition.csv", "feature_segments", "label_segments")
_LAYOUT = (
    f"Expected a MuSe-2021 tree (the folder {PACKAGE}, or the one above it): metadata/partition.csv, "
    "feature_segments/FEATURE/VIDEO.csv and label_segments/TARGET/VIDEO.csv."
)


def survey(root: Path) -> tuple[Corpus | None, tuple[Defect, ...]]:
    """The corpus as far as it can be built, and every defect that shows without parsing a feature file.

    Args:
        root: the tree, or the folder that holds it as c2_muse_sent/.

    Returns:
        A Corpus, or None where the partition file names no video; and the defects. With defects the corpus is only for
        looking further: a file it names may be missing.

    Raises:
        SweepError: the folder does not exist, is empty, or is no such tree at all.
    """
    try:
        tree = _find_tree(root)
        partition = read_partition(tree)
        labels = read_labels(tree, partition.videos)
        features = list_features(tree, partition.videos)
    except PermissionError as error:
        raise SweepError(f"{error.filename} cannot be read: {error.strerror}. Give yourself read access.") from error
    defects = (*partition.defects, *labels.defects, *features.defects)
    if not partition.videos:
        return None, defects
    corpus = Corpus(
        root=tree,
        reader="muse2021",
        videos=partition.videos,
        feature_files=features.files,
        folders=features.folders,
        modalities=features.modalities,
        labels=labels.labels,
        label_times=labels.times,
        label_files=(partition.path, *labels.files, *features.info_files),
        notices=(*partition.notices, *features.notices, *labels.notices),
    )
    return corpus, defects


def read(root: Path) -> Corpus:
    """The corpus of a tree without defects.

    Args:
        root: the tree, or the folder that holds it as c2_muse_sent/.

    Raises:
        DataError: defects in partition file, label files or feature folders; it carries all of them.
        SweepError: the folder does not exist, is empty, or is no such tree at all.
    """
    corpus, defects = survey(root)
    if corpus is None or defects:
        raise DataError(root, defects)
    return corpus


def read_feature(root: Path, path: Path) -> Read:
    """One feature file, parsed and checked by itself.

    Args:
        root: the tree (`Corpus.root`); defects name files relative to it.
        path: the file, from `Corpus.feature_files`.

    Returns:
        The table: timestamps in ms, segment ids and float32 values, (T,), (T,) and (T, F); or None and every defect.
    """
    return read_files(root, (path,))[0]


def read_features(root: Path, paths: Sequence[Path]) -> list[Read]:
    """The same for several files, which costs less than one after another where they are small.

    Args:
        root: the tree.
        paths: some of one feature's files.

    Returns:
        What `read_feature` says of each.
    """
    return read_files(root, paths)


def fill_labels(corpus: Corpus, target: str, video: str, classes: Mapping[int, int]) -> tuple[str, str]:
    """The label file of a video with other classes, for a challenge that asks for its masked rows.

    Args:
        corpus: of a tree without defects.
        target: one of its targets.
        video: one of its videos.
        classes: segment id -> class of every segment of the video.

    Returns:
        The file's path relative to the tree, with "/", and its new text.

    Raises:
        SweepError: the file was changed since the corpus was read.
    """
    path = next(file for file in corpus.label_files if (file.parent.name, file.stem) == (target, video))
    return path.relative_to(corpus.root).as_posix(), filled(corpus.root, path, classes)


def _find_tree(root: Path) -> Path:
    """The folder that holds the parts; absolute, so that a worker started elsewhere finds the files too."""
    if not root.exists():
        raise SweepError(f"There is no folder {root}. {_LAYOUT}")
    if not root.is_dir():
        raise SweepError(f"{root} is not a folder. {_LAYOUT}")
    for tree in (root, root / PACKAGE):
        if any((tree / part).exists() for part in _PARTS):
            return tree.absolute()
    names = sorted(entry.name for entry in root.iterdir())
    found = (
        f"Found in {root}: {', '.join(names[:8])}{', …' if len(names) > 8 else ''}." if names else f"{root} is empty."
    )
    raise SweepError(f"{found} {_LAYOUT}")
