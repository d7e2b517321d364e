"""Five seeds of a cell as one network: a batched product per layer, compared with five networks in turn.

The best case for stacking: all seeds read the same chunk. Seeds shuffle on their own, so that real chunks differ in
shape and would have to be padded to the largest of the five.
"""

import copy
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import cast
from unittest.mock import patch

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from sweep.batches import Runs
from sweep.network import Network
from sweep.objective import Parts

_SIZES = (4, 16, 64)  # segments in a chunk; a batch of 256 windows has chunks of about 20 to 60
_Chunk = tuple[Tensor, Tensor, Tensor]  # x (B, T, F), lengths (B,), classes (B,)

_linear, _norm, _lstm = nn.Linear.forward, nn.LayerNorm.forward, nn.LSTM.forward


def compare(seeds: Sequence[Parts], train: Runs, rounds: int) -> Iterator[tuple[str, float, float]]:
    """Yields (chunk, seconds of the seeds in turn, seconds stacked), medians of a forward and backward pass."""
    networks = [parts.network for parts in seeds]
    if any(parameter.dim() > 2 or "depthwise" in name for name, parameter in networks[0].named_parameters()):
        return  # EfficientNet has a parameter of its own outside of a layer
    one = _stacked(networks)
    by_length = np.argsort(train.length, kind="stable")
    for size in _SIZES:
        middle = len(by_length) // 2
        chunk = _chunk(seeds[0], train, by_length[middle - size // 2 : middle - size // 2 + size])
        took: tuple[list[float], list[float]] = ([], [])
        for _ in range(rounds + 1):
            took[0].append(_seconds(_in_turn, networks, chunk))
            with (
                patch.object(nn.Linear, "forward", _stacked_linear),
                patch.object(nn.LayerNorm, "forward", _stacked_norm),
                patch.object(nn.LSTM, "forward", _stacked_lstm),
            ):
                took[1].append(_seconds(_at_once, [one] * len(seeds), chunk))
        steps = int(chunk[1].max())
        in_turn, stacked = (statistics.median(found[1:]) for found in took)
        yield f"{len(chunk[1])} × {steps}", in_turn, stacked


def _stacked(networks: Sequence[Network]) -> Network:
    """A network whose layers hold the weights of all: (S, out, in)."""
    one = copy.deepcopy(networks[0])
    for name, layer in list(one.named_modules()):
        same = [network.get_submodule(name) for network in networks]
        if isinstance(layer, nn.LSTM):
            layer.seeds = nn.ModuleList(copy.deepcopy(same))
        elif isinstance(layer, nn.Linear | nn.LayerNorm):
            for kind, parameter in list(layer.named_parameters()):
                together = torch.stack([one_of.get_parameter(kind).detach() for one_of in same])
                setattr(layer, kind, nn.Parameter(together))
                assert parameter.shape == together.shape[1:]
    return one


def _stacked_linear(layer: nn.Linear, x: Tensor) -> Tensor:
    if layer.weight.dim() == 2:
        return _linear(layer, x)
    rows, weight = x.reshape(len(layer.weight), -1, x.shape[-1]), layer.weight.transpose(1, 2)
    y = torch.bmm(rows, weight) if layer.bias is None else torch.baddbmm(layer.bias[:, None], rows, weight)
    return y.view(*x.shape[:-1], -1)


def _stacked_norm(layer: nn.LayerNorm, x: Tensor) -> Tensor:
    if layer.weight.dim() == 1:
        return _norm(layer, x)
    y = F.layer_norm(x, layer.normalized_shape).view(len(layer.weight), -1, x.shape[-1])
    return torch.addcmul(layer.bias[:, None], y, layer.weight[:, None]).view(x.shape)


def _stacked_lstm(layer: nn.LSTM, x: Tensor) -> tuple[Tensor, None]:
    """oneDNN's LSTM takes one set of weights, so these run in turn."""
    if not hasattr(layer, "seeds"):
        return _lstm(layer, x)[0], None
    seeds = cast(Sequence[nn.LSTM], layer.seeds)
    return torch.cat([_lstm(seed, part)[0] for seed, part in zip(seeds, x.chunk(len(seeds)), strict=True)]), None


def _chunk(parts: Parts, train: Runs, chosen: NDArray[np.int64]) -> _Chunk:
    starts, lengths = train.start[chosen].tolist(), train.length[chosen].tolist()
    return parts.fusions[0].gather(starts, lengths), torch.tensor(lengths), torch.from_numpy(train.classes[chosen])


def _in_turn(networks: Sequence[Network], chunk: _Chunk) -> None:
    x, lengths, classes = chunk
    for network in networks:
        network.zero_grad()
        torch.autograd.backward(F.cross_entropy(network([x], lengths)[:, 0], classes, reduction="sum"))


def _at_once(stacked: Sequence[Network], chunk: _Chunk) -> None:
    """`stacked` is the one network, as often as it holds seeds."""
    network = stacked[0]
    network.zero_grad()
    x, lengths, classes = (torch.cat([part] * len(stacked)) for part in chunk)
    torch.autograd.backward(F.cross_entropy(network([x], lengths)[:, 0], classes, reduction="sum"))


def _seconds(step: Callable[[Sequence[Network], _Chunk], None], networks: Sequence[Network], chunk: _Chunk) -> float:
    began = time.process_time()
    step(networks, chunk)
    return time.process_time() - began
