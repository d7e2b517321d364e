"""A MuSe-2021 tree read as the official baseline's users read it: pandas over every CSV, at every start of a process.

Features joined by row position, segments found by grouping, train segments cut into windows that are padded to the
longest of all. Ours throughout; the numbers are those that the sweep trains on, so PCA and scaling are fitted on the
steps of the train videos. A tree is taken as sound: `sweep data check` says whether it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from search_spaces.corpus import MASKED, PARTITIONS, Partition
from search_spaces.errors import SweepError, unknown
from search_spaces.features import CATALOGUE, Term, parse_feature_set
from search_spaces.settings import Settings

_MOST = 1 - 1e-9  # as in sweep.pca: scikit-learn takes no share above


@dataclass(frozen=True)
class Piece:
    """A window or a whole segment."""

    values: Tensor  # (T, F)
    label: int  # 0…4, MASKED where not given


class Pieces(Dataset[tuple[Tensor, int, int]]):
    """Pieces as a DataLoader takes them: values, steps, class.

    Args:
        pieces: in order.
        pad: every piece is padded to the longest, so that they stack into batches.
    """

    def __init__(self, pieces: list[Piece], pad: bool) -> None:
        self.lengths = [len(piece.values) for piece in pieces]
        self.labels = [piece.label for piece in pieces]
        self._values: Tensor | list[Tensor] = [piece.values for piece in pieces]
        if pad:
            self._values = torch.nn.utils.rnn.pad_sequence(self._values, batch_first=True)  # (n, T, F)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, at: int) -> tuple[Tensor, int, int]:
        return self._values[at], self.lengths[at], self.labels[at]


class Shuffle(Sampler[int]):
    """The windows in the order in which the sweep draws them; torch's RandomSampler would draw twice an epoch."""

    def __init__(self, count: int, generator: torch.Generator) -> None:
        self._count, self._generator = count, generator

    def __iter__(self) -> Iterator[int]:
        yield from torch.randperm(self._count, generator=self._generator).tolist()

    def __len__(self) -> int:
        return self._count


@dataclass(frozen=True)
class Data:
    """What one cell reads."""

    train: Pieces  # labelled windows, padded
    devel: Pieces  # labelled whole segments
    test: Pieces  # whole segments, labels not read
    width: int


def read(root: Path, features: str, target: str, settings: Settings) -> Data:
    """Parses what one cell needs of a tree.

    Args:
        root: holds metadata/, feature_segments/ and label_segments/.
        features: "vggish+fau+bert~".
        target: whose classes.
        settings: window and hop, PCA and scaling.

    Raises:
        SweepError: the tree has no such feature or target.
    """
    terms = parse_feature_set(features)
    folders = [_folder(root, term) for term in terms]
    labels = root / "label_segments" / target
    if not labels.is_dir():
        raise SweepError(f"{labels} is missing: expected the label files of {target!r}, found no such folder.")
    tables = [_video(folders, labels, video, partition) for video, partition in _videos(root)]
    table = pd.concat(tables, ignore_index=True)
    train = (table["partition"] == "train").to_numpy()
    columns = [table.filter(regex=rf"^{at}\.").to_numpy(np.float32) for at in range(len(terms))]
    scaled = [_scaled(values, train, term, settings) for values, term in zip(columns, terms, strict=True)]
    values = np.concatenate(scaled, axis=1)  # (N, F)
    parts = {partition: list(_segments(table, values, partition)) for partition in PARTITIONS}
    windows = [window for piece in parts["train"] if piece.label != MASKED for window in _windows(piece, settings)]
    devel = [piece for piece in parts["devel"] if piece.label != MASKED]
    return Data(Pieces(windows, True), Pieces(devel, False), Pieces(parts["test"], False), values.shape[1])


def _videos(root: Path) -> list[tuple[str, Partition]]:
    """Video and partition: train first, then devel, then test, by number inside each."""
    table = pd.read_csv(root / "metadata" / "partition.csv")
    given = dict(zip(table.iloc[:, 0].tolist(), table.iloc[:, -1].tolist(), strict=True))
    return [(str(video), name) for name in PARTITIONS for video in sorted(given) if given[video] == name]


def _folder(root: Path, term: Term) -> Path:
    aliases = next((row.aliases for row in CATALOGUE if row.name == term.feature), ())
    for name in (term.feature, *aliases):
        if (root / "feature_segments" / name).is_dir():
            return root / "feature_segments" / name
    raise unknown("feature", term.feature, sorted(folder.name for folder in (root / "feature_segments").glob("*/")))


def _video(folders: list[Path], labels: Path, video: str, partition: Partition) -> pd.DataFrame:
    """One row a step: where it belongs, its class, and column k of term n as "n.k"."""
    tables = [pd.read_csv(folder / f"{video}.csv") for folder in folders]
    segment = tables[0]["segment_id"]
    meta = pd.DataFrame({"partition": partition, "video": video, "segment": segment, "class": MASKED})
    if partition != "test":
        classes = pd.read_csv(labels / f"{video}.csv").set_index("segment_id")["class_id"]
        meta["class"] = segment.map(classes).fillna(MASKED).astype(np.int64)
    values = [table.iloc[:, 2:] for table in tables]
    for at, columns in enumerate(values):
        columns.columns = [f"{at}.{column}" for column in range(columns.shape[1])]
    return pd.concat([meta, *values], axis=1)


def _scaled(
    values: NDArray[np.float32], train: NDArray[np.bool_], term: Term, settings: Settings
) -> NDArray[np.float32]:
    """One term's columns: reduced by PCA, z-scored, or as they are; fitted on the train steps."""
    steps = values.astype(np.float64)
    if term.reduced:
        if settings.pca_standardize:
            steps = StandardScaler().fit(steps[train]).transform(steps)
        pca = PCA(n_components=min(settings.pca_variance, _MOST), svd_solver="covariance_eigh")
        return np.asarray(pca.fit(steps[train]).transform(steps), np.float32)
    if not {term.feature, "all"} & set(settings.standardize):
        return values
    deviation = steps[train].std(axis=0) + 1e-6
    deviation[values[train].min(axis=0) == values[train].max(axis=0)] = 1.0  # a constant column is only shifted
    return np.asarray((steps - steps[train].mean(axis=0)) / deviation, np.float32)


def _segments(table: pd.DataFrame, values: NDArray[np.float32], partition: Partition) -> Iterator[Piece]:
    """The whole segments of a partition in the order of the files."""
    for _, rows in table[table["partition"] == partition].groupby(["video", "segment"], sort=False):
        yield Piece(torch.from_numpy(values[rows.index.to_numpy()]), int(rows["class"].iloc[0]))


def _windows(piece: Piece, settings: Settings) -> Iterator[Piece]:
    """Windows of a train segment, a new one every `hop` steps until one reaches the end."""
    for start in range(0, len(piece.values), settings.hop):
        yield Piece(piece.values[start : start + settings.window], piece.label)
        if start + settings.window >= len(piece.values):
            return
