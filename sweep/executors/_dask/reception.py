"""Files that arrive in pieces, in order."""

import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self


class Reception:
    """A folder into which some files are written as they come; a context manager. For one thread at a time.

    Args:
        name: what is received.
        folder: an existing one.
        sizes: bytes of every file that is expected, by name.
    """

    def __init__(self, name: str, folder: Path, sizes: dict[str, int]) -> None:
        self.name = name
        self._left = dict(sizes)
        self._files: dict[str, BinaryIO] = {}
        self._folder = folder

    def take(self, file: str, offset: int, content: bytes) -> bool:
        """Writes a piece; whether everything is there now.

        Raises:
            OSError: it cannot be written.
            ValueError: it is not the next piece of a file that is expected.
        """
        target = self._files.get(file)
        if target is None or target.tell() != offset or len(content) > self._left[file]:
            raise ValueError(f"{len(content)} bytes of {file!r} from {offset} on are not what comes next")
        target.write(content)
        self._left[file] -= len(content)
        if not self._left[file]:
            target.flush()
            os.fsync(target.fileno())
        return not any(self._left.values())

    def __enter__(self) -> Self:
        self._files = {name: (self._folder / name).open("wb") for name in self._left}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files.values():
            file.close()
