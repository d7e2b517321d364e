"""Networks that have learned nothing from the features and still do not answer the same to everything.

A network whose features say nothing to it can still see how long a segment is: padding, or the number of steps it ran,
moves its read-out. Its classes then change a few times from the shortest to the longest segment and nowhere else, which
looks like a prediction, and is one of length alone.
"""

import numpy as np
from numpy.typing import NDArray

from results.statistics.bootstrap import generator
from search_spaces.settings import N_CLASSES

_SHUFFLES = 999
_MOST_CHANGES = 2 * (N_CLASSES - 1)
_CERTAIN = 0.005


def is_length_alone(predicted: NDArray[np.integer], length: NDArray[np.integer]) -> bool:
    """Whether a segment's class follows from its length: equal lengths, equal class, and few changes in between.

    A handful of odd segments among one class changes seldom too, so the few changes must be fewer than the same
    predictions make in random order (199 times of 200).

    Args:
        predicted: (S,) classes.
        length: (S,) steps of each segment.

    Returns:
        False where there is one class only: that is a collapse of another kind.
    """
    order = np.argsort(length, kind="stable")
    predicted, length = predicted[order], length[order]
    changes = _changes(predicted)
    if not 0 < changes <= _MOST_CHANGES or np.any((np.diff(predicted) != 0) & (np.diff(length) == 0)):
        return False
    random = generator("length", str(len(predicted)))
    as_few = sum(_changes(random.permutation(predicted)) <= changes for _ in range(_SHUFFLES))
    return (1 + as_few) / (1 + _SHUFFLES) <= _CERTAIN


def _changes(predicted: NDArray[np.integer]) -> int:
    return int(np.count_nonzero(np.diff(predicted)))
