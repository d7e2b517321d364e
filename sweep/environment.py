"""What the machine and the libraries are: recorded with every result, since digits may change with them."""

import os
import platform
import socket
import sys
from functools import cache
from hashlib import sha256
from pathlib import Path

_PACKAGES = ("search_spaces", "results", "sweep")
VISIBLE_GPUS = "CUDA_VISIBLE_DEVICES"
"""The variable that says which GPUs a process may see: numbers, or names of GPUs (GPU-…) or MIG instances (MIG-…)."""
_RECORDED = ("muse-sweep", "torch", "numpy", "scikit-learn", "optuna", "pandas")


@cache
def versions() -> dict[str, str]:
    """Python's and the libraries' versions, by distribution name."""
    from importlib.metadata import version  # noqa: PLC0415 - as psutil below

    return {"python": platform.python_version(), **{name: version(name) for name in _RECORDED}}


def code() -> str:
    """Digest of our own source as it lies on disk now: what tells two checkouts of one version apart."""
    root = Path(__file__).resolve().parents[1]
    own = (path for package in _PACKAGES for path in (root / package).rglob("*") if path.suffix in {".py", ".toml"})
    digest = sha256()
    for path in sorted(own):
        digest.update(f"{path.relative_to(root).as_posix()}\n".encode() + sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def machine() -> str:
    """The kind of processor, such as x86_64."""
    return platform.machine()


def host() -> str:
    """This machine's name."""
    return socket.gethostname()


def cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def visible_gpus() -> list[str] | None:
    """The GPUs that the user allows, by number or name; None for all there are."""
    names = os.environ.get(VISIBLE_GPUS)
    return None if names is None else [name.strip() for name in names.split(",") if name.strip()]


def print_width() -> int | None:
    """Columns of what goes to standard output; None where a terminal says so itself. A pipe has room for tables."""
    return None if sys.stdout.isatty() or "COLUMNS" in os.environ else 120


def peak_memory_mb() -> float:
    """The most resident memory this process has had; where the system does not say, what it has now."""
    if sys.platform == "linux":
        # Not getrusage: its figure survives exec, so that a worker would start with its coordinator's peak.
        for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    import psutil  # noqa: PLC0415 - a tenth of what `sweep --help` takes, and needed on other systems alone

    return float(psutil.Process().memory_info().rss / 2**20)


def default_cache() -> Path:
    """Where packed arrays go when nobody says: the user's cache folder, never the data's."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "muse-sweep"
