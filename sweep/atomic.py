"""Files that are whole or absent: written under a temporary name, forced to disk, then renamed."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from search_spaces.errors import SweepError
from sweep import refusals

TEMPORARY = ".tmp"
"""Ending of a file that is not finished; one that a killed process left behind may be deleted."""


def write_bytes(path: Path, content: bytes) -> None:
    """Puts the content under its final name in one step; a reader sees the old file or the new one, never half.

    Args:
        path: final name; its folder must exist.
        content: everything the file shall hold.

    Raises:
        SweepError: the file cannot be written; what stood there before still stands.
    """
    # The name is short, so that a long final name does not grow past the file system's limit.
    temporary = path.with_name(f".{path.name[:40]}-{secrets.token_hex(6)}{TEMPORARY}")
    try:
        _write_through(temporary, content)
        temporary.replace(path)
        force_folder(path.parent)
    except OSError as error:
        raise SweepError(f"{path} cannot be written: {refusals.sentence(error)}") from error
    finally:
        with suppress(OSError):  # where no file could be made, none can be removed
            temporary.unlink(missing_ok=True)


def put(temporary: Path, path: Path) -> None:
    """Gives a file that was written under a temporary name its final one, once it is on the disk.

    Raises:
        OSError: it cannot be.
    """
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
    temporary.replace(path)
    force_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """Like `write_bytes`, in UTF-8 and with the line ends as given."""
    write_bytes(path, text.encode())


def _write_through(path: Path, content: bytes) -> None:
    # Not mkstemp: its files are readable by their owner only, and colleagues share run folders.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def force_folder(folder: Path) -> None:
    """Forces a folder's entries to disk: without this a power failure may forget a new file, folder or rename."""
    # Windows cannot open a folder and needs no such call.
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
