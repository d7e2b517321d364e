"""A deterministic sample tree in the layout of MuSe-2021's c2_muse_sent package, to try the sweep without its licence.

It is made up: its figures say whether the sweep works, nothing about people. The same parameters give the same bytes on
every machine. `sample.json` at its root says how the tree was made.
"""

import math
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import psutil
from pydantic import ValidationError

from search_spaces.corpus import PARTITIONS
from search_spaces.errors import SweepError
from sweep._sample_files import MARKER, SampleContents, SampleParameters, write_files
from sweep._sample_plan import VIDEOS, PlannedVideo, plan

_MOST_VIDEOS = 30_000  # some 14 GB; the real package has 291


@dataclass(frozen=True)
class SampleSummary:
    """A complete sample tree on disk."""

    root: Path
    contents: SampleContents
    written: bool  # False: it was complete already and nothing was touched

    def __str__(self) -> str:
        s = self.contents
        held = (
            f"{sum(s.videos.values())} videos, {sum(s.segments.values())} segments, {sum(s.steps.values())} steps, "
            f"{len(s.features)} features, {s.size_bytes / 1e6:.1f} MB"
        )
        if self.written:
            return f"Sample tree written to {self.root}: {held}."
        return f"Sample tree {self.root} is complete already, nothing written: {held}."


def write_sample(
    root: Path, seed: int = 2021, scale: float = 1.0, *, masked_test: bool = False, real_widths: bool = False
) -> SampleSummary:
    """A complete sample tree at `root`: seven features, two targets, three partitions.

    A tree appears under its name when it is whole, or not at all. A second call with the same parameters changes
    nothing.

    Args:
        root: a folder that is missing, empty, or holds this very sample tree.
        seed: 0 or more; another seed is another tree.
        scale: number of videos relative to the default's 30.
        masked_test: leave the classes of the test partition out, as the challenge does: its rows then end one field
            early.
        real_widths: as many columns as the real package (7655 instead of 324; about 25 times the size).

    Raises:
        SweepError: `root` holds anything else or cannot be written; a parameter is out of range.

    Example:
        >>> tree = write_sample(Path("demo-data"))  # doctest: +SKIP
    """
    root = root.absolute()  # so that even "." has a name
    count = _video_count(seed, scale)
    wanted = SampleParameters(seed=seed, scale=scale, masked_test=masked_test, real_widths=real_widths)
    found = _existing(root, wanted)
    if found is not None:
        return SampleSummary(root, found, written=False)
    try:
        contents = _write_whole(root, wanted, plan(seed, count))
    except OSError as error:
        found = _existing(root, wanted)
        if found is not None:  # another process was faster
            return SampleSummary(root, found, written=False)
        raise SweepError(
            f"{root}: the sample tree cannot be written here: expected a folder that can be created, "
            f"found {error.strerror or error}."
        ) from error
    return SampleSummary(root, contents, written=True)


def _video_count(seed: int, scale: float) -> int:
    if seed < 0:
        raise SweepError(f"`seed` of a sample tree must be 0 or more. Found {seed}.")
    if not (math.isfinite(scale) and len(PARTITIONS) <= round(VIDEOS * scale) <= _MOST_VIDEOS):
        raise SweepError(
            f"`scale` of a sample tree must be at least {len(PARTITIONS) / VIDEOS:g}, one video a partition, and at "
            f"most {_MOST_VIDEOS / VIDEOS:g}. Found {scale:g}."
        )
    return round(VIDEOS * scale)


def _existing(root: Path, wanted: SampleParameters) -> SampleContents | None:
    """The summary of the very tree that is wanted, None where there is nothing, or a SweepError."""
    if not root.exists():
        return None
    if not root.is_dir():
        raise SweepError(f"{root}: expected a folder for the sample tree, found a file.")
    if not any(root.iterdir()):
        return None
    marker = root / MARKER
    if not marker.is_file():
        raise SweepError(
            f"{root}: expected a missing or empty folder, or a sample tree; found other files, no {MARKER} among them. "
            "Nothing was written."
        )
    try:
        found = SampleContents.model_validate_json(marker.read_bytes())
    except ValidationError as error:
        raise SweepError(
            f"{marker}: expected the mark of a sample tree of this version, found {error.error_count()} wrong "
            "or missing fields. Delete the folder to have it made anew, or name another one."
        ) from error
    if found.parameters != wanted:
        raise SweepError(
            f"{root}: expected a sample tree made with {_spell(wanted)}, "
            f"found one made with {_spell(found.parameters)}. Name another folder, or delete this one."
        )
    return found


def _spell(parameters: SampleParameters) -> str:
    return ", ".join(f"{name}={value}" for name, value in parameters.model_dump(exclude={"format"}).items())


def _write_whole(root: Path, parameters: SampleParameters, videos: tuple[PlannedVideo, ...]) -> SampleContents:
    """Writes the tree under another name beside `root` and renames it when it is complete."""
    root.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(root)
    partial = root.parent / f".{root.name}.{os.getpid()}.partial"
    partial.mkdir()
    try:
        contents = write_files(partial, parameters, videos)
        if root.exists():
            root.rmdir()  # it is empty; a rename onto it fails on some systems
        partial.rename(root)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return contents


def _remove_leftovers(root: Path) -> None:
    """Deletes what killed processes left of this tree; a living one's folder stays."""
    for path in root.parent.glob(f".{root.name}.*.partial"):
        pid = path.name.removesuffix(".partial").rpartition(".")[2]
        if pid.isdecimal() and (int(pid) == os.getpid() or not psutil.pid_exists(int(pid))):
            shutil.rmtree(path, ignore_errors=True)
