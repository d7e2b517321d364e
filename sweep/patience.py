"""Waiting for a storage that went away: what was lost on the way is done again once it answers."""

import time
from collections.abc import Callable
from typing import TypeVar

from search_spaces.errors import SweepError
from sweep._sqlite import unusable

T = TypeVar("T")

WAIT_S = 300.0
"""How long a server may be away: a restart takes seconds, that of its machine some minutes."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 5.0
_SLICE_S = 0.1  # a signal's handler cannot end a sleep


class ConnectionLost(Exception):
    """The storage does not answer, or went away before it had said whether it did what was asked."""


class StorageLost(SweepError):
    """The storage has not answered for as long as it was waited for."""


class Patience:
    """Carries operations through an outage; without `wait` the first one is the last. For one thread.

    Args:
        shown: the storage, without its password.
    """

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._say: Callable[[str], None] | None = None
        self._wait_s = 0.0
        self._inside = False

    def wait(self, say: Callable[[str], None], wait_s: float | None = None) -> None:
        """From now on an outage is waited for.

        Args:
            say: told once that the storage is away, and once that it is back.
            wait_s: how long; None for `WAIT_S`.
        """
        self._say, self._wait_s = say, WAIT_S if wait_s is None else wait_s

    def end(self) -> None:
        """Nothing is waited for any more; may be called by a signal's handler, amid any instruction."""
        self._wait_s = 0.0

    def through(self, act: Callable[[], T], done: Callable[[], T | None] | None = None) -> T:
        """What an operation gives, repeated where the connection was lost in it.

        Args:
            act: the operation.
            done: asked before every repetition whether it was carried out although nobody said so: what it gave then,
                or None where it was not. Without it repeating does no harm.

        Raises:
            StorageLost: the storage does not answer.
        """
        if self._inside:  # part of an operation that is repeated as a whole
            return act()
        self._inside = True
        try:
            return self._patiently(act, done)
        finally:
            self._inside = False

    def _patiently(self, act: Callable[[], T], done: Callable[[], T | None] | None) -> T:
        try:
            return act()
        except ConnectionLost as lost:
            reason = str(lost)
        began, pause_s = time.monotonic(), _FIRST_PAUSE_S
        if self._say is None:
            raise StorageLost(str(unusable(self._shown, reason)))
        if self._wait_s:
            self._say(f"Storage {self._shown} does not answer; waiting up to {self._wait_s:g} s ({reason}).")
        while self._sleep(began, pause_s):
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            try:
                found = done() if done is not None else None
                result = act() if found is None else found
            except ConnectionLost as lost:
                reason = str(lost)
                continue
            self._say(f"Storage {self._shown} answers again.")
            return result
        self._wait_s = 0.0  # what is tried after this is tried once
        raise StorageLost(f"Storage {self._shown} has not answered for {time.monotonic() - began:.0f} s: {reason}.")

    def _sleep(self, began: float, pause_s: float) -> bool:
        """Waits; False where there is no more time, or nobody wants to wait any longer."""
        until = time.monotonic() + pause_s
        while (now := time.monotonic()) < until and now - began < self._wait_s:
            time.sleep(min(_SLICE_S, until - now))
        return time.monotonic() - began < self._wait_s
