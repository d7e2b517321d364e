"""Waiting for what other processes do."""

import time
from collections.abc import Callable

WAIT_S = 120
"""What is waited for at most: machines are busy."""


def wait_until(condition: Callable[[], bool], timeout_s: float = WAIT_S) -> None:
    """Returns when the condition holds; fails when it does not in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)
