"""The training loop. There is one: a single-target trial is the multitask case with one subtask.

Source: paper IV-B (Adam, 1e-3, 100 epochs); where it is silent the official baseline (plateau schedule on the devel
score, early stopping, best epoch by devel macro-F1, windows on train and whole segments elsewhere).
"""

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, cast

import numpy as np
import torch
from pydantic import TypeAdapter
from torch import Tensor
from torch.optim.lr_scheduler import ReduceLROnPlateau

from results.metrics import macro_f1
from search_spaces.settings import N_CLASSES, Settings
from sweep.batches import Runs
from sweep.checkpoint import Checkpoint, below, nested
from sweep.job import TrialFailed
from sweep.objective import Parts, backward, predict


@dataclass
class History:
    """What every epoch measured."""

    train_loss: list[float] = field(default_factory=list)
    devel_f1: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    delta: list[tuple[float, ...]] = field(default_factory=list)
    best_epoch: int = 0  # 1-based
    wall_s: float = 0.0

    @property
    def epochs(self) -> int:
        """How many are trained."""
        return len(self.devel_f1)

    @property
    def best(self) -> float:
        """The best devel score so far; -1 before the first epoch."""
        return self.devel_f1[self.best_epoch - 1] if self.best_epoch else -1.0


class Training:
    """A training under way: what its next epoch depends on, and what the past ones measured.

    Args:
        parts: network and losses, changed in place.
        settings: how long and how fast.
        shuffle: draws the batches.
    """

    def __init__(self, parts: Parts, settings: Settings, shuffle: torch.Generator) -> None:
        self._parts = parts
        self._settings = settings
        self._shuffle = shuffle
        learned = [*parts.network.parameters(), *parts.weighting.parameters()]
        self._optimiser = torch.optim.Adam(learned, lr=settings.learning_rate, fused=True)
        self._plateau = ReduceLROnPlateau(
            self._optimiser,
            factor=settings.plateau_factor,
            patience=settings.plateau_patience,
            min_lr=settings.min_learning_rate,
        )
        self._best_weights: dict[str, Tensor] = {}
        self.history = History()

    @property
    def finished(self) -> bool:
        """Whether every epoch is trained, or the devel score has stopped rising."""
        epochs = self.history.epochs
        return epochs >= self._settings.epochs or epochs - self.history.best_epoch >= self._settings.patience

    def train_epoch(self, train: Runs, devel: Runs) -> None:
        """One pass over all windows, its score, and what follows from it for the next.

        Raises:
            TrialFailed: loss or predictions became NaN or infinite; names the epoch, and the batch of a loss.
        """
        began, history, epoch = time.perf_counter(), self.history, self.history.epochs + 1
        history.learning_rate.append(self._optimiser.param_groups[0]["lr"])
        history.train_loss.append(self._pass(train, epoch))
        score = _devel_score(self._parts, devel, epoch)
        if len(self._parts.fusions) > 1:
            history.delta.append(tuple(self._parts.weighting.delta.tolist()))
        if score > history.best:
            history.best_epoch = epoch
            self._best_weights = {name: value.clone() for name, value in self._parts.network.state_dict().items()}
        history.devel_f1.append(score)
        self._plateau.step(1 - score)
        history.wall_s += time.perf_counter() - began

    def _pass(self, train: Runs, epoch: int) -> float:
        """Trains on every window once; the mean objective over them."""
        self._parts.network.train()
        order = torch.randperm(len(train), generator=self._shuffle).numpy()
        total, size = 0.0, self._settings.batch_size
        for number, low in enumerate(range(0, len(order), size), start=1):
            batch = order[low : low + size]
            self._optimiser.zero_grad()
            value = backward(self._parts, train, batch, self._settings)
            if not math.isfinite(value):
                raise TrialFailed(f"the loss is {value} in epoch {epoch}, batch {number}")
            self._optimiser.step()
            total += value * len(batch)
        return total / len(order)

    def take_best(self) -> None:
        """Puts the best epoch's weights into the network."""
        self._parts.network.load_state_dict(self._best_weights)

    def checkpoint(self) -> Checkpoint:
        """Everything from which `resume` goes on, bit by bit; at least one epoch is trained."""
        tensors = {"shuffle": self._shuffle.get_state()}
        tensors |= self._parts.device.random_state()
        tensors |= nested("network", self._parts.network.state_dict())
        tensors |= nested("weighting", self._parts.weighting.state_dict())
        tensors |= nested("best", self._best_weights)
        for index, moments in self._optimiser.state_dict()["state"].items():
            tensors |= nested(f"adam.{index}", moments)
        rate = self._optimiser.param_groups[0]["lr"]
        plateau = {name: value for name, value in self._plateau.state_dict().items() if name in _PLATEAU}
        state = {"history": asdict(self.history), "rate": rate, "plateau": plateau}
        return Checkpoint(tensors, state)

    def resume(self, checkpoint: Checkpoint) -> None:
        """Goes on from a checkpoint of the same training."""
        tensors, state = checkpoint.tensors, cast(dict[str, Any], checkpoint.state)
        self.history = _HISTORY.validate_python(state["history"])
        self._shuffle.set_state(tensors["shuffle"])
        self._parts.device.restore(tensors)
        self._parts.network.load_state_dict(below("network", tensors))
        self._parts.weighting.load_state_dict(below("weighting", tensors))
        self._best_weights = below("best", tensors)
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in below("adam", tensors).items():
            index, _, kind = name.partition(".")
            moments.setdefault(int(index), {})[kind] = value
        groups = self._optimiser.state_dict()["param_groups"]
        groups[0]["lr"] = state["rate"]
        self._optimiser.load_state_dict({"state": moments, "param_groups": groups})
        self._plateau.load_state_dict(state["plateau"])


def fit(training: Training, train: Runs, devel: Runs, *, on_epoch: Callable[[Training], None]) -> History:
    """Trains until the devel score has stopped rising, and leaves the best epoch's weights in the network.

    Args:
        training: fresh, or resumed.
        train: labelled windows.
        devel: labelled whole segments.
        on_epoch: called after every epoch.

    Raises:
        TrialFailed: as `Training.train_epoch`.
    """
    while not training.finished:
        training.train_epoch(train, devel)
        on_epoch(training)
    training.take_best()
    return training.history


def _devel_score(parts: Parts, devel: Runs, epoch: int) -> float:
    probabilities = predict(parts, devel)
    if not np.isfinite(probabilities).all():  # argmax would read NaN as class 0 and score it
        raise TrialFailed(f"the devel predictions are not finite after epoch {epoch}")
    cells = np.bincount(devel.classes * N_CLASSES + probabilities.argmax(axis=1), minlength=N_CLASSES**2)
    return macro_f1(cells.reshape(N_CLASSES, N_CLASSES))


_HISTORY = TypeAdapter(History)
_PLATEAU = ("best", "num_bad_epochs", "cooldown_counter", "last_epoch")
"""What changes in a ReduceLROnPlateau; the rest is settings."""
