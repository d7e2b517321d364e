"""What a worker is watched for from outside: that it goes on, and what the kernel did to it."""

import threading
from collections.abc import Callable
from pathlib import Path

_VMSTAT = Path("/proc/vmstat")


class Watchdog:
    """Calls back when nothing was seen of a trial for too long; a context manager around the trial.

    Args:
        limit_s: how long is too long; None watches nothing.
        bark: called once, in a thread of its own.
    """

    def __init__(self, limit_s: float | None, bark: Callable[[], None]) -> None:
        self._limit_s = limit_s
        self._bark = bark
        self._timer: threading.Timer | None = None
        self.barked = False

    def seen(self) -> None:
        """The trial has shown that it lives; the time starts again."""
        self._rest()
        if self._limit_s is not None:
            self._timer = threading.Timer(self._limit_s, self._expire)
            self._timer.daemon = True
            self._timer.start()

    def __enter__(self) -> "Watchdog":
        self.seen()
        return self

    def __exit__(self, *_: object) -> None:
        self._rest()

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _expire(self) -> None:
        self.barked = True
        self._bark()


def oom_kills(vmstat: Path = _VMSTAT) -> int:
    """How many processes the kernel has ended for want of memory since it started; 0 where it does not say."""
    try:
        lines = vmstat.read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)
