"""The frame all Ways share: a projection, then parts in a row, over segments padded at the end.

Letters in shapes: B segments, T steps, F columns in, H columns out.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Padding:
    """Which steps of a batch belong to its segments.

    Attributes:
        lengths: (B,) steps per segment.
        valid: (B, T) bool; None when every step is valid, so that no part pays for a mask it does not need.
    """

    lengths: Tensor
    valid: Tensor | None

    @classmethod
    def of(cls, lengths: Tensor, steps: int) -> "Padding":
        """The padding of segments in a batch of `steps` steps."""
        if int(lengths.min()) == steps:
            return cls(lengths, None)
        return cls(lengths, torch.arange(steps, device=lengths.device) < lengths[:, None])

    def last(self, x: Tensor) -> Tensor:
        """Each segment's last valid row: (B, T, H) -> (B, H)."""
        return x[torch.arange(len(x), device=x.device), self.lengths - 1]

    def zeroed(self, x: Tensor) -> Tensor:
        """x (B, T, H) with every row that belongs to no segment set to 0."""
        return x if self.valid is None else x * self.valid[:, :, None]


class Part(nn.Module, ABC):
    """One link of a chain; its valid output rows never depend on rows beyond a segment's length."""

    out_width: int

    @abstractmethod
    def forward(self, x: Tensor, padding: Padding) -> Tensor:
        """(B, T, in) -> (B, T, out_width)."""

    def last(self, x: Tensor, padding: Padding) -> Tensor:
        """(B, T, in) -> (B, out_width), the forward pass at each last valid step; a part overrides it to skip work."""
        return padding.last(self(x, padding))


class Chain(nn.Module):
    """A Way: Linear(F -> hidden, no bias), then its parts.

    The projection is ours: every Way is given as 64 wide, the feature sets are 35 to several thousand wide, and not
    all of those are multiples of the heads. It has no bias because the official baseline's input layer has none.

    Args:
        width: columns F of the feature set.
        hidden: columns of the projected sequence.
        parts: at least one, in the order of the Way's title.
    """

    def __init__(self, width: int, hidden: int, *parts: Part) -> None:
        super().__init__()
        self.projection = nn.Linear(width, hidden, bias=False)
        self.parts = nn.ModuleList(parts[:-1])
        self.final = parts[-1]
        self.out_width = self.final.out_width

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Every step's vector.

        Args:
            x: (B, T, F), each segment padded at its end.
            lengths: (B,) int64, 1 <= length <= T.

        Returns:
            (B, T, H); rows beyond a segment's length hold anything finite.
        """
        if x.ndim != 3 or lengths.shape != x.shape[:1]:
            raise ValueError(f"`x` must be (B, T, F), `lengths` (B,). Found {tuple(x.shape)}, {tuple(lengths.shape)}.")
        return self.states(self.projection(x), Padding.of(lengths, x.shape[1]))

    def project(self, steps: Tensor, lengths: Tensor) -> tuple[Tensor, Padding]:
        """The projection of valid steps alone, padded afterwards: no product and no memory for wide padding.

        Args:
            steps: (N, F) the steps of all segments, one segment after the other.
            lengths: (B,) int64, N in sum.

        Returns:
            (B, T, hidden), and its padding; for `states` or `last`.
        """
        narrow = self.projection(steps)  # (N, hidden)
        longest = int(lengths.max())
        padding = Padding.of(lengths, longest)
        shape = (len(lengths), longest, narrow.shape[1])
        if padding.valid is None:
            return narrow.view(shape), padding
        places = padding.valid.flatten().nonzero().squeeze(1)
        empty = narrow.new_zeros(shape[0] * shape[1], shape[2])
        return empty.index_copy(0, places, narrow).view(shape), padding

    def states(self, x: Tensor, padding: Padding) -> Tensor:
        """(B, T, hidden) projected -> (B, T, H), every step's vector."""
        y: Tensor = self.final(self._before_final(x, padding), padding)
        return y

    def last(self, x: Tensor, padding: Padding) -> Tensor:
        """What `states` gives at each segment's last valid step, without the work that step does not see.

        Exact, not approximate: the backward half of a Bi-LSTM has read one step there, and the last decoder layer
        needs one query.

        Returns:
            (B, H).
        """
        return self.final.last(self._before_final(x, padding), padding)

    def _before_final(self, x: Tensor, padding: Padding) -> Tensor:
        for part in self.parts:
            x = part(x, padding)
        return x
