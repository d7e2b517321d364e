"""EfficientNetV2 in one dimension: three residual blocks over steps, laid out (B, T, C).

Measured with one thread at 64 segments of 50 steps, 64 columns, forward and backward pass: a width-3 convolution as
one product over three shifted copies takes 0.63 of `nn.Conv1d`'s time to 64 columns and 0.96 to 256 (`nn.Conv1d` pays
for its transposes), and LayerNorm over columns needs this layout anyway.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from search_spaces.ways._chain import Padding, Part


@dataclass(frozen=True)
class Block:
    """One row of the network's table: kernel 3, stride 1, as wide out as in, so that every block has its residual."""

    fused: bool  # Fused-MBConv: one width-3 convolution in place of 1×1 expansion and depthwise convolution
    expand: int
    squeeze: float = 0.0  # columns of squeeze-excite over columns in; 0 for none


BLOCKS = (Block(fused=True, expand=1), Block(fused=True, expand=4), Block(fused=False, expand=4, squeeze=0.25))
"""Ours, in the order of EfficientNetV2-S's stages (Tan & Le 2021): the paper gives no depths, widths or strides.
The original strides shrink 32 steps to one; a segment may have one step and a Bi-LSTM follows, so the stride is 1."""


class EfficientNet(Part):
    """The blocks of `BLOCKS`, one after the other; the Way's projection is the stem.

    Source: paper III-D ("a one-dimensional convolution layer to replace the two-dimensional") and Tan & Le 2021. SiLU
    throughout. In place of BatchNorm stands LayerNorm over the columns of each step: it depends neither on padding,
    nor on the other segments of a batch, nor on how a batch is cut into chunks, and training and evaluation agree.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(FusedMBConv(width, b) if b.fused else MBConv(width, b) for b in BLOCKS)
        self.out_width = width

    def forward(self, x: Tensor, padding: Padding) -> Tensor:
        """(B, T, width) -> (B, T, width)."""
        for block in self.blocks:
            x = block(x, padding)
        return x


class FusedMBConv(nn.Module):
    """x + project(SiLU(norm(conv3(x)))); without expansion there is no projection."""

    def __init__(self, width: int, block: Block) -> None:
        super().__init__()
        inner = width * block.expand
        self.conv = nn.Linear(3 * width, inner, bias=False)  # columns: step t-1, t, t+1; same initial range as Conv1d
        self.norm = nn.LayerNorm(inner)
        self.project = _Projection(inner, width) if block.expand != 1 else nn.Identity()

    def forward(self, x: Tensor, padding: Padding) -> Tensor:
        """(B, T, width) -> (B, T, width)."""
        widened = F.pad(padding.zeroed(x), (0, 0, 1, 1))  # (B, T + 2, width)
        around = torch.cat([widened[:, :-2], widened[:, 1:-1], widened[:, 2:]], dim=-1)  # (B, T, 3 * width)
        y: Tensor = x + self.project(F.silu(self.norm(self.conv(around))))
        return y


class MBConv(nn.Module):
    """x + project(squeeze-excite(SiLU(norm(depthwise3(SiLU(norm(expand(x))))))))."""

    def __init__(self, width: int, block: Block) -> None:
        super().__init__()
        inner = width * block.expand
        self.expand = nn.Linear(width, inner, bias=False)
        self.expand_norm = nn.LayerNorm(inner)
        self.depthwise = nn.Parameter(torch.empty(3, inner))
        nn.init.uniform_(self.depthwise, -(3**-0.5), 3**-0.5)  # as Conv1d with 3 inputs per output
        self.norm = nn.LayerNorm(inner)
        squeezed = int(width * block.squeeze)
        self.squeeze_excite = SqueezeExcite(inner, max(1, squeezed)) if block.squeeze else None
        self.project = _Projection(inner, width)

    def forward(self, x: Tensor, padding: Padding) -> Tensor:
        """(B, T, width) -> (B, T, width)."""
        y = padding.zeroed(F.silu(self.expand_norm(self.expand(x))))
        y = F.silu(self.norm(_Depthwise.apply(y, self.depthwise)))  # type: ignore[no-untyped-call] # torch has no types here
        if self.squeeze_excite is not None:
            y = self.squeeze_excite(y, padding)
        out: Tensor = x + self.project(y)
        return out


class SqueezeExcite(nn.Module):
    """Scales each column by a gate computed from its mean over the segment's valid steps."""

    def __init__(self, width: int, squeezed: int) -> None:
        super().__init__()
        self.squeeze, self.excite = nn.Linear(width, squeezed), nn.Linear(squeezed, width)

    def forward(self, x: Tensor, padding: Padding) -> Tensor:
        """(B, T, width) -> (B, T, width)."""
        mean = padding.zeroed(x).sum(dim=1) / padding.lengths[:, None]  # (B, width)
        gate = torch.sigmoid(self.excite(F.silu(self.squeeze(mean))))
        return x * gate[:, None]


class _Projection(nn.Sequential):
    """1×1 convolution and norm, no activation."""

    def __init__(self, inner: int, width: int) -> None:
        super().__init__(nn.Linear(inner, width, bias=False), nn.LayerNorm(width))


class _Depthwise(torch.autograd.Function):
    """Width-3 depthwise convolution of (B, T, C) as three multiply-adds.

    Its own gradient, because autograd keeps every shifted product: 0.44 of its time, 0.29 of grouped `nn.Conv1d`'s.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        y = x * weight[1]
        y[:, 1:].addcmul_(x[:, :-1], weight[0])
        y[:, :-1].addcmul_(x[:, 1:], weight[2])
        return y

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        x, weight = ctx.saved_tensors
        for_x = grad * weight[1]
        for_x[:, :-1].addcmul_(grad[:, 1:], weight[0])
        for_x[:, 1:].addcmul_(grad[:, :-1], weight[2])
        pairs = ((x[:, :-1], grad[:, 1:]), (x, grad), (x[:, 1:], grad[:, :-1]))
        return for_x, torch.stack([(a * b).sum(dim=(0, 1)) for a, b in pairs])
