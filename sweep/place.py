"""Paths that can be written down: run.json and the study name them in UTF-8, a file system need not."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from search_spaces.errors import SweepError


def spelled(path: Path) -> Path:
    """The path itself.

    Raises:
        SweepError: it holds bytes that are no UTF-8.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise SweepError(f"{path}: expected a path in UTF-8, found bytes of no encoding. Rename it.") from None
    return path


def _possible(path: Path) -> Path:
    if "\0" in str(path):
        raise ValueError("a path cannot hold a NUL character")
    return path


Place = Annotated[Path, AfterValidator(_possible)]
"""A path as it was written down."""
