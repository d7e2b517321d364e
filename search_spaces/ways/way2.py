"""Way2, Self-Attention+Bi-LSTM: projection -> self-attention -> Bi-LSTM, over (B, T, F) -> (B, T, 128).

Source: paper III-D and IV-B (self-attention and Bi-LSTM hidden 64); one attention block with a residual, one head and
one Bi-LSTM layer are ours: the paper names heads for the Transformer only and gives no number of layers.
Parameters: 64 F for the projection and 82,944 for the rest; at width 575: 119,744.
"""

from search_spaces.settings import Settings
from search_spaces.ways._attention import SelfAttention
from search_spaces.ways._chain import Chain
from search_spaces.ways._recurrent import BiLstm

TITLE = "Self-Attention+Bi-LSTM"
BIDIRECTIONAL = True


def build(width: int, settings: Settings) -> Chain:
    """The Way for a feature set of `width` columns."""
    hidden = settings.hidden
    attention = SelfAttention(hidden, settings.attention_heads, settings.dropout)
    return Chain(width, hidden, attention, BiLstm(attention.out_width, hidden))
