"""Whether Ways differ over feature sets: Friedman's test on ranks, and which pairs differ (Nemenyi)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import friedmanchisquare, rankdata, studentized_range

from results.statistics.bootstrap import LEVEL


@dataclass(frozen=True)
class Ranks:
    """How the columns of a table rank over its rows; rank 1 is the best.

    Attributes:
        rows: how many there are.
        mean_ranks: one a column.
        p: of Friedman's test that all columns are alike.
        pairwise_p: of each two columns, by Nemenyi's test, which accounts for how many pairs there are.
        critical_difference: two mean ranks farther apart than this differ (Demšar 2006).
    """

    rows: int
    mean_ranks: tuple[float, ...]
    p: float
    pairwise_p: tuple[tuple[float, ...], ...]
    critical_difference: float


def rank_columns(figures: NDArray[np.floating]) -> Ranks:
    """Ranks columns by their figures in every row.

    Args:
        figures: (rows, columns) scores without a hole; at least two rows and three columns.

    Raises:
        ValueError: fewer.
    """
    rows, columns = figures.shape
    if rows < 2 or columns < 3:
        raise ValueError(f"Ranks need two rows and three columns. Found {rows} and {columns}.")
    mean = rankdata(-figures, axis=1).mean(axis=0)  # (columns,)
    unit = np.sqrt(columns * (columns + 1) / (6 * rows))
    apart = np.abs(mean[:, None] - mean[None, :]) / unit * np.sqrt(2)
    pairwise = studentized_range.sf(apart, columns, np.inf)
    np.fill_diagonal(pairwise, 1.0)
    alike = bool(np.all(np.ptp(figures, axis=1) == 0))  # every row tied: nothing to test
    return Ranks(
        rows=rows,
        mean_ranks=tuple(mean.tolist()),
        p=1.0 if alike else float(friedmanchisquare(*figures.T).pvalue),
        pairwise_p=tuple(tuple(row) for row in pairwise.tolist()),
        critical_difference=float(studentized_range.ppf(LEVEL, columns, np.inf) / np.sqrt(2) * unit),
    )
