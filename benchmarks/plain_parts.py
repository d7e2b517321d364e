"""The recurrent and the convolutional part of the Ways, from `nn.LSTM` and `nn.Conv1d`, and what every part offers."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

Named = Mapping[str, Tensor]
"""Parameter name -> its value, or its gradient."""


class Part(nn.Module, ABC):
    """One link of a Way.

    Attributes:
        out_width: columns out.
        replaces: how many parts of the engine's chain it stands for.
    """

    out_width: int
    replaces = 1

    @abstractmethod
    def forward(self, x: Tensor, lengths: Tensor, valid: Tensor) -> Tensor:
        """x (B, T, C), lengths (B,), valid (B, T) -> (B, T, out_width)."""

    @abstractmethod
    def translate(self, theirs: Sequence[Named]) -> dict[str, Tensor]:
        """The values of the engine's parts under the names and in the shapes of this part's parameters."""


class EfficientNet(Part):
    """Two Fused-MBConv blocks, expanding by 1 and by 4, and one MBConv block expanding by 4, on (B, C, T)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([FusedBlock(width, width), FusedBlock(width, 4 * width), Block(width, 4 * width)])
        self.out_width = width

    def forward(self, x: Tensor, lengths: Tensor, valid: Tensor) -> Tensor:  # noqa: ARG002 # every part is called alike
        """(B, T, C) -> (B, T, C)."""
        mask = valid[:, None].float()  # (B, 1, T)
        x = x.transpose(1, 2)
        for block in self.blocks:
            x = block(x, mask)
        return x.transpose(1, 2)

    def translate(self, theirs: Sequence[Named]) -> dict[str, Tensor]:
        """Every convolution is a product there, its width-3 kernels laid out (out, 3 * in) and (3, columns)."""
        named = {f"{name}.weight" if name.endswith("depthwise") else name: value for name, value in theirs[0].items()}
        return {name: _as_kernel(value, self.get_parameter(name).shape, name) for name, value in named.items()}


class FusedBlock(nn.Module):
    """x + project(SiLU(norm(conv3(x)))); no projection where nothing was expanded."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(width, inner, 3, padding=1, bias=False)
        self.norm = StepNorm(inner)
        self.project = _project(inner, width) if inner != width else nn.Identity()

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, C, T), mask (B, 1, T) -> (B, C, T)."""
        y: Tensor = x + self.project(F.silu(self.norm(self.conv(x * mask))))
        return y


class Block(nn.Module):
    """x + project(gated(SiLU(norm(depthwise3(SiLU(norm(expand(x)))))))), the gate from the mean over valid steps."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.expand = nn.Conv1d(width, inner, 1, bias=False)
        self.expand_norm = StepNorm(inner)
        self.depthwise = nn.Conv1d(inner, inner, 3, padding=1, groups=inner, bias=False)
        self.norm = StepNorm(inner)
        self.squeeze_excite = nn.ModuleDict(
            {"squeeze": nn.Linear(inner, width // 4), "excite": nn.Linear(width // 4, inner)}
        )
        self.project = _project(inner, width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, C, T), mask (B, 1, T) -> (B, C, T)."""
        y = F.silu(self.expand_norm(self.expand(x)))
        y = F.silu(self.norm(self.depthwise(y * mask)))
        mean = (y * mask).sum(dim=2) / mask.sum(dim=2)  # (B, inner)
        gate = torch.sigmoid(self.squeeze_excite["excite"](F.silu(self.squeeze_excite["squeeze"](mean))))
        out: Tensor = x + self.project(y * gate[:, :, None])
        return out


class StepNorm(nn.LayerNorm):
    """LayerNorm over the columns of (B, C, T)."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T) -> (B, C, T)."""
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


class Recurrent(Part):
    """torch's LSTM over packed sequences."""

    def __init__(self, width: int, hidden: int, layers: int, bidirectional: bool) -> None:
        super().__init__()
        self.lstm = nn.LSTM(width, hidden, layers, batch_first=True, bidirectional=bidirectional)
        self.out_width = hidden * (1 + bidirectional)
        self.replaces = layers

    def forward(self, x: Tensor, lengths: Tensor, valid: Tensor) -> Tensor:  # noqa: ARG002 # every part is called alike
        """(B, T, C) -> (B, T, out_width)."""
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        y, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=x.shape[1])
        return y

    def translate(self, theirs: Sequence[Named]) -> dict[str, Tensor]:
        """A layer is one part there, a direction one LSTM."""
        named = {}
        for layer, part in enumerate(theirs):
            for path, value in part.items():
                direction, name = path.split(".")
                ending = "_reverse" if direction == "back" else ""
                named[f"lstm.{name.removesuffix('_l0')}_l{layer}{ending}"] = value
        return named


def _project(inner: int, width: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv1d(inner, width, 1, bias=False), StepNorm(width))


def _as_kernel(value: Tensor, shape: torch.Size, name: str) -> Tensor:
    if len(shape) != 3:
        return value
    if name.endswith("depthwise.weight"):
        return value.t()[:, None]
    out, into, taps = shape
    return value.view(out, taps, into).transpose(1, 2)
