"""Worker processes of a Dask worker that wait for their next trial: libraries are loaded once, not once a trial."""

import shutil
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from sweep.executors.local import LocalExecutor

_IDLE_S = 60.0


@dataclass(frozen=True)
class Recipe:
    """What a worker process is started with, and with what code on disk; see `Setup`."""

    trial: str
    hang_s: float | None
    code: str


@dataclass(eq=False)
class Seat:
    """An executor of one worker process, and the folder of its logs."""

    recipe: Recipe
    logs: Path
    executor: LocalExecutor
    leaves: threading.Timer | None = None

    def end(self, *, at_once: bool = False) -> None:
        """Ends the worker process."""
        self.executor.shutdown(cancel_futures=at_once)
        shutil.rmtree(self.logs, ignore_errors=True)


class Bench:
    """Seats without a trial. For many threads.

    Args:
        scratch: an existing folder for logs.
    """

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._lock = threading.Lock()
        self._free: list[Seat] = []

    def take(self, recipe: Recipe) -> Seat:
        """A seat that is free, or a new one."""
        with self._lock:
            for seat in self._free:
                if seat.recipe == recipe:
                    self._free.remove(seat)
                    _stay(seat)
                    return seat
        logs = Path(tempfile.mkdtemp(dir=self._scratch, prefix="logs-"))
        return Seat(recipe, logs, LocalExecutor(1, logs, recipe.trial, hang_s=recipe.hang_s))

    def give_back(self, seat: Seat) -> None:
        """Keeps a seat for a while: perhaps nobody needs it any more."""
        seat.leaves = threading.Timer(_IDLE_S, self._leave, [seat])
        seat.leaves.daemon = True
        with self._lock:
            self._free.append(seat)
        seat.leaves.start()

    def clear(self) -> None:
        """Ends every free seat."""
        with self._lock:
            seats, self._free = self._free, []
        for seat in seats:
            _stay(seat)
            seat.end()

    def _leave(self, seat: Seat) -> None:
        with self._lock:
            if seat not in self._free:
                return
            self._free.remove(seat)
        seat.end()


def _stay(seat: Seat) -> None:
    if seat.leaves is not None:
        seat.leaves.cancel()
