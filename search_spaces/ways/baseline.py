"""The official MuSe-2021 network below its head: projection -> LSTM of 4 layers, over (B, T, F) -> (B, T, 64).

Source: the challenge's public code as its README calls it for MuSe-Sent: Linear(F -> 64, no bias), then a
unidirectional LSTM of 4 layers without dropout. Its FC(64), ReLU and classifier are the head that every Way gets.
With `settings.baseline_bidirectional` each layer is a Bi-LSTM, (B, T, 128), read at the last valid step as there.
Parameters: 64 F for the projection and 133,120 for the rest; at width 575: 169,920.
"""

from search_spaces.settings import Settings
from search_spaces.ways._chain import Chain, Part
from search_spaces.ways._recurrent import BiLstm, Lstm

TITLE = "Baseline"
BIDIRECTIONAL = False


def build(width: int, settings: Settings) -> Chain:
    """The network for a feature set of `width` columns."""
    layer = BiLstm if settings.baseline_bidirectional else Lstm
    parts: list[Part] = []
    for _ in range(settings.baseline_layers):
        parts.append(layer(parts[-1].out_width if parts else settings.hidden, settings.hidden))
    return Chain(width, settings.hidden, *parts)
