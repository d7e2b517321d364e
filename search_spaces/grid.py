"""The rows of a space on one data set: what each slot is by now, and which slots are left out, with the reason."""

from collections.abc import Iterable
from dataclasses import dataclass

from search_spaces.corpus import MODALITIES, Modality
from search_spaces.errors import SweepError
from search_spaces.features import Term, parse_feature_set
from search_spaces.resolution import Resolution, UnfillableError, resolve
from search_spaces.space import Space

_BASELINE = ("baseline", "Official baseline", ("VI",))


@dataclass(frozen=True)
class Row:
    """One feature set of the grid."""

    slot: str  # as the space spells it
    features: str | None  # None while a role is not known yet
    stage: str
    title: str  # the stage's, for the table
    tables: tuple[str, ...]
    modalities: tuple[Modality, ...]  # audio, video, text; () while a role is not known yet


@dataclass(frozen=True)
class LeftOut:
    """A slot without a row."""

    slot: str
    stage: str
    reason: str

    def __str__(self) -> str:
        return f"{self.slot}: {self.reason}"


@dataclass(frozen=True)
class Grid:
    """What a space is on one data set by now."""

    rows: tuple[Row, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def resolved(self) -> bool:
        """Whether every row's feature set is known."""
        return all(row.features is not None for row in self.rows)

    def ready(self, stage: str) -> tuple[str, ...]:
        """The feature sets of one stage that are known by now."""
        return tuple(row.features for row in self.rows if row.stage == stage and row.features is not None)


def expand(space: Space, resolution: Resolution) -> Grid:
    """The grid of a space: one row a feature set.

    Where two slots become the same feature set, the first stays and the second is left out.

    Raises:
        SweepError: the data set fills no slot at all.
    """
    slots = [(slot, stage.name, stage.title, stage.tables) for stage in space.stages for slot in stage.features]
    grid = _expand(slots, resolution)
    if not grid.rows:
        reasons = "\n".join(f"  {left}" for left in grid.left_out)
        raise SweepError(f"Space {space.name!r} has no feature set for this data set:\n{reasons}")
    return grid


def expand_baseline(space: Space, resolution: Resolution) -> Grid:
    """The feature sets of the official baseline's network, as rows of Table VI; no rows where the space has none."""
    slots = space.baseline.features if space.baseline else ()
    return _expand([(slot, *_BASELINE) for slot in slots], resolution)


def _expand(slots: Iterable[tuple[str, str, str, tuple[str, ...]]], resolution: Resolution) -> Grid:
    rows: list[Row] = []
    left_out: list[LeftOut] = []
    first: dict[frozenset[Term], str] = {}
    for slot, stage, title, tables in slots:
        try:
            features = resolve(slot, resolution)
        except UnfillableError as reason:
            left_out.append(LeftOut(slot, stage, str(reason)))
            continue
        terms = () if features is None else parse_feature_set(features)
        unknown = next((term.feature for term in terms if term.feature not in resolution.modalities), None)
        if unknown is not None:
            left_out.append(LeftOut(slot, stage, f"{unknown} has no figure in the screening"))
            continue
        other = first.setdefault(frozenset(terms), slot) if terms else slot
        if other != slot:
            left_out.append(LeftOut(slot, stage, f"it becomes {features!r}, the feature set of {other!r}"))
            continue
        rows.append(Row(slot, features, stage, title, tables, _modalities(terms, resolution)))
    return Grid(tuple(rows), tuple(left_out))


def _modalities(terms: tuple[Term, ...], resolution: Resolution) -> tuple[Modality, ...]:
    present = {resolution.modalities[term.feature] for term in terms}
    return tuple(modality for modality in MODALITIES if modality in present)
