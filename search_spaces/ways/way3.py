"""Way3, Transformer+Bi-LSTM: projection -> encoder and decoder -> Bi-LSTM, over (B, T, F) -> (B, T, 128).

Source: paper III-D; the name is read from left to right, the Transformer is Way1's and the Bi-LSTM Way2's.
Parameters: 64 F for the projection and 564,224 for the rest; at width 575: 601,024.
"""

from search_spaces.settings import Settings
from search_spaces.ways._chain import Chain
from search_spaces.ways._recurrent import BiLstm
from search_spaces.ways._transformer import Transformer

TITLE = "Transformer+Bi-LSTM"
BIDIRECTIONAL = True


def build(width: int, settings: Settings) -> Chain:
    """The Way for a feature set of `width` columns."""
    transformer = Transformer(settings)
    return Chain(width, settings.hidden, transformer, BiLstm(transformer.out_width, settings.hidden))
