"""Feature arrays on disk: one folder per packed feature, written once under its key, read as memory maps.

A folder holds `values.f32` (N × F float32, row-major), `steps.npz` (what aligns the rows) and `packed.json`, and the
digests of all three. It is complete when it stands under its final name; what a kill leaves has another name, and the
next packing replaces it. What is damaged later is discarded when a command opens the data, and built again.
"""

import json
import mmap
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from search_spaces.alignment import StepIndex
from search_spaces.corpus import FeatureTable
from search_spaces.errors import SweepError
from sweep import intact, refusals

FORMAT = 1
_BLOCK = 8192  # rows


@contextmanager
def filling(folder: Path) -> Iterator[Path | None]:
    """A folder to fill, which becomes `folder` when the block ends without an error.

    One process fills at a time: another that wants the same content waits, and then finds it done.

    Yields:
        The folder to write to, or None where `folder` stands already.

    Raises:
        SweepError: the cache cannot be written.
    """
    if folder.exists():
        yield None
        return
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / f".{folder.name}.lock"):
            if folder.exists():
                yield None
                return
            half = folder.parent / f".{folder.name}.half"
            _remove(half)  # of a process that was killed
            half.mkdir()
            try:
                yield half
                _save_text(half / intact.DIGESTS, intact.listing(half))
                half.rename(folder)
            finally:
                shutil.rmtree(half, ignore_errors=True)
    except OSError as error:
        raise SweepError(f"The cache {folder.parent} cannot be written: {refusals.sentence(error)}") from error


def discard_damaged(folder: Path, look: Callable[[Path], str | None] = intact.damage) -> str | None:
    """Removes a folder that does not hold what was written, so that it is filled again.

    Args:
        folder: which.
        look: what is wrong with it; None where nothing is.

    Returns:
        What was wrong, or None: it is whole, or does not stand.

    Raises:
        SweepError: it cannot be removed.
    """
    if not os.path.lexists(folder) or (wrong := look(folder)) is None:
        return None
    try:
        with FileLock(folder.parent / f".{folder.name}.lock"):
            if os.path.lexists(folder) and look(folder) is not None:  # else another process was faster
                half = folder.parent / f".{folder.name}.half"
                _remove(half)
                folder.rename(half)  # first: a kill in the middle leaves nothing under the final name
                _remove(half)
    except OSError as error:
        raise SweepError(f"{folder} is damaged ({wrong}) and cannot be removed: {error.strerror or error}.") from error
    return wrong


def _remove(path: Path) -> None:
    """A folder with all that is in it, or what stands in its place."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def told(folder: Path, name: str, wrong: str) -> str:
    """One line about a folder that was discarded.

    Args:
        folder: which.
        name: what it holds, for the user.
        wrong: from `discard_damaged`.
    """
    return f"cache: {name} ({folder.parent.name}/{folder.name[:12]}…) was damaged and is built again: {wrong}"


def read_steps(folder: Path) -> tuple[StepIndex, ...]:
    """What aligns the rows of a packed feature, one index a video."""
    meta, arrays = intact.read_json(folder / "packed.json"), intact.read_arrays(folder / "steps.npz")
    timestamps, segment_ids, bounds = arrays["timestamps"], arrays["segment_ids"], arrays["bounds"]
    headers = [tuple(header) for header in meta["headers"]]
    return tuple(
        StepIndex(timestamps[lo:hi], segment_ids[lo:hi], len(headers[index]), headers[index])
        for lo, hi, index in zip(bounds[:-1], bounds[1:], meta["header_of"], strict=True)
    )


def read_values(folder: Path, rows: int, width: int) -> NDArray[np.float32]:
    """The rows × width array of a folder as a read-only memory map.

    Raises:
        SweepError: the file is missing, or longer or shorter than that.
    """
    if rows * width == 0:
        return np.zeros((rows, width), np.float32)
    path, expected = folder / "values.f32", 4 * rows * width
    try:
        found = path.stat().st_size
        if found != expected:
            raise intact.damaged(folder, f"{path.name} has {found} bytes instead of {expected}")
        return np.asarray(np.memmap(path, np.float32, "r", shape=(rows, width)))  # plain: faster to slice
    except (OSError, ValueError) as error:
        raise intact.damaged(folder, f"{path.name}: {error}") from error


def blocks(values: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """The rows a few thousand at a time: float64 copies of a 4096-column feature then stay at 256 MB."""
    for low in range(0, len(values), _BLOCK):
        yield values[low : low + _BLOCK]
        give_back(values)


def give_back(values: NDArray[np.float32]) -> None:
    """Makes what was read through a memory map the system's cache alone again; until then it counts as this process's.

    The values stay as they are; what is read once more is found in that cache. Arrays that are no map are left alone.
    """
    owner: object = values
    while isinstance(owner, np.ndarray):
        owner = owner.base
    if isinstance(owner, mmap.mmap) and sys.platform == "linux":
        owner.madvise(mmap.MADV_DONTNEED)


def write(half: Path, tables: Iterable[FeatureTable]) -> None:
    """Packs the tables of one feature, one a video, as they come: none is kept longer than it takes to write it.

    Args:
        half: from `filling`.
        tables: in the order of the videos; at least one.
    """
    headers: dict[tuple[str, ...], int] = {}
    header_of, timestamps, segment_ids = [], [], []
    with (half / "values.f32").open("wb") as file:
        for table in tables:
            file.write(np.ascontiguousarray(table.values).data)
            timestamps.append(table.timestamps)
            segment_ids.append(table.segment_ids)
            header_of.append(headers.setdefault(table.columns, len(headers)))
        _flush(file)
    _save_arrays(
        half / "steps.npz",
        timestamps=np.concatenate(timestamps),
        segment_ids=np.concatenate(segment_ids),
        bounds=np.cumsum([0, *map(len, timestamps)]),
    )
    _save_text(half / "packed.json", json.dumps({"headers": list(headers), "header_of": header_of}))


def write_values(half: Path, blocks: Iterable[NDArray[np.float32]], arrays: dict[str, NDArray[np.float64]]) -> None:
    """Writes derived rows block by block, with the arrays that derived them in `model.npz`."""
    with (half / "values.f32").open("wb") as file:
        for block in blocks:
            file.write(np.ascontiguousarray(block).data)
        _flush(file)
    _save_arrays(half / "model.npz", **arrays)


def write_index(half: Path, text: str, arrays: dict[str, NDArray[np.int64]]) -> None:
    """Writes a corpus index: `index.json` and its arrays in `segments.npz`."""
    _save_arrays(half / "segments.npz", **arrays)
    _save_text(half / "index.json", text)


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
