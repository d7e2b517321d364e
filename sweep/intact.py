"""Whether a folder of the cache still holds what was written to it: the digest of every file, kept beside them.

A folder that does not is derived and is built again. Checked once a command by the process that opens the data, not by
its workers; these look at lengths, and at the digests of what is small.
"""

import json
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from tokenize import TokenError
from typing import Annotated, Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from search_spaces.errors import SweepError
from sweep import digest

DIGESTS = "digests.json"
_NAME = re.compile(r"[a-z0-9_]+\.[a-z0-9]+")
_DAMAGE = (OSError, ValueError, KeyError, EOFError, BadZipFile, RuntimeError, struct.error, zlib.error, TokenError)
"""What reading a damaged .npz raises: zipfile's own, its demands for a password or another packing, numpy's header."""


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    size: Annotated[int, Field(ge=0)]  # bytes
    sha256: str


_LISTING = TypeAdapter(dict[str, _Kept])


def listing(folder: Path) -> str:
    """What DIGESTS must say: size and SHA-256 of every other file of the folder, as JSON text.

    Raises:
        OSError: a file cannot be read.
    """
    files = sorted(path for path in folder.iterdir() if path.name != DIGESTS)
    return _text({path.name: _Kept(size=path.stat().st_size, sha256=digest.of_file(path)) for path in files})


def sizes(text: str) -> dict[str, int]:
    """Bytes of every file that a listing names.

    Raises:
        ValueError: the text is no listing, or names what is no plain file of the folder.
    """
    kept = _LISTING.validate_json(text)
    if odd := [name for name in kept if not _NAME.fullmatch(name)]:
        raise ValueError(f"{odd[0]!r} is no name of a file")
    return {name: entry.size for name, entry in kept.items()}


def read_listing(folder: Path) -> str:
    """The listing that lies in a folder.

    Raises:
        SweepError: it is missing.
    """
    try:
        return (folder / DIGESTS).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise damaged(folder, f"{DIGESTS}: {error}") from error


def damage(folder: Path) -> str | None:
    """What is wrong with a folder, in a few words; None where every file is as it was written.

    Args:
        folder: stands; `packed.filling` has made it.
    """
    try:
        return _damage(folder)
    except OSError as error:
        return f"{Path(error.filename or folder).name} cannot be read: {error.strerror}"


def damaged(folder: Path, wrong: str) -> SweepError:
    """The error of whoever reads a damaged folder and builds nothing again, such as a worker."""
    return SweepError(
        f"The cache was damaged while it was used: {folder}: {wrong}. "
        "Give the same command again, or `sweep resume RUN`: it finds the damage and builds this again."
    )


def read_json(path: Path) -> Any:
    """A JSON file of a folder.

    Raises:
        SweepError: it is missing or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(path.parent, f"{path.name}: {error}") from error


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of an .npz file of a folder.

    Raises:
        SweepError: it is missing or damaged.
    """
    try:
        # Opened here: np.load leaves a file open where it is no zip archive.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)
    except _DAMAGE as error:
        raise damaged(path.parent, f"{path.name}: {error}") from error


def _damage(folder: Path) -> str | None:
    if not (folder / DIGESTS).exists():
        return f"{DIGESTS} is missing, unless an older version packed it"
    text = (folder / DIGESTS).read_bytes()
    try:
        kept = _LISTING.validate_json(text)
    except ValidationError:
        return f"{DIGESTS} was altered"
    if _text(kept).encode() != text:
        return f"{DIGESTS} was altered"
    return next(_differing(kept, {path.name: path for path in folder.iterdir() if path.name != DIGESTS}), None)


def _differing(kept: Mapping[str, _Kept], found: Mapping[str, Path]) -> Iterator[str]:
    """What shows without reading any file first."""
    yield from (f"{name} is missing" for name in sorted(kept.keys() - found.keys()))
    yield from (f"{name} does not belong there" for name in sorted(found.keys() - kept.keys()))
    for name, file in found.items():
        size = file.stat().st_size
        if size != kept[name].size:
            yield f"{name} has {size} bytes instead of {kept[name].size}"
    yield from (f"{name} was altered" for name, file in found.items() if digest.of_file(file) != kept[name].sha256)


def _text(kept: dict[str, _Kept]) -> str:
    return json.dumps({name: entry.model_dump() for name, entry in kept.items()}, sort_keys=True)
