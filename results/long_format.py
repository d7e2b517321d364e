"""Everything a run has recorded in long format: one row a seed run, or one row an epoch. For statistics programs.

Figures are what was recorded, to the last digit; the tables are where they are rounded. The columns and what they mean
stand in `results.record_columns`.
"""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import pandas as pd

from results.record_columns import CURVES, RECORDS, Column, Kind
from results.run_results import RunResults
from results.seed_runs import EpochRow, SeedRow, seed_rows
from results.spreadsheet import inert

R = TypeVar("R")

_DTYPES: dict[Kind, str] = {"text": "str", "whole": "Int64", "number": "float64", "truth": "boolean"}


def records(results: RunResults) -> pd.DataFrame:
    """One row a seed run, in the order of entries, targets, feature sets and Ways; no row for a cell without a record.

    Args:
        results: of a run, with its statistics where intervals are wanted.
    """
    return _frame(RECORDS, list(seed_rows(results)))


def curves(results: RunResults) -> pd.DataFrame:
    """One row an epoch of every seed run, in the same order."""
    return _frame(CURVES, list(_epochs(seed_rows(results))))


def _epochs(rows: Iterator[SeedRow]) -> Iterator[EpochRow]:
    for row in rows:
        for epoch in range(1, row.run.epochs + 1):
            yield EpochRow(row, epoch)


def to_csv(frame: pd.DataFrame) -> str:
    """A frame as CSV, numbers to the last digit, words so that no spreadsheet runs them."""
    words = {name: frame[name].map(inert, na_action="ignore") for name in frame.columns[frame.dtypes == "str"]}
    return frame.assign(**words).to_csv(index=False, lineterminator="\n")


def _frame(columns: Sequence[Column[R]], rows: Sequence[R]) -> pd.DataFrame:
    series = (pd.Series([column.value(row) for row in rows], dtype=_DTYPES[column.kind]) for column in columns)
    return pd.DataFrame(dict(zip((column.name for column in columns), series, strict=True)))
