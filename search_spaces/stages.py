"""The parts of a search space: stages of feature sets, the screening before them and the baseline beside them."""

from collections.abc import Iterable
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict

from search_spaces import registry
from search_spaces.errors import SweepError, unknown
from search_spaces.slots import Kind, Rest, Role, SlotTerm, parse_slot

BASELINE_WAY = "baseline"
"""The official baseline's network: trained for Table VI by [baseline], never a column of the grid."""
TableName = Literal["II", "III", "IV"]
_Value = TypeVar("_Value")
_TABLES: tuple[tuple[TableName, ...], ...] = (("II",), ("III", "IV"))


def _checked_way(name: str) -> str:
    grid_ways = [known for known in registry.names("ways") if known != BASELINE_WAY]
    if name not in grid_ways:
        raise ValueError(str(unknown("Way", name, grid_ways)))
    return name


def _checked_slot(text: str) -> str:
    try:
        parse_slot(text)
    except SweepError as error:
        raise ValueError(str(error)) from error
    return text


def _checked_tables(tables: tuple[TableName, ...]) -> tuple[TableName, ...]:
    if tables not in _TABLES:
        raise ValueError(f'Tables must be ["II"] (both targets) or ["III", "IV"] (one a target). Found {list(tables)}.')
    return tables


def not_empty(values: tuple[_Value, ...]) -> tuple[_Value, ...]:
    """The values, of which there must be one at least; pydantic's own minimum would also count the wrong ones out."""
    if not values:
        raise ValueError("Expected one entry at least, found none.")
    return values


def _checked_title(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError(f"Expected words in one line, found {text!r}.")
    return text


Title = Annotated[str, AfterValidator(_checked_title)]
"""What a table prints as it stands."""
Way = Annotated[str, AfterValidator(_checked_way)]
Slot = Annotated[str, AfterValidator(_checked_slot)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Screening(_Frozen):
    """Every raw feature of the data set is trained alone with this Way, to rank it inside its modality."""

    way: Way


class Baseline(_Frozen):
    """The feature sets on which the official baseline's network is trained (Table VI)."""

    features: Annotated[tuple[Slot, ...], AfterValidator(not_empty)]


class Stage(_Frozen):
    """Feature sets that are trained together; their roles may rest on the stages before."""

    name: Title
    title: Title  # the group in the table: "Uni-modal feature"
    tables: Annotated[tuple[TableName, ...], AfterValidator(_checked_tables)]  # III is the first target, IV the second
    features: Annotated[tuple[Slot, ...], AfterValidator(not_empty)]


def check_once(what: str, names: Iterable[str]) -> None:
    """Make sure that no name stands twice.

    Raises:
        ValueError: one does.
    """
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{what} {name!r} stands twice; each must stand once.")
        seen.add(name)


def check_slots_differ(slots: Iterable[str]) -> None:
    """Make sure that no slot is another one in a new order: the same fusion would be trained twice.

    Raises:
        ValueError: two slots are equal up to order.
    """
    first: dict[frozenset[SlotTerm], str] = {}
    for slot in slots:
        terms = frozenset(parse_slot(slot))
        if terms in first:
            same = "stands twice" if first[terms] == slot else f"is {first[terms]!r} in another order"
            raise ValueError(f"Feature set {slot!r} {same}; each must be trained once.")
        first[terms] = slot


def check_roles(stages: tuple[Stage, ...], baseline: Baseline | None, screening: Screening | None) -> None:
    """Make sure that every role can become known by the time it is needed.

    Raises:
        ValueError: a role without a screening, or a better(…) that no stage before its own decides.
    """
    trained: set[str] = set()
    groups = [(f"stage {stage.name!r}", stage.features) for stage in stages]
    for place, slots in [*groups, ("the baseline", baseline.features if baseline else ())]:
        for slot in slots:
            for term in parse_slot(slot):
                if isinstance(term, Role | Rest) and screening is None:
                    raise ValueError(f'Role {str(term)!r} in {place} needs a [screening], such as way = "way2".')
                if isinstance(term, Role) and term.kind is Kind.BETTER:
                    _check_decided(term, place, trained)
        trained.update(slots)


def _check_decided(role: Role, place: str, trained: set[str]) -> None:
    needed = [str(Role(Kind.BEST, role.modality, reduced)) for reduced in (False, True)]
    lacking = [slot for slot in needed if slot not in trained]
    if lacking:
        raise ValueError(
            f"Role {str(role)!r} in {place} chooses between {' and '.join(map(repr, needed))}, "
            f"which an earlier stage must train. Missing there: {', '.join(map(repr, lacking))}."
        )
