"""One trial: all seeds of one cell, from packed features to a record. Runs in a worker; touches no study.

The outcome depends on the job, the code, the library versions and the device kind. Seeds are derived by hashing cell
and seed number, so they depend neither on order nor on what ran before. A trial that was killed goes on from its last
checkpoint to the same bytes.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from results import predictions
from results.metrics import scores
from results.records import Cell, Cost, SeedCost, SeedRecord, TrialRecord
from results.statistics.collapse import is_length_alone
from search_spaces import registry
from search_spaces.settings import N_CLASSES, Settings
from sweep import digest, environment, trial_log
from sweep.batches import Runs, train_windows, whole_segments
from sweep.device import Device
from sweep.feature_store import FeatureStore, open_store
from sweep.fusion import Fusion, Steps
from sweep.job import EpochEvent, Job, Outcome, TrialFailed
from sweep.network import Network
from sweep.objective import Parts, predict
from sweep.training import History, Training, fit
from sweep.trial_checkpoint import SeedRun, TrialCheckpoint


def run_trial(job: Job, on_epoch: Callable[[EpochEvent], None]) -> Outcome:
    """Trains every seed of a cell, with a line an epoch on standard error, which is the trial's log.

    Args:
        job: what to train, on what.
        on_epoch: told after every epoch of every seed.

    Raises:
        TrialFailed: no result, for a reason the user should read.
    """
    began = time.perf_counter()
    device = Device.of(job.device)
    device.settle()
    store = _store(job.data.cache, job.data.digest)
    data = _data(job, store, device)
    seeds = job.settings.seed_numbers()
    saved = TrialCheckpoint.of(job)
    for seed in seeds[len(saved.finished) :]:
        saved.finished.append(_run_seed(job, device, data, seed, saved, on_epoch))
    runs = saved.finished
    record = TrialRecord(
        cell=job.cell,
        widths=tuple(fusion.width for fusion in data.fusions),
        parameters=runs[0].parameters,
        data_digest=store.digest,
        settings=job.settings.model_dump(mode="json"),
        versions=environment.versions(),
        device=job.device,
        seeds=tuple(run.record for run in runs),
    )
    cost = Cost(
        wall_s=time.perf_counter() - began + saved.earlier_s,
        peak_memory_mb=environment.peak_memory_mb(),
        host=environment.host(),
        seeds=tuple(run.cost for run in runs),
    )
    devel, test = np.stack([run.devel for run in runs]), np.stack([run.test for run in runs])
    return Outcome(record, cost, predictions.pack(seeds, devel, test))


def derived_seed(cell: Cell, seed: int, purpose: str) -> int:
    """The number that seeds one random stream of a seed run: below 2**63, from identity alone."""
    return int(digest.of_value([cell.model_dump(mode="json"), seed, purpose])[:16], 16) >> 1


def build_parts(cell: Cell, settings: Settings, fusions: tuple[Steps, ...], train: Runs, device: Device) -> Parts:
    """A fresh network with its losses; weights are drawn from the CPU's global stream, whatever the device."""
    on = device.on
    network = Network(cell.branches, [fusion.width for fusion in fusions], settings).to(on)
    counts = torch.bincount(torch.from_numpy(train.classes), minlength=N_CLASSES)
    # One subtask needs no balance: its objective is the plain loss.
    weighting = settings.weighting if len(cell.branches) > 1 else "equal"
    return Parts(
        network,
        registry.load("losses", settings.loss).build(counts).to(on),
        registry.load("weightings", weighting).build(len(cell.branches)).to(on),
        fusions,
        device,
    )


@dataclass(frozen=True)
class _Data:
    fusions: tuple[Steps, ...]
    train: Runs
    devel: Runs  # masked included
    test: Runs  # masked included


@lru_cache(maxsize=2)
def _store(cache: Path, data_digest: str) -> FeatureStore:
    return open_store(cache, data_digest)


def _data(job: Job, store: FeatureStore, device: Device) -> _Data:
    target, settings = job.cell.target, job.settings
    data = _Data(
        tuple(device.take(Fusion(store, branch.features, settings)) for branch in job.cell.branches),
        train_windows(store.segments, target, settings.window, settings.hop),
        whole_segments(store.segments, target, "devel"),
        whole_segments(store.segments, target, "test"),
    )
    if not len(data.train) or not len(data.devel.labelled()):
        raise TrialFailed(f"{target} has no labelled segment in train or devel")
    return data


def _run_seed(
    job: Job, device: Device, data: _Data, seed: int, saved: TrialCheckpoint, on_epoch: Callable[[EpochEvent], None]
) -> SeedRun:
    def report(training: Training) -> None:
        history = training.history
        event = EpochEvent(seed=seed, epoch=history.epochs, devel_f1=history.devel_f1[-1], best_f1=history.best)
        # To the trial's log, and first: an epoch that is lost because a kill came before its checkpoint is seen there.
        sys.stderr.write(trial_log.epoch_line(event, history.train_loss[-1]))
        saved.keep(training)
        on_epoch(event)

    shuffle = torch.Generator().manual_seed(derived_seed(job.cell, seed, "shuffle"))
    with torch.random.fork_rng(devices=device.generators):  # a Way draws its weights, dropout its masks from them
        torch.manual_seed(derived_seed(job.cell, seed, "weights"))
        parts = build_parts(job.cell, job.settings, data.fusions, data.train, device)
        training = Training(parts, job.settings, shuffle)
        if (checkpoint := saved.take_training()) is not None:
            training.resume(checkpoint)
        try:
            history = fit(training, data.train, data.devel.labelled(), on_epoch=report)
        except TrialFailed as error:
            raise TrialFailed(f"seed {seed}: {error}") from None
    devel, test = (_predicted(parts, runs, seed) for runs in (data.devel, data.test))
    known = data.devel.classes >= 0
    predicted = devel[known].argmax(axis=1)
    record = SeedRecord(
        seed=seed,
        best_epoch=history.best_epoch,
        devel=scores(data.devel.classes[known], predicted),
        train_loss=tuple(history.train_loss),
        devel_f1=tuple(history.devel_f1),
        learning_rate=tuple(history.learning_rate),
        delta=tuple(history.delta),
        length_alone=is_length_alone(predicted, data.devel.length[known]),
    )
    return SeedRun(record, _cost(seed, history, data.train), parts.network.size(), devel, test)


def _predicted(parts: Parts, runs: Runs, seed: int) -> NDArray[np.float32]:
    """Class probabilities of every segment, labelled or not.

    Raises:
        TrialFailed: some are not finite; whoever takes their largest would read class 0.
    """
    found = predict(parts, runs)
    if not np.isfinite(found).all():
        raise TrialFailed(f"seed {seed}: predictions of its best epoch are not finite on segments without a label")
    return found


def _cost(seed: int, history: History, train: Runs) -> SeedCost:
    epochs = len(history.train_loss)
    steps = int(train.length.sum()) * epochs
    return SeedCost(
        seed=seed, wall_s=history.wall_s, epoch_s=history.wall_s / epochs, steps_per_s=steps / history.wall_s
    )
