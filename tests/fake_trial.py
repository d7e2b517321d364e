"""A trial that needs no data and no time: what it does follows from the first letters of its features' name.

It runs in real worker processes as "tests.fake_trial:run_trial". Every execution appends a line to a file in the folder
that the job names as its data, so that a test can count how often a cell was trained, wherever that was.
"""

import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from results.records import Branch, Cell, Cost, SeedCost
from search_spaces.errors import SweepError
from sweep.job import EpochEvent, Job, Outcome, TrialFailed
from tests.results_factory import made_record


def run_trial(job: Job, on_epoch: Callable[[EpochEvent], None]) -> Outcome:
    name = job.cell.branches[0].features
    descriptor = os.open(job.data.root / "executions", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(descriptor, f"{job.cell}\n".encode())
    os.close(descriptor)
    on_epoch(EpochEvent(seed=101, epoch=1, devel_f1=0.25, best_f1=0.25))
    _misbehave(name, job.data.root)
    if name.startswith("nap"):
        time.sleep(0.1)
    return fake_outcome(job.cell, float("nan") if name == "nan" else None)


def _misbehave(name: str, folder: Path) -> None:
    if name == "die" or (name == "dieonce" and not _mark(folder / "died")):
        os.kill(os.getpid(), signal.SIGKILL)
    if name == "exit":
        os._exit(7)
    if name == "fail":
        raise TrialFailed("loss is not finite in epoch 3, batch 5")
    if name == "crash":
        raise ValueError("shapes (3,) and (4,) do not match")
    if name == "mistake":
        raise SweepError("the data has another digest")
    if name == "killer":
        time.sleep(0.3)  # what was said by then arrives
        os.kill(os.getppid(), signal.SIGKILL)  # on a cluster the process of the Dask worker
        time.sleep(60)
    if name.startswith("wait"):
        while not (folder / "go").exists():
            time.sleep(0.02)
    if name == "slow":
        time.sleep(60)
    if name == "hungry":
        resource.setrlimit(resource.RLIMIT_AS, (2**30, -1))  # of this worker alone
        bytearray(2**31)
    if name == "loud":
        sys.stdout.write("printed by python\n")
        subprocess.run(["sh", "-c", "echo printed by a child; echo complaint >&2"], check=True)


def _mark(path: Path) -> bool:
    """Whether the file was there; it is afterwards."""
    there = path.exists()
    path.touch()
    return there


def fake_outcome(cell: Cell, figure: float | None = None) -> Outcome:
    """What the fake trial gives for a cell: figures that depend on the cell's name alone."""
    draw = random.Random(str(cell))  # noqa: S311 # made-up figures
    record = made_record(cell, (figure or draw.random(), draw.random()))
    costs = tuple(SeedCost(seed=seed.seed, wall_s=0.1, epoch_s=0.1, steps_per_s=10.0) for seed in record.seeds)
    return Outcome(record, Cost(wall_s=0.2, peak_memory_mb=50.0, host="here", seeds=costs), str(cell).encode() * 100)


def cell(features: str, way: str = "way1", target: str = "arousal") -> Cell:
    return Cell(target=target, branches=(Branch(features=features, way=way),))


def cells(count: int, prefix: str = "f", target: str = "arousal") -> tuple[Cell, ...]:
    """Distinct cells, at most 39 of a prefix."""
    return tuple(cell(f"{prefix}{n % 13}", f"way{n // 13 + 1}", target) for n in range(count))
