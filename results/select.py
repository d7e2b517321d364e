"""Which two cells of a target go into its multitask run. Devel figures only; nothing here sees the test partition."""

from collections.abc import Iterable
from typing import TypeVar

from results.records import Branch
from results.scored import Scored
from results.summary import is_collapsed, summarize
from search_spaces.errors import SweepError
from search_spaces.features import JOIN

S = TypeVar("S", bound=Scored)


def rank(figures: Iterable[tuple[Branch, float]]) -> tuple[tuple[Branch, float], ...]:
    """The branches from best to worst figure.

    Ties go to the branch with fewer features, then by feature-set name, then by Way, so that the order never depends
    on the order in which trials finished.

    Source: paper, section IV-E ("the two combinations of the best features and hybrid temporal models in each
    prediction task"). Read as argmax and runner-up over the whole grid of a target: only that gives the paper's
    Table V from its Tables II–IV.

    Args:
        figures: branches and their devel macro-F1, published or measured.

    Example:
        >>> [str(branch) for branch, _ in rank([(Branch(features="a+b", way="way1"), 0.3),
        ...                                     (Branch(features="c", way="way2"), 0.3)])]
        ['c/way2', 'a+b/way1']
    """
    return tuple(sorted(figures, key=_order))


def ranked(records: Iterable[S], target: str) -> tuple[S, ...]:
    """The single-branch trials of a target by mean devel macro-F1 over seeds, best first; collapsed cells left out."""
    by_branch = {
        record.cell.branches[0]: record
        for record in records
        if record.cell.target == target and len(record.cell.branches) == 1 and not is_collapsed(record)
    }
    figures = ((branch, summarize(record).mean) for branch, record in by_branch.items())
    return tuple(by_branch[branch] for branch, _ in rank(figures))


def submitted(records: Iterable[S], target: str) -> S | None:
    """The record of a target whose test predictions count: the best, or, where every cell has collapsed, the best of
    those; None where there is no record.

    Args:
        records: of one entry of Table VI: the official baseline's cells, or the one multitask run.
        target: whose.
    """
    of_target = [record for record in records if record.cell.target == target]
    return min(of_target, key=lambda record: (is_collapsed(record), _order_of(record)), default=None)


def top_two(records: Iterable[S], target: str) -> tuple[S, S]:
    """The best cell of a target and its runner-up: the main and the related branch of the multitask run.

    Raises:
        SweepError: fewer than two cells of the target have a figure that can be ranked.
    """
    order = ranked(records, target)
    if len(order) < 2:
        raise SweepError(
            f"The multitask run of {target!r} needs two ranked cells. Found {len(order)}; a cell that failed, is not "
            "trained yet, or predicts one class only with every seed cannot be ranked."
        )
    return order[0], order[1]


def _order_of(record: Scored) -> tuple[float, int, str, str]:
    return _order((record.cell.branches[0], summarize(record).mean))


def _order(item: tuple[Branch, float]) -> tuple[float, int, str, str]:
    branch, figure = item
    return -figure, branch.features.count(JOIN) + 1, branch.features, branch.way
