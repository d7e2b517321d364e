"""The files that a run's data came from, each with its digest, beside run.json: what a refusal names.

In the run folder and not in the cache, which may be deleted and which other runs share. Derived: where the file is
missing or damaged (a kill came before it, an older version made the run) the next command that finds the data
unchanged writes it again, and until then a refusal says that it cannot name files. No result depends on it.
"""

import json
from collections.abc import Iterator, Mapping

from pydantic import BaseModel, ConfigDict, ValidationError

from search_spaces.printable import one_line
from sweep import atomic, digest
from sweep.folder import RunFolder

SHOWN = 10


class _Listing(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    seal: str  # of `files`, so that a damaged list names no wrong file
    files: dict[str, str]  # relative to the tree, with "/" -> SHA-256


def keep(folder: RunFolder, files: Mapping[str, str]) -> None:
    """Writes the list unless it stands already; only where the data is what the run was made with.

    Args:
        folder: of the run.
        files: path relative to the tree -> digest.

    Raises:
        SweepError: it cannot be written.
    """
    if _read(folder) != files:
        listing = {"seal": digest.of_value(dict(files)), "files": dict(files)}
        atomic.write_text(folder.data_files, json.dumps(listing, indent=1, ensure_ascii=False) + "\n")


def changes(folder: RunFolder, files: Mapping[str, str]) -> tuple[str, ...]:
    """What has happened to the files since the run was made, a line a file; at most ten, then how many more.

    Args:
        folder: of the run.
        files: path relative to the tree -> digest, of the data as it is now.
    """
    before = _read(folder)
    if before is None:
        return (f"which files cannot be told: {folder.data_files} is missing or damaged",)
    lines = tuple(_changes(before, files))
    if not lines:
        return ("no file differs: this version of muse-sweep reads them in another way",)
    more = len(lines) - SHOWN
    return (*lines[:SHOWN], f"… and {more} more") if more > 0 else lines


def _changes(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for path in sorted(before.keys() | now.keys()):
        if path not in now:
            yield one_line(f"removed: {path}")
        elif path not in before:
            yield one_line(f"added: {path}")
        elif before[path] != now[path]:
            yield one_line(f"changed: {path}")


def _read(folder: RunFolder) -> dict[str, str] | None:
    try:
        listing = _Listing.model_validate_json(folder.data_files.read_bytes())
    except (OSError, ValidationError):
        return None
    return listing.files if digest.of_value(listing.files) == listing.seal else None
