"""Where a trial computes: all that differs between a CPU and a GPU is here, so that the training loop is one.

On a GPU, torch is told to use deterministic algorithms alone and to refuse what has none. With them and the fixed
cuBLAS workspace of a worker's environment, which cuDNN's LSTMs need too, a trial's bytes depend on the card's model at
most. Precision is set by name, for torch's own default is TF32 in cuDNN's LSTMs and float32 in matrix products.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from torch import Tensor

from sweep import batches
from sweep.batches import Packing
from sweep.device_kind import Kind
from sweep.fusion import Fusion, Steps

_RESIDENT_MB = 1024.0
"""Of features, what every worker keeps on its GPU; more is sent batch by batch. It changes no digit."""
_BLOCK = 16384  # steps sent at a time


@dataclass(frozen=True)
class Device:
    """A kind of device in use.

    Attributes:
        kind: what results depend on.
        on: where tensors lie.
    """

    kind: Kind
    on: torch.device

    @classmethod
    def of(cls, spelled: str) -> Self:
        """The device of a kind; of several GPUs the first that this process sees."""
        kind = Kind.of(spelled)
        return cls(kind, torch.device(kind.type))

    @property
    def packing(self) -> Packing:
        """How batches are cut into chunks."""
        if self.kind.type == "cpu":
            return batches.CPU
        return replace(batches.CUDA, padded_steps=batches.CUDA.padded_steps // self.kind.cut)

    def settle(self) -> None:
        """Sets torch for a trial; what the trial before it left in the allocator is given back to the neighbours."""
        if self.on.type == "cpu":
            return
        torch.cuda.empty_cache()
        torch.set_deterministic_debug_mode("error")
        # Torch would else fill all memory that it hands out; nothing here reads what it has not written.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined] # a module's property
        products = "tf32" if self.kind.precision == "tf32" else "ieee"
        torch.backends.cuda.matmul.fp32_precision = products
        torch.backends.cudnn.fp32_precision = products  # of LSTMs and convolutions

    def take(self, fusion: Fusion) -> Steps:
        """A feature set to be read on this device."""
        if self.kind.type == "cpu":
            return fusion
        fits = 4 * fusion.steps * fusion.width <= _RESIDENT_MB * 2**20
        return Resident(fusion, self.on) if fits else Sent(fusion, self.on)

    def computing(self) -> AbstractContextManager[object]:
        """Around every forward pass."""
        reduced = self.kind.precision == "bfloat16" and self.kind.type != "cpu"
        return torch.autocast(self.on.type, torch.bfloat16) if reduced else nullcontext()

    @property
    def generators(self) -> list[int]:
        """The devices whose random streams training draws from, beside the CPU's."""
        return [] if self.on.type == "cpu" else [torch.cuda.current_device()]

    def random_state(self) -> dict[str, Tensor]:
        """The global streams by name: a Way draws its weights from the CPU's, dropout its masks from the device's."""
        streams = {"global": torch.get_rng_state()}
        return streams | {f"cuda.{index}": torch.cuda.get_rng_state(index) for index in self.generators}

    def restore(self, streams: Mapping[str, Tensor]) -> None:
        """Puts the streams back to where `random_state` found them."""
        torch.set_rng_state(streams["global"])
        for index in self.generators:
            torch.cuda.set_rng_state(streams[f"cuda.{index}"], index)


class Resident:
    """A feature set that lies on a device as a whole.

    Args:
        fusion: what is copied there.
        on: the device.
    """

    def __init__(self, fusion: Fusion, on: torch.device) -> None:
        self.width = fusion.width
        self._steps = torch.empty(fusion.steps, fusion.width, device=on)  # (N, F)
        for low in range(0, fusion.steps, _BLOCK):
            count = min(_BLOCK, fusion.steps - low)
            self._steps[low : low + count] = fusion.gather([low], [count])

    def gather(self, starts: Sequence[int], lengths: Sequence[int]) -> Tensor:
        """As `Fusion.gather`, there."""
        count = np.asarray(lengths)
        before = np.cumsum(count) - count  # rows of the result above each run
        rows = np.repeat(np.asarray(starts) - before, count) + np.arange(count.sum())
        return self._steps.index_select(0, torch.from_numpy(rows).to(self._steps.device))


class Sent:
    """A feature set that is sent to a device batch by batch.

    Args:
        fusion: what is sent.
        on: the device.
    """

    def __init__(self, fusion: Fusion, on: torch.device) -> None:
        self.width = fusion.width
        self._fusion = fusion
        self._on = on

    def gather(self, starts: Sequence[int], lengths: Sequence[int]) -> Tensor:
        """As `Fusion.gather`, there."""
        batch = self._fusion.gather(starts, lengths, pinned=self._on.type == "cuda")
        return batch.to(self._on, non_blocking=True)
