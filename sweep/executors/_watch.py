"""What a worker is watched for from outside: that it goes on, and what the kernel did to it."""

import threading
from collections.abc import Callable
from pathlib import Path

_TICKS = 20  # the limit is kept to a twentieth
_VMSTAT = Path("/proc/vmstat")


class Watchdog:
    """Calls back when nothing was seen of a trial for too long; a context manager around the trial.

    The time is counted in ticks of this process, not by the clock: a run that was suspended (Ctrl-Z, a closed laptop)
    has not seen its workers for hours either, and must not kill them for that when it wakes.

    Args:
        limit_s: how long is too long; None watches nothing.
        bark: called once, in a thread of its own.
    """

    def __init__(self, limit_s: float | None, bark: Callable[[], None]) -> None:
        self._limit_s = limit_s
        self._bark = bark
        self._silent_ticks = 0
        self._over = threading.Event()
        self.barked = False

    def seen(self) -> None:
        """The trial has shown that it lives; the time starts again."""
        self._silent_ticks = 0

    def __enter__(self) -> "Watchdog":
        if self._limit_s is not None:
            threading.Thread(target=self._watch, args=(self._limit_s / _TICKS,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def _watch(self, tick_s: float) -> None:
        while not self._over.wait(tick_s):
            self._silent_ticks += 1
            if self._silent_ticks > _TICKS:
                self.barked = True
                self._bark()
                return


def oom_kills(vmstat: Path = _VMSTAT) -> int:
    """How many processes the kernel has ended for want of memory since it started; 0 where it does not say."""
    try:
        lines = vmstat.read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)
