"""One network in training as `levers.py` times it: an epoch, an evaluation, no schedule and no stopping."""

import torch

from results.records import Branch, Cell
from search_spaces.settings import Settings
from sweep.batches import train_windows, whole_segments
from sweep.device import Device
from sweep.fusion import Fusion
from sweep.objective import backward, predict
from sweep.opened import Data
from sweep.trial import build_parts


class Training:
    """One network in training, built as a trial builds it."""

    def __init__(self, data: Data, features: str, way: str, settings: Settings, seed: int = 0) -> None:
        self.settings, target = settings, next(iter(data.store.segments.classes))
        torch.manual_seed(seed)
        cell = Cell(target=target, branches=(Branch(features=features, way=way),))
        self.train = train_windows(data.store.segments, target, settings.window, settings.hop)
        self.devel = whole_segments(data.store.segments, target, "devel")
        fusions = (Fusion(data.store, features, settings),)
        self.parts = build_parts(cell, settings, fusions, self.train, Device.of("cpu"))
        self.optimiser = torch.optim.Adam(self.parts.network.parameters(), lr=settings.learning_rate, fused=True)
        self.shuffle = torch.Generator().manual_seed(seed)

    def epoch(self) -> float:
        """The mean loss of one pass over all windows."""
        self.parts.network.train()
        order, total = torch.randperm(len(self.train), generator=self.shuffle).numpy(), 0.0
        for low in range(0, len(order), self.settings.batch_size):
            batch = order[low : low + self.settings.batch_size]
            self.optimiser.zero_grad()
            total += backward(self.parts, self.train, batch, self.settings) * len(batch)
            self.optimiser.step()
        return total / len(order)

    def evaluate(self) -> None:
        """Scores devel."""
        predict(self.parts, self.devel)
