"""A trial that trains nothing and answers at once, as a real one answers: five seeds, some thirty epochs, predictions.

Runs in worker processes as "benchmarks.no_training:run_trial". Every execution adds a line to the file that EXECUTIONS
names, so that whoever measures can count cells that were handed out twice.
"""

import os
import zlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np

from results import predictions
from results.metrics import scores
from results.records import Cost, SeedCost, SeedRecord, TrialRecord
from search_spaces.settings import N_CLASSES
from sweep import environment
from sweep.feature_store import open_store
from sweep.job import EpochEvent, Job, Outcome

EXECUTIONS = "NO_TRAINING_EXECUTIONS"  # a variable, which reaches the workers of every engine
_KINDS = 64  # different sets of figures: cells share them, since to draw takes longer than all else here
_EPOCHS = 30


def run_trial(job: Job, on_epoch: Callable[[EpochEvent], None]) -> Outcome:
    """What a trial gives, drawn; one epoch is told."""
    descriptor = os.open(os.environ[EXECUTIONS], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(descriptor, f"{job.cell}\n".encode())
    os.close(descriptor)
    on_epoch(EpochEvent(seed=job.settings.first_seed, epoch=1, devel_f1=0.2, best_f1=0.2))
    kind = zlib.crc32(str(job.cell).encode()) % _KINDS
    seeds, content = _drawn(job.data.cache, job.data.digest, job.cell.target, kind, job.settings.seeds)
    record = TrialRecord(
        cell=job.cell,
        widths=(64,) * len(job.cell.branches),
        parameters=100_000,
        data_digest=job.data.digest,
        settings=job.settings.model_dump(mode="json"),
        versions=environment.versions(),
        device=job.device,
        seeds=seeds,
    )
    costs = tuple(SeedCost(seed=seed.seed, wall_s=0.001, epoch_s=0.001, steps_per_s=1e6) for seed in seeds)
    cost = Cost(wall_s=0.005, peak_memory_mb=environment.peak_memory_mb(), host=environment.host(), seeds=costs)
    return Outcome(record, cost, content)


@lru_cache(maxsize=2 * _KINDS)
def _drawn(cache: Path, digest: str, target: str, kind: int, n_seeds: int) -> tuple[tuple[SeedRecord, ...], bytes]:
    """Seed records whose scores are those of the predictions beside them."""
    draw, segments = np.random.default_rng(kind), open_store(cache, digest).segments
    bounds, truth = segments.partition_bounds, segments.classes[target]
    drawn = {name: draw.random((n_seeds, bounds[name][1] - bounds[name][0], N_CLASSES), np.float32) for name in bounds}
    known = truth[slice(*bounds["devel"])]
    seeds = tuple(
        SeedRecord(
            seed=101 + number,
            best_epoch=_EPOCHS - 15,
            devel=scores(known, predicted.argmax(axis=1)),
            train_loss=tuple(draw.random(_EPOCHS)),
            devel_f1=tuple(draw.random(_EPOCHS)),
            learning_rate=(0.001,) * _EPOCHS,
        )
        for number, predicted in enumerate(drawn["devel"])
    )
    return seeds, predictions.pack([seed.seed for seed in seeds], drawn["devel"], drawn["test"])
