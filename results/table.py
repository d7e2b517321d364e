"""A table before it has a format: blocks of columns and rows whose cells are values, not strings.

Renderers decide how a value looks; builders (results.tables) decide what stands where. Nothing here knows a format.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal

from results.footnotes import Footnote, Gap, Mark
from results.summary import Aggregate, Summary


@dataclass(frozen=True)
class View:
    """How a run is looked at: which figure stands for a cell's seeds, and what is set beside it."""

    aggregate: Aggregate = "mean"
    compare: Literal["paper"] | None = None


@dataclass(frozen=True)
class Text:
    """A plain word: a target, a Way, a modality.

    Attributes:
        is_name: it begins with a name, whose first letter is not to be raised.
    """

    text: str
    is_name: bool = False


@dataclass(frozen=True)
class FeatureSet:
    """A feature set in its one spelling; LaTeX prints the reduced ones with an overline."""

    name: str


@dataclass(frozen=True)
class Count:
    """A whole number, with the paper's beside it when compared."""

    value: int | None
    gap: Gap | None = None
    published: int | None = None
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Figure:
    """An F1, as a fraction.

    Attributes:
        value: what is printed and ranked; None where `gap` says why not.
        summary: the seeds behind it, also where the value is withheld (a collapsed cell); None for a derived figure.
        aggregate: which figure of the seeds the value is, or is derived from.
        gap: why there is no value.
        published: the paper's figure for the same cell, when compared.
        place: 1 for the best of its row and target, 2 for the runner-up, else None.
        marks: what to know about it, such as versions that are not the run's.
        above_probe: whether it beats the linear probe of its target; None where there is none, or it is no cell's.
    """

    value: float | None
    summary: Summary | None = None
    gap: Gap | None = None
    published: float | None = None
    place: Literal[1, 2] | None = None
    marks: tuple[Mark, ...] = ()
    above_probe: bool | None = None
    aggregate: Aggregate = "mean"

    @property
    def difference(self) -> float | None:
        """Ours minus the paper's, as a fraction."""
        return None if self.value is None or self.published is None else self.value - self.published


@dataclass(frozen=True)
class Difference:
    """One F1 minus another, as a fraction; printed with its sign, in percentage points."""

    value: float | None
    gap: Gap | None = None
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Blank:
    """A cell that has nothing to say, such as the features of a predictor that reads none."""


Value = Text | FeatureSet | Count | Figure | Difference | Blank


def notes_of(value: Value) -> tuple[Footnote, ...]:
    """The footnotes of one cell: its gap first, then its marks."""
    match value:
        case Count() | Figure() | Difference():
            return (*((value.gap,) if value.gap else ()), *value.marks)
        case _:
            return ()


@dataclass(frozen=True)
class Column:
    """One column: its head, the head above it, and its name in the CSV.

    Attributes:
        title: the head.
        key: the CSV's column; unused where the column holds figures.
        group: the head above, spanning neighbours of the same group; "" for none.
        where: CSV columns that say what a figure of this column is of: {"target": "arousal", "way": "way1"}.
    """

    title: str
    key: str = ""
    group: str = ""
    where: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One line of values, one a column, under the heading of its group."""

    values: tuple[Value, ...]
    group: str = ""


@dataclass(frozen=True)
class Block:
    """Rows under one head. A table is one block, or one and the reference predictors below it."""

    name: str  # the CSV's `block`
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    title: str = ""

    def __post_init__(self) -> None:
        widths = {len(row.values) for row in self.rows} - {len(self.columns)}
        if widths:
            raise ValueError(f"Rows of block {self.name!r} must hold {len(self.columns)} values. Found {widths}.")

    @property
    def is_grouped(self) -> bool:
        """Whether its rows stand under group headings, which need a column of their own."""
        return any(row.group for row in self.rows)

    def is_numeric(self, index: int) -> bool:
        """Whether a column holds numbers, and is set flush right."""
        return any(isinstance(row.values[index], Count | Figure | Difference) for row in self.rows)

    def head_groups(self) -> tuple[tuple[str, int], ...]:
        """The upper head as (group, columns spanned), in order; empty where no column has a group."""
        if not any(column.group for column in self.columns):
            return ()
        runs = groupby(column.group for column in self.columns)
        return tuple((group, len(list(run))) for group, run in runs)

    def row_groups(self) -> tuple[tuple[str, tuple[Row, ...]], ...]:
        """The rows as (group, its rows), in order; neighbours of one group stay together."""
        return tuple((group, tuple(rows)) for group, rows in groupby(self.rows, key=lambda row: row.group))


@dataclass(frozen=True)
class Table:
    """One of the paper's tables, measured.

    Attributes:
        number: "II".
        caption: what is shown, one or more sentences.
        blocks: the table proper, then what stands below it.
        aside: how to read what stands beside each figure; only for formats that print it.
        notes: sentences below the table.
    """

    number: str
    caption: str
    blocks: tuple[Block, ...]
    aside: str = ""
    notes: tuple[str, ...] = ()

    @property
    def full_caption(self) -> str:
        """The caption and, if there is one, the aside."""
        return f"{self.caption} {self.aside}".rstrip()

    def footnotes(self) -> dict[Footnote, int]:
        """The reasons behind the table's gaps and the marks of its figures, numbered from 1 in reading order."""
        values = (value for block in self.blocks for row in block.rows for value in row.values)
        notes = dict.fromkeys(note for value in values for note in notes_of(value))
        return {note: number for number, note in enumerate(notes, start=1)}
