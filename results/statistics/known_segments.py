"""Classes and videos of a partition's segments, in the order of the predictions."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from search_spaces.alignment import Segments
from search_spaces.corpus import MASKED, Partition


@dataclass(frozen=True)
class KnownSegments:
    """The segments of a partition as the predictions have them."""

    truth: NDArray[np.int64]  # (S,)
    video: NDArray[np.int64]  # (S,) 0…V-1, videos without a labelled segment included last
    videos: int  # V, with a labelled segment

    @classmethod
    def of(cls, segments: Segments, partition: Partition, target: str) -> Self:
        """Those of a partition, with the classes of a target."""
        low, high = segments.partition_bounds[partition]
        truth, video = segments.classes[target][low:high], segments.video[low:high]
        labelled = np.unique(video[truth != MASKED])
        index = np.searchsorted(labelled, video)  # that of an unlabelled video is never looked at
        return cls(truth, index, len(labelled))
