"""What an epoch takes: measured on a few real batches of this machine and this data, never guessed."""

import statistics
import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict

from results.records import Branch, Cell
from search_spaces.settings import Settings
from sweep.batches import Runs, train_windows, whole_segments
from sweep.device import Device
from sweep.feature_store import FeatureStore
from sweep.fusion import Fusion
from sweep.objective import Parts, backward, predict
from sweep.trial import build_parts

_WINDOWS = 48
"""Windows timed per branch: about two chunks, a second at most."""
_PASSES, _TIMED_S = 4, 0.3


class Speed(BaseModel):
    """How fast one branch trains on one worker."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    train_step_s: float  # forward and backward of one step
    devel_step_s: float  # forward of one step

    def epoch_s(self, train_steps: int, devel_steps: int) -> float:
        """Seconds of one epoch with its evaluation."""
        return self.train_step_s * train_steps + self.devel_step_s * devel_steps


@dataclass(frozen=True)
class Workload:
    """Steps of one epoch of one target."""

    train_steps: int
    devel_steps: int


def workload(store: FeatureStore, target: str, settings: Settings) -> Workload:
    """Steps that one epoch trains and scores."""
    train = train_windows(store.segments, target, settings.window, settings.hop)
    devel = whole_segments(store.segments, target, "devel").labelled()
    return Workload(int(train.length.sum()), int(devel.length.sum()))


def measure(store: FeatureStore, target: str, branch: Branch, settings: Settings) -> Speed:
    """Times one branch on a few windows and segments of the data itself, on one thread as a worker has."""
    cell = Cell(target=target, branches=(branch,))
    train = _some(train_windows(store.segments, target, settings.window, settings.hop))
    devel = _some(whole_segments(store.segments, target, "devel").labelled())
    fusion = Fusion(store, branch.features, settings)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):  # the weights are of no interest, the caller's stream is
            parts = build_parts(cell, settings, (fusion,), train, Device.of("cpu"))
        return Speed(
            train_step_s=_step_s(parts, train, settings, training=True),
            devel_step_s=_step_s(parts, devel, settings, training=False),
        )
    finally:
        torch.set_num_threads(threads)


def data_mb(store: FeatureStore, features: Iterable[str]) -> float:
    """What workers map of these raw features: a page that one has read is there for all of them."""
    return sum(4 * store.segments.n_steps * store.widths[name] for name in features) / 2**20


def _some(runs: Runs) -> Runs:
    """An even spread over the runs by length, so that the sample is as ragged as the whole."""
    order = np.argsort(runs.length, kind="stable")
    chosen = order[np.linspace(0, len(order) - 1, min(_WINDOWS, len(order))).astype(int)]
    return Runs(runs.start[chosen], runs.length[chosen], runs.classes[chosen])


def _step_s(parts: Parts, runs: Runs, settings: Settings, *, training: bool) -> float:
    """Seconds a step, after one pass that warms caches and allocators; 0 where there is nothing to do.

    Of processor time, for what others do on the machine just now they will not do all the while; the median of as many
    passes as fit into the time, and of three at least.
    """
    if not len(runs):
        return 0.0
    took: list[float] = []
    while len(took) < _PASSES or sum(took) < _TIMED_S:
        began = time.thread_time()
        if training:
            backward(parts, runs, np.arange(len(runs)), settings)
        else:
            predict(parts, runs)
        took.append(time.thread_time() - began)
    return statistics.median(took[1:]) / int(runs.length.sum())
