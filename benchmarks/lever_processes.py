"""Levers of the whole process, each timed in processes of its own: what its environment and its chunks are worth.

They are what the peak of the memory depends on.
"""

import json
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from unittest.mock import patch

from benchmarks.lever_training import Training
from search_spaces.settings import Settings
from sweep import batches, environment
from sweep.executors._process import worker_environment
from sweep.opened import Data

_EPOCHS = 5


@dataclass(frozen=True)
class ProcessLever:
    """One thing changed.

    Attributes:
        name: as printed.
        changed: variables of the environment, None for one taken away.
        chunk: longest chunk, padded steps; None for the engine's.
    """

    name: str
    changed: Mapping[str, str | None] = field(default_factory=dict)
    chunk: int | None = None


_ALLOCATOR = ("MALLOC_MMAP_MAX_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_")
PROCESS_LEVERS = (
    ProcessLever("as it is"),
    ProcessLever("glibc's own allocator settings", dict.fromkeys(_ALLOCATOR)),
    ProcessLever("huge pages", {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}),
    ProcessLever("oneDNN keeps 1024 shapes", {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "1024"}),
    ProcessLever("chunks of 1024 steps at most", chunk=1024),
    ProcessLever("chunks of 4096 steps at most", chunk=4096),
    ProcessLever("chunks of 8192 steps at most", chunk=8192),
)


def once(data: Data, features: str, way: str, settings: Settings, chunk: int | None) -> None:
    """Prints what one process measures: its median epoch with evaluation, and its peak memory."""
    training, took = Training(data, features, way, settings), []
    with patch.object(batches, "CPU", replace(batches.CPU, padded_steps=chunk or batches.CPU.padded_steps)):
        for _ in range(_EPOCHS):
            began = time.process_time()
            training.epoch()
            training.evaluate()
            took.append(time.process_time() - began)
    print(json.dumps({"epoch_s": statistics.median(took), "peak_mb": environment.peak_memory_mb()}))


def process_rows(command: Sequence[str], ways: Sequence[str], rounds: int) -> None:
    """Prints a row for each lever, per Way.

    Args:
        command: starts a process that calls `once`, but for the Way and the chunk.
        ways: to time.
        rounds: processes for each lever, in turn.
    """
    print("\n| Way | process | s per epoch | × | peak MB |\n|---|---|---|---|---|")
    for way in ways:
        reports: list[list[dict[str, float]]] = [[] for _ in PROCESS_LEVERS]
        for _ in range(rounds):
            for lever, found in zip(PROCESS_LEVERS, reports, strict=True):
                chunk = ["--chunk", str(lever.chunk)] if lever.chunk else []
                done = subprocess.run(
                    [*command, "--once", way, *chunk],
                    env=_changed(lever),
                    check=True,
                    stdout=subprocess.PIPE,
                    text=True,
                )
                found.append(json.loads(done.stdout.splitlines()[-1]))
        seconds = [statistics.median(report["epoch_s"] for report in found) for found in reports]
        for lever, found, median in zip(PROCESS_LEVERS, reports, seconds, strict=True):
            peak = max(report["peak_mb"] for report in found)
            print(f"| {way} | {lever.name} | {median:.3f} | {median / seconds[0]:.2f} | {peak:.0f} |", flush=True)


def _changed(lever: ProcessLever) -> dict[str, str]:
    """A worker's environment with what the lever sets and without what it takes away."""
    kept = {name: value for name, value in worker_environment().items() if name not in lever.changed}
    return kept | {name: value for name, value in lever.changed.items() if value is not None}
