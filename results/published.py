"""The paper's own numbers, read from published.toml: what `--compare paper` sets beside ours.

Fractions, like every score of this project; the file holds them as printed. Each number knows its table and row.
"""

import tomllib
from collections.abc import Collection
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from results.records import Branch
from search_spaces.corpus import Modality, Partition


def _from_percent(figures: list[Decimal]) -> tuple[float, ...]:
    # Decimal: 17.42 / 100 in binary floating point is not always the float nearest to 0.1742.
    return tuple(float(figure / 100) for figure in figures)


_Percents = Annotated[tuple[float, ...], BeforeValidator(_from_percent)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Widths(_Frozen):
    """One row of Table I."""

    row: int
    feature: str
    modality: Modality
    width: int
    reduced_width: int


class GridLine(_Frozen):
    """One row of Tables II–IV: a feature set's F1 with Way1 … Way6, for each target of the table."""

    table: Literal["II", "III", "IV"]
    row: int
    features: str
    figures: dict[str, _Percents] = Field(alias="percent")  # the file holds percent, as printed


class Multitask(_Frozen):
    """One row of Table V."""

    row: int
    target: str
    main: Branch
    related: Branch
    f1: float


class Submission(_Frozen):
    """One row of Table VI."""

    row: int
    target: str
    partition: Partition
    baseline: float
    proposed: float


class Note(_Frozen):
    """A place where the paper contradicts itself, misprints or stays silent, and how it is read here."""

    table: str  # "" where no table is concerned
    where: str
    printed: str
    reading: str
    target: str | None = None  # which alone it concerns

    def __str__(self) -> str:
        return f"Paper, {self.where}: {self.printed}; {self.reading}."


class Combined(_Frozen):
    """Arousal and valence in one figure on test, as section IV-F prints it; see the note on Table VI."""

    baseline: float
    proposed: float


class Published(_Frozen):
    """Everything the paper's tables print."""

    widths: tuple[Widths, ...]
    grid: tuple[GridLine, ...]
    multitask: tuple[Multitask, ...]
    submissions: tuple[Submission, ...]
    notes: tuple[Note, ...]
    combined: Combined

    def grid_figures(self, target: str) -> tuple[tuple[Branch, float], ...]:
        """Every cell of Tables II–IV of a target with its F1; empty for a target the paper does not have."""
        return tuple(
            (Branch(features=line.features, way=f"way{number}"), figure)
            for line in self.grid
            for number, figure in enumerate(line.figures.get(target, ()), start=1)
        )

    def grid_figure(self, target: str, features: str, way: str) -> float | None:
        """The F1 of one cell of Tables II–IV, or None where the paper has none of that name."""
        lines = (line for line in self.grid if line.features == features and target in line.figures)
        figures = next((line.figures[target] for line in lines), ())
        return {f"way{number}": figure for number, figure in enumerate(figures, start=1)}.get(way)

    def width(self, feature: str) -> Widths | None:
        """The row of Table I of one feature."""
        return next((row for row in self.widths if row.feature == feature), None)

    def multitask_figure(self, target: str, main: Branch, related: Branch) -> float | None:
        """The F1 of Table V, or None where the paper trained another pair."""
        wanted = (target, main, related)
        return next((row.f1 for row in self.multitask if (row.target, row.main, row.related) == wanted), None)

    def submission(self, target: str, partition: Partition) -> Submission | None:
        """The row of Table VI of one target and partition."""
        return next((row for row in self.submissions if (row.target, row.partition) == (target, partition)), None)

    def notes_on(self, table: str, targets: Collection[str]) -> tuple[str, ...]:
        """The notes that concern these targets in one table, as sentences."""
        notes = (note for note in self.notes if note.table == table)
        return tuple(str(note) for note in notes if note.target is None or note.target in targets)


@cache
def load() -> Published:
    """The paper's tables; the file is read once."""
    text = files("results").joinpath("published.toml").read_text(encoding="utf-8")
    return Published.model_validate(tomllib.loads(text, parse_float=Decimal))
