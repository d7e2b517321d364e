"""Way6, Transformer+EfficientNet+Bi-LSTM: projection -> the three in a row, over (B, T, F) -> (B, T, 128).

Source: paper III-D; the name is read from left to right. Parts as in Way1 and Way4.
Parameters: 64 F for the projection and 685,968 for the rest; at width 575: 722,768.
"""

from search_spaces.settings import Settings
from search_spaces.ways._chain import Chain
from search_spaces.ways._efficientnet import EfficientNet
from search_spaces.ways._recurrent import BiLstm
from search_spaces.ways._transformer import Transformer

TITLE = "Transformer+EfficientNet+Bi-LSTM"
BIDIRECTIONAL = True


def build(width: int, settings: Settings) -> Chain:
    """The Way for a feature set of `width` columns."""
    transformer = Transformer(settings)
    efficientnet = EfficientNet(transformer.out_width)
    return Chain(width, settings.hidden, transformer, efficientnet, BiLstm(efficientnet.out_width, settings.hidden))
