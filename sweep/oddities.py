"""What is odd about a feature's values although they are usable: counted once per content, told as notices."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search_spaces.alignment import Segments
from search_spaces.corpus import Notice
from sweep import intact, moments, packed

_WILD = 1000.0
"""How many times the deviation of one column may be that of another before a network cannot be expected to learn."""


@dataclass(frozen=True)
class Oddities:
    """Of one feature.

    Attributes:
        zero_rows: steps whose every column is 0: often no face or no word.
        first_zero_row: the first of them, or None.
        constant_columns: columns (0-based) that never change on train.
        scale_ratio: largest over smallest deviation of the columns that do change on train; 1 where none does.
    """

    zero_rows: int
    first_zero_row: int | None
    constant_columns: tuple[int, ...]
    scale_ratio: float


def of_feature(folder: Path, values: NDArray[np.float32], train: slice) -> Oddities:
    """The oddities of a feature's steps.

    Args:
        folder: remembers them; named after the content of the steps.
        values: (N, F) steps.
        train: rows of the train partition.
    """
    with packed.filling(folder) as half:
        if half is not None:
            (half / "oddities.json").write_text(json.dumps(asdict(_look(values, train))), encoding="utf-8")
    found = intact.read_json(folder / "oddities.json")
    return Oddities(**{**found, "constant_columns": tuple(found["constant_columns"])})


def notices(found: Mapping[str, Oddities], segments: Segments, videos: Sequence[str]) -> Iterator[Notice]:
    """What to tell a user of the features' oddities."""
    for feature, odd in found.items():
        if odd.first_zero_row is not None:
            segment = int(np.searchsorted(segments.start, odd.first_zero_row, side="right")) - 1
            where = f"video {videos[segments.video[segment]]}, segment {segments.segment_id[segment]}"
            yield Notice(f"steps of {feature} that are all zero", odd.zero_rows, where)
        if odd.constant_columns:
            where = f"column {odd.constant_columns[0] + 1}"
            yield Notice(f"columns of {feature} that are constant on train", len(odd.constant_columns), where)
    wild = {feature: odd.scale_ratio for feature, odd in found.items() if odd.scale_ratio > _WILD}
    if wild:
        worst = max(wild, key=lambda feature: wild[feature])
        what = (
            f"features whose columns differ in scale by more than {_WILD:g} times "
            "(a space's settings `standardize` and, for PCA, `pca_standardize` even them out)"
        )
        yield Notice(what, len(wild), f"{worst}, {float(f'{wild[worst]:.1g}'):,.0f} times")


def _look(values: NDArray[np.float32], train: slice) -> Oddities:
    zero_rows = np.flatnonzero(np.concatenate([~block.any(axis=1) for block in packed.blocks(values)]))
    on_train = moments.of(values[train])
    deviations = on_train.deviation[on_train.varies]
    return Oddities(
        zero_rows=len(zero_rows),
        first_zero_row=int(zero_rows[0]) if len(zero_rows) else None,
        constant_columns=tuple(np.flatnonzero(~on_train.varies).tolist()),
        scale_ratio=float(deviations.max() / deviations.min()) if len(deviations) else 1.0,
    )
