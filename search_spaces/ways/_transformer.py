"""The Transformer part: encoder and decoder over the same sequence, in one pass."""

import math

import torch
from torch import Tensor, nn

from search_spaces.settings import Settings
from search_spaces.ways._attention import Attention
from search_spaces.ways._chain import Padding, Part


def positions(steps: int, width: int, like: Tensor) -> Tensor:
    """Sinusoidal positions (T, width) in the type and on the device of `like`.

    Source: Vaswani et al. 2017, section 3.5: sin(t / 10000^(2i / width)) in column 2i, the cosine in column 2i + 1.
    """
    rate = torch.exp(torch.arange(0, width, 2, device=like.device) * (-math.log(10000.0) / width))
    angle = torch.arange(steps, device=like.device)[:, None] * rate
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)[:, :width].to(like.dtype)


class _Layer(nn.Module):
    """What encoder and decoder layers share: self-attention, feed-forward, and where norm and residual go."""

    def __init__(self, s: Settings) -> None:
        super().__init__()
        self.norm_first = s.norm_first
        self.attention = Attention(s.hidden, s.heads, s.dropout)
        inner, outer = nn.Linear(s.hidden, s.feed_forward), nn.Linear(s.feed_forward, s.hidden)
        nn.init.xavier_uniform_(inner.weight)  # as nn.Transformer
        nn.init.xavier_uniform_(outer.weight)
        self.feed_forward = nn.Sequential(inner, nn.ReLU(), _dropout(s), outer)
        self.attention_norm, self.feed_forward_norm = nn.LayerNorm(s.hidden), nn.LayerNorm(s.hidden)
        self.drop = _dropout(s)

    def _attend(self, x: Tensor, valid: Tensor | None, causal: bool) -> Tensor:
        seen = self.attention_norm(x) if self.norm_first else x
        return self._after(self.attention_norm, x + self.drop(self.attention(seen, seen, valid, causal)))

    def _transform(self, x: Tensor) -> Tensor:
        seen = self.feed_forward_norm(x) if self.norm_first else x
        return self._after(self.feed_forward_norm, x + self.drop(self.feed_forward(seen)))

    def _after(self, norm: nn.LayerNorm, x: Tensor) -> Tensor:
        y: Tensor = x if self.norm_first else norm(x)
        return y


class EncoderLayer(_Layer):
    """Self-attention over valid steps, then feed-forward."""

    def forward(self, x: Tensor, valid: Tensor | None) -> Tensor:
        """(B, T, hidden) -> (B, T, hidden)."""
        return self._transform(self._attend(x, valid, causal=False))


class DecoderLayer(_Layer):
    """Causal self-attention, attention to the encoder's output, then feed-forward."""

    def __init__(self, s: Settings) -> None:
        super().__init__(s)
        self.cross = Attention(s.hidden, s.heads, s.dropout)
        self.cross_norm = nn.LayerNorm(s.hidden)

    def forward(self, x: Tensor, memory: Tensor, valid: Tensor | None) -> Tensor:
        """(B, T, hidden), memory (B, T, hidden) -> (B, T, hidden)."""
        return self._transform(self._consult(self._attend(x, None, causal=True), memory, valid))

    def last(self, x: Tensor, memory: Tensor, padding: Padding) -> Tensor:
        """(B, hidden): the layer at each last valid step. One query; causal there means every valid step."""
        seen = self.attention_norm(x) if self.norm_first else x
        query = padding.last(seen)[:, None]
        y = padding.last(x)[:, None] + self.drop(self.attention(query, seen, padding.valid))
        return self._transform(self._consult(self._after(self.attention_norm, y), memory, padding.valid))[:, 0]

    def _consult(self, x: Tensor, memory: Tensor, valid: Tensor | None) -> Tensor:
        seen = self.cross_norm(x) if self.norm_first else x
        return self._after(self.cross_norm, x + self.drop(self.cross(seen, memory, valid)))


class Transformer(Part):
    """Encoder and decoder of `settings.layers` each; the decoder reads the sequence the encoder reads.

    Source: paper III-D and Vaswani et al. 2017. A classification has no target sequence, and feeding labels would
    leak them, so the decoder is fed the projected features, causally masked, in one pass. "Other structures of the
    decoder are the same" is read as the same number of layers. Post-norm as Vaswani (no final norm); with
    `settings.norm_first` both stacks end in a norm, without which pre-norm outputs grow with depth. Positions are
    added to the sequence as it is: the factor √hidden of Vaswani belongs to word embeddings.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.encoder = nn.ModuleList(EncoderLayer(settings) for _ in range(settings.layers))
        self.decoder = nn.ModuleList(DecoderLayer(settings) for _ in range(settings.layers - 1))
        self.final = DecoderLayer(settings)
        ends = (nn.LayerNorm(settings.hidden) if settings.norm_first else nn.Identity() for _ in range(2))
        self.encoder_end, self.decoder_end = ends
        self.drop = _dropout(settings)
        self.out_width = settings.hidden

    def forward(self, x: Tensor, padding: Padding) -> Tensor:
        """(B, T, hidden) -> (B, T, hidden)."""
        y, memory = self._before_final(x, padding.valid)
        out: Tensor = self.decoder_end(self.final(y, memory, padding.valid))
        return out

    def last(self, x: Tensor, padding: Padding) -> Tensor:
        """(B, T, hidden) -> (B, hidden), the final decoder layer computed for one step only."""
        y, memory = self._before_final(x, padding.valid)
        out: Tensor = self.decoder_end(self.final.last(y, memory, padding))
        return out

    def _before_final(self, x: Tensor, valid: Tensor | None) -> tuple[Tensor, Tensor]:
        x = self.drop(x + positions(x.shape[1], x.shape[2], x))
        memory = y = x
        for layer in self.encoder:
            memory = layer(memory, valid)
        memory = self.encoder_end(memory)
        for layer in self.decoder:
            y = layer(y, memory, valid)
        return y, memory


def _dropout(settings: Settings) -> nn.Module:
    """Identity when it is off: no call into torch."""
    return nn.Dropout(settings.dropout) if settings.dropout else nn.Identity()
