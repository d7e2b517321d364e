"""A folder that a command fills for the user: new or empty before, whole afterwards, or as it was."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from search_spaces.errors import SweepError
from sweep import atomic, refusals


@contextmanager
def filling(folder: Path, option: str, source: Path | None = None) -> Iterator[Path]:
    """A folder to fill; what is in it when the block ends without an error is then in `folder`.

    The files are forced to disk first. An error in the block leaves neither files nor folders behind.

    Args:
        folder: where the files shall be.
        option: what names it on the command line, for messages.
        source: a folder that nothing may be written to.

    Yields:
        An empty folder.

    Raises:
        SweepError: `folder` is no folder, holds something, lies in `source`, or cannot be written.
    """
    _refuse(folder, option, source)
    made = [path for path in (folder, *folder.parents) if not path.exists()]  # deepest first
    half = folder / f".{secrets.token_hex(6)}{atomic.TEMPORARY}"
    try:
        try:
            half.mkdir(parents=True)
            yield half
            _force(half)
            _move(half, folder)
        except OSError as error:
            raise SweepError(f"{option} {folder} cannot be written: {refusals.sentence(error)}") from error
        made.clear()
    finally:
        shutil.rmtree(half, ignore_errors=True)
        with suppress(OSError):  # somebody else put something there
            for path in made:
                path.rmdir()


def _refuse(folder: Path, option: str, source: Path | None) -> None:
    wanted = f"{option} must be a new folder or an empty one"
    if folder.exists() and not folder.is_dir():
        raise SweepError(f"{wanted}. Found a file: {folder}.")
    if source is not None and _real(folder).is_relative_to(_real(source)):
        raise SweepError(f"{wanted}, outside of {source}. Found {folder} in it.")
    held = sorted(path.name for path in folder.iterdir() if not _leftover(path)) if folder.is_dir() else []
    if held:
        raise SweepError(f"{wanted}. Found {held[0]}{' and more' if len(held) > 1 else ''} in {folder}.")


def _leftover(path: Path) -> bool:
    """Whether this is what a killed command has left; its name says that it is not finished."""
    return path.name.startswith(".") and path.name.endswith(atomic.TEMPORARY)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # Path.resolve fails at a loop


def _force(half: Path) -> None:
    for path in half.rglob("*"):
        if path.is_dir():
            atomic.force_folder(path)
        else:
            with path.open("rb+") as file:
                os.fsync(file.fileno())


def _move(half: Path, folder: Path) -> None:
    """Puts everything into its place; what is there already is taken away again where the rest cannot follow."""
    moved: list[Path] = []
    try:
        for path in sorted(half.iterdir()):
            path.rename(folder / path.name)
            moved.append(folder / path.name)
        atomic.force_folder(folder)
    except BaseException:
        for path in moved:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise
