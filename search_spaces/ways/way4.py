"""Way4, EfficientNet+Bi-LSTM: projection -> one-dimensional EfficientNetV2 -> Bi-LSTM, over (B, T, F) -> (B, T, 128).

Source: paper III-D; it gives no depths or widths, so `_efficientnet.BLOCKS` is a small configuration of ours.
Parameters: 64 F for the projection and 188,304 for the rest; at width 575: 225,104.
"""

from search_spaces.settings import Settings
from search_spaces.ways._chain import Chain
from search_spaces.ways._efficientnet import EfficientNet
from search_spaces.ways._recurrent import BiLstm

TITLE = "EfficientNet+Bi-LSTM"
BIDIRECTIONAL = True


def build(width: int, settings: Settings) -> Chain:
    """The Way for a feature set of `width` columns."""
    efficientnet = EfficientNet(settings.hidden)
    return Chain(width, settings.hidden, efficientnet, BiLstm(efficientnet.out_width, settings.hidden))
