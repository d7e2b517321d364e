"""One way to share a GPU, timed, and how the F1 that came of it compares with another's."""

import hashlib
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from benchmarks.gpu_load import Load
from sweep.job import Outcome


@dataclass(frozen=True)
class Row:
    """One way to share the GPU, timed.

    Attributes:
        workers: asked for, and how many were left where memory was short.
        took_s: from the first order to the last outcome.
        load: what was seen of the GPU meanwhile.
        outcomes: in the order of the cells.
    """

    kind: str
    workers: tuple[int, int]
    took_s: float
    load: Load
    outcomes: tuple[Outcome, ...]

    @property
    def per_hour(self) -> float:
        """Trainings of one seed an hour."""
        return 3600 * sum(len(outcome.record.seeds) for outcome in self.outcomes) / self.took_s

    @property
    def asked(self) -> str:
        """Workers, as a table says it."""
        asked, left = self.workers
        return str(asked) if asked == left else f"{asked}, then {left}: out of memory"

    @property
    def digest(self) -> str:
        """Of every record and prediction."""
        found = hashlib.sha256()
        for outcome in self.outcomes:
            found.update(outcome.record.model_dump_json().encode() + outcome.predictions)
        return found.hexdigest()

    def f1(self) -> list[list[float]]:
        """Devel macro-F1 of every cell and seed."""
        return [[seed.devel.macro_f1 for seed in outcome.record.seeds] for outcome in self.outcomes]


def difference(reference: Sequence[Sequence[float]], other: Sequence[Sequence[float]]) -> float:
    """How far F1 differs, mean over cells of the means over seeds, in standard errors of that by the seeds' scatter.

    Args:
        reference: of each cell its seeds.
        other: the same cells.
    """
    gaps = [statistics.mean(b) - statistics.mean(a) for a, b in zip(reference, other, strict=True)]
    pairs = zip(reference, other, strict=True)
    variances = [sum(statistics.variance(seeds) / len(seeds) for seeds in pair) for pair in pairs]
    return sum(gaps) / sqrt(sum(variances)) if any(variances) else 0.0
