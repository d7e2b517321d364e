"""The paper's tables, one file each: `table_<n>.py` with NUMBER and `build(results, view)`. Adding one is one file.

A module whose name starts with an underscore is a part shared by tables, not a table.
"""

import importlib
import pkgutil
from types import ModuleType
from typing import Literal

from results.run_results import RunResults
from results.summary import Aggregate
from results.table import Table, View
from search_spaces.errors import SweepError, unknown


def _modules() -> dict[str, ModuleType]:
    names = (module.name for module in pkgutil.iter_modules(__path__) if module.name.startswith("table_"))
    in_order = sorted(names, key=lambda name: int(name.removeprefix("table_")))
    found = (importlib.import_module(f"{__name__}.{name}") for name in in_order)
    return {module.NUMBER: module for module in found}


_TABLES = _modules()
NUMBERS: tuple[str, ...] = tuple(_TABLES)
"""The numbers of all tables, in order: "I", "II", …"""


def build_table(
    number: str, results: RunResults, aggregate: Aggregate = "mean", compare: Literal["paper"] | None = None
) -> Table:
    """One table from what a run has measured so far; what is missing is a gap with its reason.

    Args:
        number: one of NUMBERS.
        results: the run.
        aggregate: which figure stands for the seeds of a cell.
        compare: "paper" sets the published figure and the difference beside each cell of the same name.

    Raises:
        SweepError: an unknown number, or nothing of that table is measured yet.

    Example:
        >>> build_table("IX", results)  # doctest: +SKIP
        SweepError: Table 'IX' is unknown. Known: I, II, III, IV, V, VI.
    """
    if number not in _TABLES:
        raise unknown("Table", number, NUMBERS)
    table = _TABLES[number].build(results, View(aggregate, compare))
    if not isinstance(table, Table):
        raise TypeError(f"results.tables.table_… of number {number} must build a Table. Found {type(table).__name__}.")
    return table


def build_all(
    results: RunResults, aggregate: Aggregate = "mean", compare: Literal["paper"] | None = None
) -> tuple[tuple[Table, ...], tuple[str, ...]]:
    """Every table that has something to show, and for each other one the sentence that says why not.

    Raises:
        SweepError: no table has anything to show.
    """
    tables: list[Table] = []
    missing: list[str] = []
    for number in NUMBERS:
        try:
            tables.append(build_table(number, results, aggregate, compare))
        except SweepError as error:
            missing.append(str(error))
    if not tables:
        raise SweepError("\n".join(missing))
    return tuple(tables), tuple(missing)
