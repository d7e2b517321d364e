"""A few real steps of every Way in a process like a worker's: how fast they are and how much memory they take.

A worker's allocator, thread count and libraries are set when its process starts, and a plan's own are others; so what
is measured is a process that is started in the same way and does what a worker does, for a few seconds.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from results.records import Branch
from search_spaces.errors import SweepError
from search_spaces.settings import Settings
from sweep import environment, estimate
from sweep.estimate import Speed
from sweep.executors._process import worker_environment
from sweep.feature_store import FeatureStore, open_store
from sweep.worker import settle_torch


class _Asked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    cache: Path
    digest: str
    settings: Settings
    target: str
    branches: tuple[Branch, ...]


class Calibration(BaseModel):
    """What was measured.

    Attributes:
        speeds: of each branch, in the order they were asked for.
        peak_memory_mb: the most that the process had, its libraries included; of the data only what the steps read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    speeds: tuple[Speed, ...]
    peak_memory_mb: float


def calibrate(store: FeatureStore, target: str, branches: Sequence[Branch], settings: Settings) -> Calibration:
    """Times some steps of every branch on the data itself, in a process of its own.

    Args:
        store: the data, packed.
        target: whose windows.
        branches: feature set and Way of each.
        settings: of the trainings.

    Raises:
        SweepError: the process ended with an error; the message holds its last line.
    """
    asked = _Asked(cache=store.cache, digest=store.digest, settings=settings, target=target, branches=tuple(branches))
    done = subprocess.run(
        [sys.executable, "-P", "-m", "sweep.calibration"],
        input=asked.model_dump_json(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=worker_environment(),
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"it ended with exit code {done.returncode}"]
        raise SweepError(f"Steps to measure for the plan could not be trained: {said[-1]}")
    return Calibration.model_validate_json(done.stdout)


def main() -> None:
    """Measures what standard input asks for."""
    asked = _Asked.model_validate_json(sys.stdin.read())
    settle_torch()
    try:
        store = open_store(asked.cache, asked.digest)
        speeds = tuple(estimate.measure(store, asked.target, branch, asked.settings) for branch in asked.branches)
    except SweepError as error:
        sys.exit(str(error))
    sys.stdout.write(Calibration(speeds=speeds, peak_memory_mb=environment.peak_memory_mb()).model_dump_json())


if __name__ == "__main__":
    main()
