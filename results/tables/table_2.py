"""Table II: unimodal and bimodal features with every Way, all targets side by side."""

from results.run_results import RunResults
from results.table import Table, View
from results.tables._grid import grid_table

NUMBER = "II"


def build(results: RunResults, view: View) -> Table:
    """See `grid_table`.

    Raises:
        SweepError: none of its cells has a record.
    """
    return grid_table(NUMBER, "unimodal and bimodal features", results, view, results.targets)
