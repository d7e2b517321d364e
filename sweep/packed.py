"""Feature arrays on disk: one folder per packed feature, written once under its key, read as memory maps.

A folder holds `values.f32` (N × F float32, row-major), `steps.npz` (what aligns the rows) and `packed.json`. It is
complete when it stands under its final name; a kill leaves a temporary folder that the next packing replaces.
"""

import json
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import IO

import numpy as np
from numpy.typing import NDArray

from search_spaces.alignment import StepIndex
from search_spaces.corpus import FeatureTable

FORMAT = 1


def read_steps(folder: Path) -> tuple[StepIndex, ...]:
    """What aligns the rows of a packed feature, one index a video."""
    meta = json.loads((folder / "packed.json").read_text(encoding="utf-8"))
    with np.load(folder / "steps.npz", allow_pickle=False) as arrays:
        timestamps, segment_ids, bounds = arrays["timestamps"], arrays["segment_ids"], arrays["bounds"]
    headers = [tuple(header) for header in meta["headers"]]
    return tuple(
        StepIndex(timestamps[lo:hi], segment_ids[lo:hi], len(headers[index]), headers[index])
        for lo, hi, index in zip(bounds[:-1], bounds[1:], meta["header_of"], strict=True)
    )


def read_values(folder: Path, rows: int, width: int) -> NDArray[np.float32]:
    """The rows × width array of a folder as a read-only memory map."""
    if rows * width == 0:
        return np.zeros((rows, width), np.float32)
    return np.memmap(folder / "values.f32", np.float32, "r", shape=(rows, width))


def write(folder: Path, tables: Iterable[FeatureTable]) -> None:
    """Packs the tables of one feature, one a video, streaming: no more than a few tables are in memory at once."""
    with _Filling(folder) as filling:
        headers: dict[tuple[str, ...], int] = {}
        header_of, timestamps, segment_ids = [], [], []
        with (filling / "values.f32").open("wb") as file:
            for table in tables:
                file.write(np.ascontiguousarray(table.values).data)
                timestamps.append(table.timestamps)
                segment_ids.append(table.segment_ids)
                header_of.append(headers.setdefault(table.columns, len(headers)))
            _flush(file)
        _save_arrays(
            filling / "steps.npz",
            timestamps=np.concatenate(timestamps),
            segment_ids=np.concatenate(segment_ids),
            bounds=np.cumsum([0, *map(len, timestamps)]),
        )
        meta = {"format": FORMAT, "headers": list(headers), "header_of": header_of}
        _save_text(filling / "packed.json", json.dumps(meta))


def write_values(folder: Path, blocks: Iterable[NDArray[np.float32]], arrays: dict[str, NDArray[np.float64]]) -> None:
    """Writes derived rows block by block, with the arrays that derived them in `model.npz`."""
    with _Filling(folder) as filling:
        with (filling / "values.f32").open("wb") as file:
            for block in blocks:
                file.write(np.ascontiguousarray(block).data)
            _flush(file)
        _save_arrays(filling / "model.npz", **arrays)


def write_index(folder: Path, text: str, arrays: dict[str, NDArray[np.int64]]) -> None:
    """Writes a corpus index: `index.json` and its arrays in `segments.npz`."""
    with _Filling(folder) as filling:
        _save_arrays(filling / "segments.npz", **arrays)
        _save_text(filling / "index.json", text)


class _Filling:
    """A temporary folder beside the final one; renamed to it on success, removed on any error."""

    def __init__(self, folder: Path) -> None:
        self._final = folder

    def __enter__(self) -> Path:
        self._final.parent.mkdir(parents=True, exist_ok=True)
        self._filling = Path(mkdtemp(prefix=f".{self._final.name[:16]}-", dir=self._final.parent))
        return self._filling

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and not self._final.exists():
            try:
                self._filling.rename(self._final)
            except OSError:  # another process packed the same content first; its folder is as good
                if not self._final.exists():
                    raise
        shutil.rmtree(self._filling, ignore_errors=True)


def _save_arrays(path: Path, **arrays: Sequence[int] | NDArray[np.int64] | NDArray[np.float64]) -> None:
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **{name: np.asarray(array) for name, array in arrays.items()})
        _flush(file)


def _save_text(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        _flush(file)


def _flush(file: IO[str] | IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())
