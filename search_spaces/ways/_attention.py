"""Multi-head attention, and the self-attention part of Way2 and Way5."""

import torch.nn.functional as F
from torch import Tensor, nn

from search_spaces.errors import SweepError
from search_spaces.ways._chain import Padding, Part


class Attention(nn.Module):
    """Scaled dot-product attention of several heads: `nn.MultiheadAttention(bias=False)`, masked by length.

    Source: paper, eqs. (2) to (4): W_i^Q, W_i^K, W_i^V are the rows of `query`, `key`, `value`; W_h is `out`. They
    have no biases there and none here, which also spares a pass over memory per product.

    Args:
        width: columns of queries, keys, values and result.
        heads: must divide the width.
        dropout: of attention weights, in training.

    Raises:
        SweepError: the width is not a multiple of the heads.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        if width % heads:
            raise SweepError(f"`hidden` must be a multiple of the attention heads ({heads}). Found {width}.")
        self.heads, self.dropout = heads, dropout
        # Four matrices, not one packed product: splitting a packed one costs a copy in the backward pass.
        self.query, self.key, self.value, self.out = (nn.Linear(width, width, bias=False) for _ in range(4))
        for linear in (self.query, self.key, self.value, self.out):
            nn.init.xavier_uniform_(linear.weight)  # as nn.MultiheadAttention with separate matrices

    def forward(self, x: Tensor, memory: Tensor, valid: Tensor | None, causal: bool = False) -> Tensor:
        """Each row of `x` reads from `memory`.

        Args:
            x: (B, Q, width) queries.
            memory: (B, T, width) keys and values.
            valid: (B, T) bool, which rows of memory may be read; None for all. Not together with `causal`.
            causal: row t reads rows 0…t only (Q = T). Padding at the end then needs no mask: it lies after every
                valid row.

        Returns:
            (B, Q, width).
        """
        q, k, v = self._split(self.query(x)), self._split(self.key(memory)), self._split(self.value(memory))
        mask = None if valid is None else valid[:, None, None, :]  # (B, 1, 1, T), never (T, T)
        dropout = self.dropout if self.training else 0.0
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout, is_causal=causal)
        out: Tensor = self.out(y.transpose(1, 2).flatten(2))
        return out

    def _split(self, x: Tensor) -> Tensor:
        """(B, T, width) -> (B, heads, T, width / heads), a view."""
        return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)


class SelfAttention(Part):
    """One block x + MH(x, x, x) over the valid steps.

    Source: paper III-D ("the main difference between Self-Attention and traditional attention is Q = K = V"). It has
    no positions: the Bi-LSTM after it knows the order. The residual is ours; the paper draws only the name.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.attention = Attention(width, heads, dropout)
        self.drop = nn.Dropout(dropout) if dropout else nn.Identity()  # Identity: no call into torch when it is off
        self.out_width = width

    def forward(self, x: Tensor, padding: Padding) -> Tensor:
        """(B, T, width) -> (B, T, width)."""
        y: Tensor = x + self.drop(self.attention(x, x, padding.valid))
        return y
