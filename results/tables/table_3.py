"""Table III: multimodal features with every Way, for the first target."""

from results.run_results import RunResults
from results.table import Table, View
from results.tables._grid import grid_table

NUMBER = "III"


def build(results: RunResults, view: View) -> Table:
    """See `grid_table`. The paper's first target is arousal.

    Raises:
        SweepError: none of its cells has a record.
    """
    targets = results.targets[:1]
    return grid_table(NUMBER, f"multimodal features for {' and '.join(targets)}", results, view, targets)
