"""Broken inputs as rows: what is done to something right, and what the command line must say of it."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Broken:
    """One input that must be refused, or, among the odd ones, taken with a notice.

    Attributes:
        name: what is wrong with it.
        spoil: does that to something right, which lies at this path.
        says: what the message must hold, whatever its line breaks: the place, and what was expected or can be done.
    """

    name: str
    spoil: Callable[[Path], object]
    says: tuple[str, ...]

    def __str__(self) -> str:
        return self.name


def snapshot(root: Path) -> dict[str, str]:
    """Everything below a folder: kind, rights, and what it holds; links are not followed."""
    return {
        os.path.relpath(Path(folder) / name, root): _seen(Path(folder) / name)
        for folder, folders, files in os.walk(root)
        for name in (*folders, *files)
    }


def _seen(path: Path) -> str:
    mode = oct(path.lstat().st_mode)
    if path.is_symlink():
        return f"{mode} -> {path.readlink()}"
    return f"{mode} {hashlib.sha256(path.read_bytes()).hexdigest()}" if path.is_file() else mode


def put(path: Path, content: bytes | str) -> None:
    """A file with this content, its folder made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def replace(path: Path, old: bytes, new: bytes) -> None:
    """The first place where `old` stands in a file now holds `new`."""
    content = path.read_bytes()
    assert old in content, f"{old!r} does not stand in {path}"
    path.write_bytes(content.replace(old, new, 1))


def loop(path: Path) -> None:
    """A symbolic link to itself, in place of whatever was there."""
    if path.is_file():
        path.unlink()
    path.symlink_to(path.name)


def folder_instead(path: Path) -> None:
    """A folder in place of a file: what nobody can read as a file, not even root."""
    path.unlink()
    path.mkdir()
