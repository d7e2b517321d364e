"""SIGINT and SIGTERM: a word to whoever coordinates, an exception elsewhere."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def signals_to(tell: Callable[[str], None]) -> Iterator[None]:
    """Hands the first SIGINT and the first SIGTERM on, so that neither lands amid a write to the study.

    A second one ends the process at once. Outside the main thread, where Python takes no signals, nothing changes.

    Args:
        tell: gets the signal's name; called amid any instruction, so it may do no more than put it in a SimpleQueue.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        tell(signal.Signals(number).name)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:  # None: not set by Python code, which we cannot put back
                signal.signal(number, handler)


@contextmanager
def sigterm_raises(error: type[BaseException]) -> Iterator[None]:
    """While the block runs, SIGTERM raises an error with its name in it, at any point, as SIGINT does in Python.

    Outside the main thread, where Python takes no signals, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise error("SIGTERM")

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        if before is not None:  # see above
            signal.signal(signal.SIGTERM, before)
