"""A trial that finds too little memory on its GPU, as told by the first letters of its features' name.

It runs in real worker processes as "tests.fake_gpu_trial:run_trial", and a GPU is what CUDA_VISIBLE_DEVICES says.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

from sweep.job import EpochEvent, Job, Outcome
from tests.fake_trial import fake_outcome

ROOM = 2
"""Trials of "crowd" that a GPU holds."""


def run_trial(job: Job, on_epoch: Callable[[EpochEvent], None]) -> Outcome:
    name = job.cell.branches[0].features
    gpu = job.data.cache / f"gpu-{os.environ['CUDA_VISIBLE_DEVICES']}"
    gpu.mkdir(exist_ok=True)
    here = gpu / str(os.getpid())
    here.touch()
    try:
        on_epoch(EpochEvent(seed=101, epoch=1, devel_f1=0.25, best_f1=0.25))
        if name.startswith("crowd"):
            _share(gpu, job.data.cache / "told")
        if name == "vast" and not job.device.endswith("/4"):
            raise RuntimeError("CUDA error: out of memory")
    finally:
        here.unlink()
    outcome = fake_outcome(job.cell)
    return Outcome(outcome.record.model_copy(update={"device": job.device}), outcome.cost, outcome.predictions)


def _share(gpu: Path, told: Path) -> None:
    """Waits until there are too many once, and refuses whenever there are."""
    deadline = time.monotonic() + 60
    while not told.exists() and len(list(gpu.iterdir())) <= ROOM:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    if len(list(gpu.iterdir())) > ROOM:
        told.touch()
        raise RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED")
    time.sleep(0.1)
    if len(list(gpu.iterdir())) > ROOM:
        raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
