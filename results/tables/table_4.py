"""Table IV: multimodal features with every Way, for the second target, and any further one beside it."""

from results.run_results import RunResults
from results.table import Table, View
from results.tables._grid import grid_table
from search_spaces.errors import SweepError

NUMBER = "IV"


def build(results: RunResults, view: View) -> Table:
    """See `grid_table`. The paper's second target is valence.

    Raises:
        SweepError: the run has one target only, or none of the cells has a record.
    """
    targets = results.targets[1:]
    if not targets:
        only = ", ".join(results.targets) or "none"
        raise SweepError(f"Table {NUMBER} shows the second target of a run. Found one target only: {only}.")
    return grid_table(NUMBER, f"multimodal features for {' and '.join(targets)}", results, view, targets)
