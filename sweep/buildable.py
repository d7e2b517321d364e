"""Whether a space's Ways can be built with its settings: told before a run is begun, not by its first worker."""

import torch

from results.records import Branch
from search_spaces.errors import SweepError
from search_spaces.space import Space
from search_spaces.stages import BASELINE_WAY
from sweep.network import Network

_ANY_WIDTH = 1  # no Way's setting depends on how many columns it reads


def check_buildable(space: Space) -> None:
    """Builds every network of a space once, without memory for its weights.

    Raises:
        SweepError: a Way that cannot be built, with its own reason.
    """
    trained = dict.fromkeys((*space.ways, *([space.screening.way] if space.screening else [])))
    for way in (*trained, *([BASELINE_WAY] if space.baseline else [])):
        try:
            with torch.device("meta"):
                Network([Branch(features="any", way=way)], [_ANY_WIDTH], space.settings)
        except SweepError as error:
            raise SweepError(f"Space {space.name!r}, {way}: settings: {error}") from error
