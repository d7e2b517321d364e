"""Way5, Self-Attention+EfficientNet+Bi-LSTM: projection -> the three in a row, over (B, T, F) -> (B, T, 128).

Source: paper III-D, where it is printed "Self-Attention-EfficientNet+Bi-LSTM"; the name is read from left to right.
Parts as in Way2 and Way4.
Parameters: 64 F for the projection and 204,688 for the rest; at width 575: 241,488.
"""

from search_spaces.settings import Settings
from search_spaces.ways._attention import SelfAttention
from search_spaces.ways._chain import Chain
from search_spaces.ways._efficientnet import EfficientNet
from search_spaces.ways._recurrent import BiLstm

TITLE = "Self-Attention+EfficientNet+Bi-LSTM"
BIDIRECTIONAL = True


def build(width: int, settings: Settings) -> Chain:
    """The Way for a feature set of `width` columns."""
    hidden = settings.hidden
    attention = SelfAttention(hidden, settings.attention_heads, settings.dropout)
    efficientnet = EfficientNet(attention.out_width)
    return Chain(width, hidden, attention, efficientnet, BiLstm(efficientnet.out_width, hidden))
