"""Way1, Transformer: projection -> encoder (6 layers) -> decoder (6 layers), over (B, T, F) -> (B, T, 64).

Source: paper III-D and IV-B (4 heads, feed-forward 128, 6 layers); 64 columns, the only hidden size the paper names,
because its widths (35, 575, …) are not all multiples of 4. Details and differences: `_transformer.Transformer`.
Parameters: 64 F for the projection and 497,664 for the rest; at width 575: 534,464.
"""

from search_spaces.settings import Settings
from search_spaces.ways._chain import Chain
from search_spaces.ways._transformer import Transformer

TITLE = "Transformer"
BIDIRECTIONAL = False


def build(width: int, settings: Settings) -> Chain:
    """The Way for a feature set of `width` columns."""
    return Chain(width, settings.hidden, Transformer(settings))
