"""One step of a training: the gradient of a batch's objective, and the predictions of a network as it stands."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from search_spaces.settings import N_CLASSES, Settings
from search_spaces.weightings._weighting import Weighting
from sweep.batches import Runs, chunks
from sweep.device import Device
from sweep.fusion import Steps
from sweep.network import Network

MAIN = 0
"""The subtask whose head predicts; the others only help to train it."""


@dataclass(frozen=True)
class Parts:
    """What is trained: a fresh network, how its losses combine, and what it reads."""

    network: Network
    loss: nn.Module  # (b, C), (b,) -> (b,)
    weighting: Weighting
    fusions: Sequence[Steps]  # one a branch
    device: Device


def backward(parts: Parts, train: Runs, batch: NDArray[np.int64], settings: Settings) -> float:
    """Adds the gradient of one batch, chunk by chunk; the batch's objective."""
    values: list[Tensor] = []
    for chunk in chunks(train.length, batch, parts.device.packing):
        logits = _logits(parts, train, chunk)  # (b, K, C)
        classes = torch.from_numpy(train.classes[chunk]).to(parts.device.on)
        losses = torch.stack([parts.loss(logits[:, k], classes).sum() for k in range(logits.shape[1])]) / len(batch)
        objective = parts.weighting.weighted(losses)
        torch.autograd.backward(objective)
        values.append(objective.detach())
    regulariser = parts.weighting.regulariser(parts.network.matrices(), settings.eta)
    if regulariser.requires_grad:
        torch.autograd.backward(regulariser)
    total = 0.0
    for value in torch.stack([*values, regulariser.detach()]).tolist():  # at once: a GPU is waited for once a batch
        total += value
    return total


def predict(parts: Parts, runs: Runs) -> NDArray[np.float32]:
    """The main head's class probabilities, (n, C), of whole segments in the order given."""
    probabilities = np.zeros((len(runs), N_CLASSES), np.float32)
    parts.network.eval()
    with torch.inference_mode():
        for chunk in chunks(runs.length, np.arange(len(runs)), parts.device.packing):
            probabilities[chunk] = _logits(parts, runs, chunk)[:, MAIN].softmax(dim=1).cpu().numpy()
    return probabilities


def _logits(parts: Parts, runs: Runs, chunk: NDArray[np.int64]) -> Tensor:
    starts, lengths = runs.start[chunk].tolist(), runs.length[chunk].tolist()
    inputs = [fusion.gather(starts, lengths) for fusion in parts.fusions]
    with parts.device.computing():
        logits: Tensor = parts.network(inputs, torch.tensor(lengths, device=parts.device.on))
    return logits.float()
