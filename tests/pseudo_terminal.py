"""A program in a terminal that is none: what it prints there, at a size that may change."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from pathlib import Path
from types import TracebackType

_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07|[()][A-Z0-9])")
_PATIENCE_S = 60


class PseudoTerminal:
    """Starts a program whose input, output and errors are a terminal of this size; kills it at the end if it must.

    Args:
        size: columns and lines.
        words: the program and its arguments.
        variables: of its environment, over ours.
    """

    def __init__(self, size: tuple[int, int], *words: object, **variables: str) -> None:
        self._size = size
        self._words = [str(word) for word in words]
        kept = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES", "NO_COLOR")}
        root = str(Path(__file__).parents[1])
        self._environment = kept | {"TERM": "xterm-256color", "PYTHONPATH": root, "LANG": "C.UTF-8"} | variables
        self.raw = ""

    def __enter__(self) -> "PseudoTerminal":
        self._mine, theirs = pty.openpty()
        self.resize(self._size)
        self._process = subprocess.Popen(
            self._words, stdin=theirs, stdout=theirs, stderr=theirs, env=self._environment, start_new_session=True
        )
        os.close(theirs)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._mine)

    @property
    def plain(self) -> str:
        """Everything printed so far, without what only moves the cursor or changes colours."""
        return self.plain_of(self.raw)

    @staticmethod
    def plain_of(raw: str) -> str:
        """The same of a part."""
        return _ESCAPES.sub("", raw).replace("\r\n", "\n").replace("\r", "\n")

    def resize(self, size: tuple[int, int]) -> None:
        """Gives the terminal so many columns and lines."""
        fcntl.ioctl(self._mine, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def type(self, text: str) -> None:
        """Presses keys."""
        os.write(self._mine, text.encode())

    def signal(self, number: int) -> None:
        """Sends the program a signal."""
        self._process.send_signal(number)

    def listen(self, seconds: float) -> None:
        """Takes in what is printed during so many seconds, or until the program ends."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if not select.select([self._mine], [], [], left)[0]:
                return
            try:
                self.raw += os.read(self._mine, 2**16).decode(errors="replace")
            except OSError:  # the program has ended
                return

    def wait_for(self, words: str) -> None:
        """Listens until these words have been printed."""
        until = time.monotonic() + _PATIENCE_S
        while words not in self.plain:
            assert time.monotonic() < until, f"{words!r} did not come; the terminal shows:\n{self.plain[-4000:]}"
            assert self._process.poll() is None or words in self._rest(), f"ended without {words!r}:\n{self.plain}"
            self.listen(0.1)

    def ended(self) -> int:
        """The program's exit status, once it has ended."""
        until = time.monotonic() + _PATIENCE_S
        while self._process.poll() is None:
            assert time.monotonic() < until, f"it goes on; the terminal shows:\n{self.plain[-4000:]}"
            self.listen(0.1)
        self._rest()
        return self._process.returncode

    def _rest(self) -> str:
        self.listen(0.2)
        return self.plain
