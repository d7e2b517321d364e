"""The attention parts of the Ways, from `nn.MultiheadAttention` and torch's Transformer layers.

The paper's attention has no biases and torch's layers give it some, so `nn.MultiheadAttention(bias=False)` takes its
place in them.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from benchmarks.plain_parts import Named, Part
from search_spaces.settings import Settings


class SelfAttention(Part):
    """x + attention(x, x, x) over valid steps."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.attention = _attention(settings.hidden, settings.attention_heads, settings.dropout)
        self.drop = nn.Dropout(settings.dropout)
        self.out_width = settings.hidden

    def forward(self, x: Tensor, lengths: Tensor, valid: Tensor) -> Tensor:  # noqa: ARG002 # every part is called alike
        """(B, T, C) -> (B, T, C)."""
        y, _ = self.attention(x, x, x, key_padding_mask=~valid, need_weights=False)
        out: Tensor = x + self.drop(y)
        return out

    def translate(self, theirs: Sequence[Named]) -> dict[str, Tensor]:
        """The attention, packed."""
        return _packed_attention(theirs[0], "attention.", "attention.")


class Transformer(Part):
    """torch's encoder, then torch's decoder over the same sequence, causally masked."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        s, width = settings, settings.hidden
        shape = (width, s.heads, s.feed_forward, s.dropout)
        encoder = nn.TransformerEncoderLayer(*shape, batch_first=True, norm_first=s.norm_first)
        decoder = nn.TransformerDecoderLayer(*shape, batch_first=True, norm_first=s.norm_first)
        encoder.self_attn = _attention(width, s.heads, s.dropout)
        decoder.self_attn = _attention(width, s.heads, s.dropout)
        decoder.multihead_attn = _attention(width, s.heads, s.dropout)
        ends = [nn.LayerNorm(width) if s.norm_first else None for _ in range(2)]
        self.encoder = nn.TransformerEncoder(encoder, s.layers, norm=ends[0], enable_nested_tensor=False)
        self.decoder = nn.TransformerDecoder(decoder, s.layers, norm=ends[1])
        self.drop = nn.Dropout(s.dropout)
        self.out_width = width

    def forward(self, x: Tensor, lengths: Tensor, valid: Tensor) -> Tensor:  # noqa: ARG002 # every part is called alike
        """(B, T, C) -> (B, T, C)."""
        x = self.drop(x + _sinusoids(x.shape[1], x.shape[2]))
        memory = self.encoder(x, src_key_padding_mask=~valid)
        causal = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)  # torch marks what may NOT be read
        # No key-padding mask for the sequence itself: padding is later than every valid step. It would only cost time.
        y: Tensor = self.decoder(x, memory, tgt_mask=causal, tgt_is_causal=True, memory_key_padding_mask=~valid)
        return y

    def translate(self, theirs: Sequence[Named]) -> dict[str, Tensor]:
        """Each of torch's layers from the engine's."""
        named: dict[str, Tensor] = {}
        depth = len(self.encoder.layers)
        for layer in range(depth):
            source = f"encoder.{layer}."
            named |= _layer(theirs[0], source, f"encoder.layers.{layer}.", last_norm=2)
            source, goal = f"decoder.{layer}." if layer < depth - 1 else "final.", f"decoder.layers.{layer}."
            named |= _layer(theirs[0], source, goal, last_norm=3)
            named |= _packed_attention(theirs[0], f"{source}cross.", f"{goal}multihead_attn.")
            named |= _same(theirs[0], f"{source}cross_norm.", f"{goal}norm2.")
        for stack in ("encoder", "decoder"):
            named |= _same(theirs[0], f"{stack}_end.", f"{stack}.norm.")
        return named


def _attention(width: int, heads: int, dropout: float) -> nn.MultiheadAttention:
    return nn.MultiheadAttention(width, heads, dropout, bias=False, batch_first=True)


def _sinusoids(steps: int, width: int) -> Tensor:
    """(T, C): sine in the even columns, cosine in the odd ones, with wave lengths from 2π to 10000 · 2π."""
    table = torch.zeros(steps, width)
    angle = torch.arange(steps)[:, None] * torch.exp(-math.log(10000.0) * torch.arange(0, width, 2) / width)
    table[:, 0::2] = angle.sin()
    table[:, 1::2] = angle[:, : width // 2].cos()
    return table


def _same(theirs: Named, source: str, goal: str) -> dict[str, Tensor]:
    return {goal + name.removeprefix(source): value for name, value in theirs.items() if name.startswith(source)}


def _packed_attention(theirs: Named, source: str, goal: str) -> dict[str, Tensor]:
    """Query, key and value are one matrix in torch's module."""
    packed = torch.cat([theirs[f"{source}{name}.weight"] for name in ("query", "key", "value")])
    return {f"{goal}in_proj_weight": packed, f"{goal}out_proj.weight": theirs[f"{source}out.weight"]}


def _layer(theirs: Named, source: str, goal: str, last_norm: int) -> dict[str, Tensor]:
    """What encoder and decoder layers share; torch numbers norms and products."""
    return {
        **_packed_attention(theirs, f"{source}attention.", f"{goal}self_attn."),
        **_same(theirs, f"{source}attention_norm.", f"{goal}norm1."),
        **_same(theirs, f"{source}feed_forward.0.", f"{goal}linear1."),
        **_same(theirs, f"{source}feed_forward.3.", f"{goal}linear2."),
        **_same(theirs, f"{source}feed_forward_norm.", f"{goal}norm{last_norm}."),
    }
