"""What has been added to a log since it was read last."""

from pathlib import Path

_SOME = 2**14  # bytes with an epoch: Dask's scheduler keeps the last thousand messages
_MOST = 2**20  # bytes at a trial's end


class LogTail:
    """A log that grows, read piece by piece; one that does not exist yet is empty.

    Args:
        path: the log.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def read_some(self) -> bytes:
        """A short piece; the rest comes with the next one."""
        return self._read(_SOME)

    def read(self) -> bytes:
        """All that is left; of very much, the end, and how much was left out."""
        content = self._read(-1)
        if len(content) <= _MOST:
            return content
        return f"[{len(content) - _MOST} bytes left out]\n".encode() + content[-_MOST:]

    def _read(self, most: int) -> bytes:
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                content = file.read(most)
        except FileNotFoundError:
            return b""
        self._offset += len(content)
        return content
