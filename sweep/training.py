"""The training loop. There is one: a single-target trial is the multitask case with one subtask.

Source: paper IV-B (Adam, 1e-3, 100 epochs); where it is silent the official baseline (plateau schedule on the devel
score, early stopping, best epoch by devel macro-F1, windows on train and whole segments elsewhere).
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from results.metrics import macro_f1
from search_spaces.settings import N_CLASSES, Settings
from search_spaces.weightings._weighting import Weighting
from sweep.batches import Runs, chunks
from sweep.fusion import Fusion
from sweep.job import TrialFailed
from sweep.network import Network

MAIN = 0
"""The subtask whose head predicts; the others only help to train it."""


@dataclass(frozen=True)
class Parts:
    """What is trained: a fresh network, how its losses combine, and what it reads."""

    network: Network
    loss: nn.Module  # (b, C), (b,) -> (b,)
    weighting: Weighting
    fusions: Sequence[Fusion]  # one a branch
    device: torch.device


@dataclass
class History:
    """What every epoch measured."""

    train_loss: list[float] = field(default_factory=list)
    devel_f1: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    delta: list[tuple[float, ...]] = field(default_factory=list)
    best_epoch: int = 0  # 1-based
    wall_s: float = 0.0


def fit(
    parts: Parts,
    train: Runs,
    devel: Runs,
    settings: Settings,
    *,
    shuffle: torch.Generator,
    on_epoch: Callable[[int, float, float], None],
) -> History:
    """Trains until the devel score has stopped rising, and leaves the best epoch's weights in the network.

    Args:
        parts: network and losses, changed in place.
        train: labelled windows.
        devel: labelled whole segments.
        settings: how long and how fast.
        shuffle: draws the batches.
        on_epoch: told (epoch, devel macro-F1, best so far) after every epoch.

    Raises:
        TrialFailed: loss or predictions became NaN or infinite; names the epoch, and the batch of a loss.
    """
    learned = [*parts.network.parameters(), *parts.weighting.parameters()]
    optimiser = torch.optim.Adam(learned, lr=settings.learning_rate, fused=True)
    plateau = ReduceLROnPlateau(
        optimiser,
        factor=settings.plateau_factor,
        patience=settings.plateau_patience,
        min_lr=settings.min_learning_rate,
    )
    history, best, best_weights = History(), -1.0, {}
    began = time.perf_counter()
    for epoch in range(1, settings.epochs + 1):
        history.learning_rate.append(optimiser.param_groups[0]["lr"])
        history.train_loss.append(_train_epoch(parts, train, settings, shuffle, optimiser, epoch=epoch))
        score = _devel_score(parts, devel, epoch)
        history.devel_f1.append(score)
        if len(parts.fusions) > 1:
            history.delta.append(tuple(parts.weighting.delta.tolist()))
        if score > best:
            best, history.best_epoch = score, epoch
            best_weights = {name: value.clone() for name, value in parts.network.state_dict().items()}
        on_epoch(epoch, score, best)
        if epoch - history.best_epoch >= settings.patience:
            break
        plateau.step(1 - score)
    parts.network.load_state_dict(best_weights)
    history.wall_s = time.perf_counter() - began
    return history


def predict(parts: Parts, runs: Runs) -> NDArray[np.float32]:
    """The main head's class probabilities, (n, C), of whole segments in the order given."""
    probabilities = np.zeros((len(runs), N_CLASSES), np.float32)
    parts.network.eval()
    with torch.inference_mode():
        for chunk in chunks(runs.length, np.arange(len(runs))):
            probabilities[chunk] = _logits(parts, runs, chunk)[:, MAIN].softmax(dim=1).cpu().numpy()
    return probabilities


def _train_epoch(
    parts: Parts,
    train: Runs,
    settings: Settings,
    shuffle: torch.Generator,
    optimiser: torch.optim.Optimizer,
    *,
    epoch: int,
) -> float:
    """One pass over all windows; the mean objective over them."""
    parts.network.train()
    order = torch.randperm(len(train), generator=shuffle).numpy()
    total = 0.0
    for number, low in enumerate(range(0, len(order), settings.batch_size), start=1):
        batch = order[low : low + settings.batch_size]
        optimiser.zero_grad()
        value = backward(parts, train, batch, settings)
        if not math.isfinite(value):
            raise TrialFailed(f"the loss is {value} in epoch {epoch}, batch {number}")
        optimiser.step()
        total += value * len(batch)
    return total / len(order)


def backward(parts: Parts, train: Runs, batch: NDArray[np.int64], settings: Settings) -> float:
    """Adds the gradient of one batch, chunk by chunk; the batch's objective."""
    value = 0.0
    for chunk in chunks(train.length, batch):
        logits = _logits(parts, train, chunk)  # (b, K, C)
        classes = torch.from_numpy(train.classes[chunk]).to(parts.device)
        losses = torch.stack([parts.loss(logits[:, k], classes).sum() for k in range(logits.shape[1])]) / len(batch)
        objective = parts.weighting.weighted(losses)
        torch.autograd.backward(objective)
        value += objective.item()
    regulariser = parts.weighting.regulariser(parts.network.matrices(), settings.eta)
    if regulariser.requires_grad:
        torch.autograd.backward(regulariser)
    return value + regulariser.item()


def _devel_score(parts: Parts, devel: Runs, epoch: int) -> float:
    probabilities = predict(parts, devel)
    if not np.isfinite(probabilities).all():  # argmax would read NaN as class 0 and score it
        raise TrialFailed(f"the devel predictions are not finite after epoch {epoch}")
    cells = np.bincount(devel.classes * N_CLASSES + probabilities.argmax(axis=1), minlength=N_CLASSES**2)
    return macro_f1(cells.reshape(N_CLASSES, N_CLASSES))


def _logits(parts: Parts, runs: Runs, chunk: NDArray[np.int64]) -> Tensor:
    starts, lengths = runs.start[chunk].tolist(), runs.length[chunk].tolist()
    inputs = [fusion.gather(starts, lengths).to(parts.device) for fusion in parts.fusions]
    logits: Tensor = parts.network(inputs, torch.tensor(lengths, device=parts.device))
    return logits
