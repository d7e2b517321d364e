"""Every Way as a user writes it from torch's own layers: batches padded to one length, key-padding and causal masks,
packed sequences, every step computed and the state read afterwards.

A second definition, against which the engine is tested and timed. It shares nothing with `search_spaces.ways` but the
initial weights, which `build` copies. Where torch offers a choice it is the faster one, so that ratios err low.
"""

from collections.abc import Callable, Mapping
from itertools import accumulate, pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.plain_parts import EfficientNet, Named, Part, Recurrent
from benchmarks.plain_transformer import SelfAttention, Transformer
from search_spaces.errors import unknown
from search_spaces.settings import N_CLASSES, Settings
from sweep.network import Network


def _bi_lstm(s: Settings) -> Recurrent:
    return Recurrent(s.hidden, s.hidden, 1, bidirectional=True)


WAYS: Mapping[str, Callable[[Settings], list[Part]]] = {
    "baseline": lambda s: [Recurrent(s.hidden, s.hidden, s.baseline_layers, s.baseline_bidirectional)],
    "way1": lambda s: [Transformer(s)],
    "way2": lambda s: [SelfAttention(s), _bi_lstm(s)],
    "way3": lambda s: [Transformer(s), _bi_lstm(s)],
    "way4": lambda s: [EfficientNet(s.hidden), _bi_lstm(s)],
    "way5": lambda s: [SelfAttention(s), EfficientNet(s.hidden), _bi_lstm(s)],
    "way6": lambda s: [Transformer(s), EfficientNet(s.hidden), _bi_lstm(s)],
}
"""Way -> its parts in the order of its title, after the projection to `hidden` columns."""


class PlainNetwork(nn.Module):
    """Projection, a Way's parts, the read-out, FC 64, ReLU, FC 5.

    Args:
        way: a name in `WAYS`.
        width: columns of the feature set.
        settings: hidden sizes and the read-out.

    Raises:
        SweepError: no such Way here.
    """

    def __init__(self, way: str, width: int, settings: Settings) -> None:
        super().__init__()
        if way not in WAYS:
            raise unknown("plain Way", way, WAYS)
        parts = WAYS[way](settings)
        self.projection = nn.Linear(width, settings.hidden, bias=False)
        self.parts = nn.ModuleList(parts)
        self.shared = nn.Linear(parts[-1].out_width, settings.hidden)
        self.head = nn.Linear(settings.hidden, N_CLASSES)
        self._readout = settings.readout
        self._replaced = [part.replaces for part in parts]
        # The official network is read at the last step, whatever its direction.
        self._both_ends = settings.readout == "final" and isinstance(parts[-1], Recurrent) and way != "baseline"

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Class logits.

        Args:
            x: (B, T, F), padded at the end.
            lengths: (B,) valid steps.

        Returns:
            (B, C)
        """
        valid = torch.arange(x.shape[1]) < lengths[:, None]  # (B, T)
        x = self.projection(x)
        for part in self.parts:
            x = part(x, lengths, valid)
        logits: Tensor = self.head(F.relu(self.shared(self._read(x, lengths, valid))))
        return logits

    def _read(self, states: Tensor, lengths: Tensor, valid: Tensor) -> Tensor:
        """(B, T, H) -> (B, H)."""
        if self._readout == "mean":
            return (states * valid[:, :, None]).sum(dim=1) / lengths[:, None]
        last = states[torch.arange(len(states)), lengths - 1]
        if not self._both_ends:
            return last
        half = states.shape[2] // 2
        return torch.cat([last[:, :half], states[:, 0, half:]], dim=1)

    def translate(self, theirs: Named) -> dict[str, Tensor]:
        """Values that belong to the engine's parameters, under the names of this network's.

        Args:
            theirs: by the names of a `Network` of one branch with the same Way; weights, or gradients.
        """
        last = sum(self._replaced) - 1
        chain = [_below(theirs, f"branches.0.parts.{at}.") for at in range(last)] + [
            _below(theirs, "branches.0.final.")
        ]
        named = {"projection.weight": theirs["branches.0.projection.weight"]}
        named |= {f"shared.{name}": value for name, value in _below(theirs, "shared.").items()}
        named |= {f"head.{name}": value for name, value in _below(theirs, "heads.0.").items()}
        for at, (low, high) in enumerate(pairwise([0, *accumulate(self._replaced)])):
            part = self.parts[at]
            assert isinstance(part, Part)
            named |= {f"parts.{at}.{name}": value for name, value in part.translate(chain[low:high]).items()}
        return named


def build(network: Network, way: str, settings: Settings) -> PlainNetwork:
    """The plain network with the weights of the engine's, so that both train to the same numbers.

    Args:
        network: of one branch.
        way: its Way.
        settings: those it was built with.

    Raises:
        ValueError: not every weight of the network has its place in the plain one.
    """
    theirs = dict(network.named_parameters())
    plain = PlainNetwork(way, theirs["branches.0.projection.weight"].shape[1], settings)
    plain.load_state_dict({name: value.detach() for name, value in plain.translate(theirs).items()})
    size = sum(parameter.numel() for parameter in plain.parameters())
    if size != network.size():
        raise ValueError(f"The plain {way} has {size} weights, the engine's {network.size()}.")
    return plain


def _below(theirs: Named, prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in theirs.items() if name.startswith(prefix)}
