"""When a worker counts as hanging, and when only its watcher slept."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from sweep.executors._watch import Watchdog

_WATCHING = """
import time
from sweep.executors._watch import Watchdog
with Watchdog(1.0, lambda: None) as watchdog:
    print("watching", flush=True)
    for _ in range(30):
        watchdog.seen()
        time.sleep(0.05)
    print(watchdog.barked, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGSTOP is POSIX")
def test_a_run_that_was_suspended_does_not_kill_its_workers_when_it_wakes() -> None:
    with subprocess.Popen([sys.executable, "-c", _WATCHING], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "watching\n"
        process.send_signal(signal.SIGSTOP)
        time.sleep(2)  # twice the limit
        process.send_signal(signal.SIGCONT)
        assert process.stdout.readline() == "False\n"


def test_a_trial_that_shows_nothing_is_barked_at_once() -> None:
    barks: list[int] = []
    barked = threading.Event()
    with Watchdog(0.2, lambda: (barks.append(1), barked.set())[0]) as watchdog:
        assert barked.wait(10)
        assert watchdog.barked
        time.sleep(0.3)
    assert barks == [1]


def test_a_trial_that_shows_life_is_left_alone() -> None:
    with Watchdog(0.4, lambda: None) as watchdog:
        for _ in range(20):
            time.sleep(0.05)
            watchdog.seen()
    assert not watchdog.barked


def test_without_a_limit_nothing_is_watched() -> None:
    with Watchdog(None, lambda: None) as watchdog:
        watchdog.seen()
    assert not watchdog.barked
