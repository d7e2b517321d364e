"""A table for a notebook: everything a Table is, and itself as a DataFrame or as text."""

from dataclasses import fields
from typing import Self

import pandas as pd

from results import render_html, render_latex, render_md
from results.table import Blank, Block, Count, Difference, FeatureSet, Figure, Table, Text, Value
from search_spaces.errors import unknown


class PrintedTable(Table):
    """See `Table`."""

    @classmethod
    def of(cls, table: Table) -> Self:
        """The same table."""
        return cls(**{field.name: getattr(table, field.name) for field in fields(table)})

    def to_frame(self, block: str | None = None) -> pd.DataFrame:
        """One block of the table: a row a row, a column a column, figures as fractions, NaN where there is a gap.

        Args:
            block: its name; the table proper, which is the first, by default.

        Raises:
            SweepError: an unknown block; the message lists the known ones.
        """
        blocks = {each.name: each for each in self.blocks}
        if block is not None and block not in blocks:
            raise unknown("Block", block, blocks)
        return _frame(blocks[block] if block is not None else self.blocks[0])

    def to_markdown(self) -> str:
        """As `sweep tables --format md` prints it."""
        return render_md.render(self)

    def to_latex(self) -> str:
        """As `sweep tables --format latex` prints it."""
        return render_latex.render(self)

    def to_html(self) -> str:
        """As `sweep tables --format html` prints it."""
        return render_html.render(self)

    def _repr_html_(self) -> str:
        """What Jupyter shows."""
        return self.to_html()


def _frame(block: Block) -> pd.DataFrame:
    frame = pd.DataFrame([[_plain(value) for value in row.values] for row in block.rows], columns=_heads(block))
    if block.is_grouped:
        frame.index = pd.Index([row.group for row in block.rows], name="group")
    return frame


def _heads(block: Block) -> pd.Index:
    """The heads as printed, in two levels where some have a head above; one that comes twice by its name in the CSV."""
    printed = [(column.group, column.title) for column in block.columns]
    heads = [
        (column.group, column.key or column.title if printed.count(head) > 1 else column.title)
        for column, head in zip(block.columns, printed, strict=True)
    ]
    grouped = any(group for group, _ in heads)
    return pd.MultiIndex.from_tuples(heads) if grouped else pd.Index([title for _, title in heads])


def _plain(value: Value) -> str | int | float | None:
    match value:
        case Text(text) | FeatureSet(text):
            return text
        case Count(number):
            return number
        case Figure(fraction) | Difference(fraction):
            return float("nan") if fraction is None else fraction
        case Blank():
            return None
