"""The whole network of a trial: one branch a subtask, a shared layer over their joined read-outs, one head each.

Paper III-D.2 and Fig. 2: the branches' outputs are concatenated into a shared hidden layer, then every subtask
classifies on its own (eq. 10). A single-target trial is the case of one branch; it then has the official baseline's
head: FC 64, ReLU, FC to the classes.
"""

from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from results.records import Branch
from search_spaces import registry
from search_spaces.settings import N_CLASSES, ReadOut, Settings
from search_spaces.ways._chain import Chain


class Network(nn.Module):
    """K branches to K heads.

    Args:
        branches: what each branch reads and with which Way; main subtask first.
        widths: columns of each branch's fused features.
        settings: hidden sizes and the read-out, which makes one state per segment out of one per step: "last" valid
            step (official baseline), "mean" over valid steps, or "final", the forward half at the last and the
            backward half at the first step ("last" for a Way that does not end in a Bi-LSTM).
    """

    def __init__(self, branches: Sequence[Branch], widths: Sequence[int], settings: Settings) -> None:
        super().__init__()
        ways = [registry.load("ways", branch.way) for branch in branches]
        self._bidirectional = [bool(way.BIDIRECTIONAL) for way in ways]
        self._readout: ReadOut = settings.readout
        chains: list[Chain] = [way.build(width, settings) for way, width in zip(ways, widths, strict=True)]
        self.branches = nn.ModuleList(chains)
        joined = sum(chain.out_width for chain in chains)
        self.shared = nn.Linear(joined, settings.hidden)
        self.heads = nn.ModuleList(nn.Linear(settings.hidden, N_CLASSES) for _ in branches)

    def forward(self, inputs: Sequence[Tensor], lengths: Tensor) -> Tensor:
        """Class logits of a batch.

        Args:
            inputs: K tensors (N, F_k), the steps of all segments, one segment after the other.
            lengths: (B,) steps of each segment, N in sum.

        Returns:
            (B, K, C)
        """
        states = [self._state(k, steps, lengths) for k, steps in enumerate(inputs)]
        shared = F.relu(self.shared(torch.cat(states, dim=1)))  # (B, H)
        return torch.stack([head(shared) for head in self.heads], dim=1)

    def _state(self, k: int, steps: Tensor, lengths: Tensor) -> Tensor:
        """(B, H_k) of one branch."""
        branch = cast(Chain, self.branches[k])
        x, padding = branch.project(steps, lengths)
        if self._readout == "mean":
            return _mean(branch.states(x, padding), lengths)
        if self._readout == "final" and self._bidirectional[k]:
            return _ends(branch.states(x, padding), lengths)
        return branch.last(x, padding)  # the last valid step, without the work it does not see

    def matrices(self) -> list[nn.Parameter]:
        """The θ of eq. 13: weight matrices, no biases and no norms' gains."""
        return [parameter for parameter in self.parameters() if parameter.dim() > 1]

    def size(self) -> int:
        """Trainable numbers."""
        return sum(parameter.numel() for parameter in self.parameters())


def _mean(states: Tensor, lengths: Tensor) -> Tensor:
    """(B, T, H) -> (B, H), over valid steps."""
    valid = torch.arange(states.shape[1], device=states.device) < lengths[:, None]
    return (states * valid[:, :, None]).sum(dim=1) / lengths[:, None]


def _ends(states: Tensor, lengths: Tensor) -> Tensor:
    """The forward half at the last valid step and the backward half at the first: both have seen every step."""
    half = states.shape[2] // 2
    last = states[torch.arange(len(states), device=states.device), lengths - 1]
    return torch.cat([last[:, :half], states[:, 0, half:]], dim=1)
