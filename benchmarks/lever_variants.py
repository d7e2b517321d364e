"""The engine with one thing changed: what `levers.py` times. Small and readable; none of this is a second engine."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from unittest.mock import patch

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from search_spaces.ways._attention import Attention
from search_spaces.ways._chain import Chain, Padding
from search_spaces.ways._recurrent import BiLstm, Lstm
from search_spaces.ways._transformer import DecoderLayer, EncoderLayer
from sweep import batches, objective
from sweep.batches import Packing
from sweep.network import Network

AS_IS = "as it is"
_Change = Callable[[], AbstractContextManager[object]]
_Chunks = Iterator[NDArray[np.int64]]

_TRANSFORMERS = ("way1", "way3", "way6")
_ATTENTION = ("way1", "way2", "way3", "way5", "way6")
_LSTM = ("baseline", "way2", "way3", "way4", "way5", "way6")


@dataclass(frozen=True)
class Lever:
    """One thing changed.

    Attributes:
        name: as --levers takes it.
        change: makes the context in which the engine is changed.
        ways: those it applies to; empty for all.
        slow: only timed when asked for.
    """

    name: str
    change: _Change
    ways: tuple[str, ...] = ()
    slow: bool = False

    def applies_to(self, way: str) -> bool:
        """Whether the Way has what is changed."""
        return not self.ways or way in self.ways


@contextmanager
def _denormals() -> Iterator[None]:
    torch.set_flush_denormal(False)
    try:
        yield
    finally:
        torch.set_flush_denormal(True)


def _longest_first(lengths: NDArray[np.int64], chosen: NDArray[np.int64]) -> NDArray[np.int64]:
    return chosen[np.argsort(-lengths[chosen], kind="stable")]


def _whole_batch(lengths: NDArray[np.int64], chosen: NDArray[np.int64], packing: Packing) -> _Chunks:
    """Trains on a batch padded to its longest window; evaluates as the engine does."""
    if torch.is_inference_mode_enabled():
        yield from batches.chunks(lengths, chosen, packing)
    else:
        yield _longest_first(lengths, chosen)


def _one_by_one(lengths: NDArray[np.int64], chosen: NDArray[np.int64], packing: Packing) -> _Chunks:
    """Evaluates with batch size 1; trains as the engine does."""
    yield from chosen[:, None] if torch.is_inference_mode_enabled() else batches.chunks(lengths, chosen, packing)


def _bounded_waste(lengths: NDArray[np.int64], chosen: NDArray[np.int64], _: Packing) -> _Chunks:
    """Fills a chunk until its padding passes a fifth of its valid steps: what the engine did first."""
    order, low = _longest_first(lengths, chosen), 0
    while low < len(order):
        valid, high = 0, low
        while high < len(order):
            padded = int(lengths[order[low]]) * (high + 1 - low)
            valid += int(lengths[order[high]])
            if high > low and (padded > 4096 or padded > max(1.2 * valid, valid + 128)):
                break
            high += 1
        yield order[low:high]
        low = high


def _cut(chunks: Callable[[NDArray[np.int64], NDArray[np.int64], Packing], _Chunks]) -> _Change:
    return lambda: patch.object(objective, "chunks", chunks)


def _limit(steps: int) -> _Change:
    return lambda: patch.object(batches, "CPU", replace(batches.CPU, padded_steps=steps))


def _last_of_all(chain: Chain, x: Tensor, padding: Padding) -> Tensor:
    """Every step of the last layer, to read one."""
    return padding.last(chain.states(x, padding))


def _padded_first(chain: Chain, steps: Tensor, lengths: Tensor) -> tuple[Tensor, Padding]:
    """Pads the wide steps and projects the padding too."""
    longest = int(lengths.max())
    valid = torch.arange(longest) < lengths[:, None]
    places = valid.flatten().nonzero().squeeze(1)
    wide = steps.new_zeros(valid.numel(), steps.shape[1]).index_copy(0, places, steps)
    return chain.projection(wide.view(*valid.shape, -1)), Padding.of(lengths, longest)


def _packed(lstm: nn.LSTM, x: Tensor, padding: Padding) -> Tensor:
    sequence = pack_padded_sequence(x, padding.lengths, batch_first=True)  # a chunk is sorted, longest first
    return pad_packed_sequence(lstm(sequence)[0], batch_first=True)[0]


def _packed_forward(part: Lstm, x: Tensor, padding: Padding) -> Tensor:
    return _packed(part.ahead, x, padding)


def _packed_last(part: BiLstm, x: Tensor, padding: Padding) -> Tensor:
    ahead, end = padding.last(_packed(part.ahead, x, padding)), padding.last(x)
    return torch.cat([ahead, part.back(end[:, None])[0][:, 0]], dim=-1)


@contextmanager
def _packing() -> Iterator[None]:
    with patch.object(Lstm, "forward", _packed_forward), patch.object(BiLstm, "last", _packed_last):
        yield


def _read(a: Attention, q: Tensor, k: Tensor, v: Tensor, valid: Tensor | None, causal: bool) -> Tensor:
    """`Attention.forward` after its first three products."""
    mask = None if valid is None else valid[:, None, None, :]
    y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal)
    out: Tensor = a.out(y.transpose(1, 2).flatten(2))
    return out


def _one_product(a: Attention, x: Tensor, memory: Tensor, valid: Tensor | None, causal: bool = False) -> Tensor:
    width = x.shape[2]
    if memory is x:
        q, k, v = torch.split(F.linear(x, torch.cat([a.query.weight, a.key.weight, a.value.weight])), width, dim=-1)
    else:
        q = a.query(x)
        k, v = torch.split(F.linear(memory, torch.cat([a.key.weight, a.value.weight])), width, dim=-1)
    heads = [torch.unflatten(y, -1, (a.heads, -1)).transpose(1, 2) for y in (q, k, v)]
    return _read(a, heads[0], heads[1], heads[2], valid, causal)


def _heads_first(a: Attention, x: Tensor, memory: Tensor, valid: Tensor | None, causal: bool = False) -> Tensor:
    heads = [a._split(y).contiguous() for y in (a.query(x), a.key(memory), a.value(memory))]
    return _read(a, heads[0], heads[1], heads[2], valid, causal)


def _no_mask(a: Attention, x: Tensor, memory: Tensor, valid: Tensor | None, causal: bool = False) -> Tensor:
    """Reads padding too: wrong, and what chunks of one length each would gain at most."""
    return _attend(a, x, memory, None, causal)


def _two_halves(a: Attention, x: Tensor, memory: Tensor, valid: Tensor | None, causal: bool = False) -> Tensor:
    """Causal attention without the upper right quarter: early rows never meet the late ones."""
    steps = x.shape[1]
    if not causal or steps < 64:
        return _attend(a, x, memory, valid, causal)
    half = steps // 2
    q, k, v = a._split(a.query(x)), a._split(a.key(x)), a._split(a.value(x))
    seen = torch.ones(steps - half, steps, dtype=torch.bool).tril(half)
    early = F.scaled_dot_product_attention(q[:, :, :half], k[:, :, :half], v[:, :, :half], is_causal=True)
    late = F.scaled_dot_product_attention(q[:, :, half:], k, v, attn_mask=seen)
    out: Tensor = a.out(torch.cat([early, late], dim=2).transpose(1, 2).flatten(2))
    return out


_attend = Attention.forward


def _attention(forward: Callable[..., Tensor]) -> _Change:
    return lambda: patch.object(Attention, "forward", forward)


class _Unfused(torch.optim.Adam):
    def __init__(self, parameters: Iterable[Tensor], lr: float, fused: bool) -> None:
        super().__init__(parameters, lr=lr, fused=not fused)


def _unfused() -> AbstractContextManager[object]:
    return patch.object(torch.optim, "Adam", _Unfused)


@contextmanager
def _without_onednn() -> Iterator[None]:
    torch._C._set_mkldnn_enabled(False)  # torch.backends.mkldnn.flags also sets what warns without an Intel GPU
    try:
        yield
    finally:
        torch._C._set_mkldnn_enabled(True)


@contextmanager
def _bfloat16() -> Iterator[None]:
    network = Network.forward

    def forward(self: Network, inputs: Sequence[Tensor], lengths: Tensor) -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return network(self, inputs, lengths).float()

    with patch.object(Network, "forward", forward):
        yield


@contextmanager
def _compiled() -> Iterator[None]:
    layers = (EncoderLayer, DecoderLayer)
    compiled = [torch.compile(layer.forward, dynamic=True) for layer in layers]
    with patch.object(layers[0], "forward", compiled[0]), patch.object(layers[1], "forward", compiled[1]):
        yield


LEVERS = (
    Lever(AS_IS, nullcontext),
    Lever("denormals kept", _denormals),
    Lever("batch padded to its longest", _cut(_whole_batch)),
    Lever("chunks cut by a bound on waste", _cut(_bounded_waste)),
    Lever("chunks of 1024 steps at most", _limit(1024)),
    Lever("chunks of 4096 steps at most", _limit(4096)),
    Lever("devel one by one", _cut(_one_by_one)),
    Lever("no_grad for inference_mode", lambda: patch.object(torch, "inference_mode", torch.no_grad)),
    Lever("whole last layer", lambda: patch.object(Chain, "last", _last_of_all)),
    Lever("steps padded, then projected", lambda: patch.object(Chain, "project", _padded_first)),
    Lever("packed sequences in the LSTM", _packing, _LSTM),
    Lever("plain Adam", _unfused),
    Lever("without oneDNN", _without_onednn, _LSTM),
    Lever("bfloat16", _bfloat16, slow=True),
    Lever("attention with kept weights", partial(sdpa_kernel, [SDPBackend.MATH]), _ATTENTION),
    Lever("one product for q, k and v", _attention(_one_product), _ATTENTION),
    Lever("heads first in memory", _attention(_heads_first), _ATTENTION),
    Lever("no mask (wrong)", _attention(_no_mask), _ATTENTION),
    Lever("causal in two halves", _attention(_two_halves), _TRANSFORMERS),
    Lever("layers compiled", _compiled, _TRANSFORMERS, slow=True),
    Lever("as it is, again", nullcontext),  # what a difference must exceed to mean anything
)
