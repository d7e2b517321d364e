"""What the machine and the libraries are: recorded with every result, since digits may change with them."""

import os
import platform
import socket
import sys
from importlib.metadata import version

_RECORDED = ("muse-sweep", "torch", "numpy", "scikit-learn", "optuna", "pandas")


def versions() -> dict[str, str]:
    """Python's and the libraries' versions, by distribution name."""
    return {"python": platform.python_version(), **{name: version(name) for name in _RECORDED}}


def host() -> str:
    """This machine's name."""
    return socket.gethostname()


def cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
