"""A search space: which feature sets are trained with which Ways, in which order, and what follows the grid.

A space is data, a .toml file. Where files lie is `space_file`, what a stage may hold `stages`, how a slot is spelled
`slots`, what its roles become `resolution`, and the grid that results `grid`.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from search_spaces.corpus import Modality
from search_spaces.errors import SweepError
from search_spaces.features import CATALOGUE, Term
from search_spaces.resolution import Resolution, candidates
from search_spaces.settings import Settings
from search_spaces.slots import parse_slot
from search_spaces.space_file import SpaceFile, explain, read_space_file
from search_spaces.stages import (
    Baseline,
    Screening,
    Stage,
    Title,
    Way,
    check_once,
    check_roles,
    check_slots_differ,
    not_empty,
)

STANDARDIZE_ALL = "all"


class Space(BaseModel):
    """A whole search space; `load_space` makes one.

    Attributes:
        name: the file's, without .toml.
        title: one line.
        description: what the space is for.
        ways: the columns of the grid, in the order of the tables.
        settings: of every training, the file's [settings] over the defaults.
        screening: present where the stages have roles.
        baseline: present where Table VI is to have the official baseline.
        multitask: whether each target's two best cells are trained jointly when the grid is complete.
        stages: the grid's feature sets, in order; [[stage]] in the file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: Title
    description: str = ""
    ways: Annotated[tuple[Way, ...], AfterValidator(not_empty)]
    settings: Settings = Settings()
    screening: Screening | None = None
    baseline: Baseline | None = None
    multitask: bool = True
    stages: Annotated[tuple[Stage, ...], AfterValidator(not_empty), Field(alias="stage")]

    @model_validator(mode="after")
    def _consistent(self) -> "Space":
        check_once("Way", self.ways)
        check_once("Stage", (stage.name for stage in self.stages))
        check_slots_differ(slot for stage in self.stages for slot in stage.features)
        check_slots_differ(self.baseline.features if self.baseline else ())
        check_roles(self.stages, self.baseline, self.screening)
        check_once("settings.standardize:", self.settings.standardize)
        if STANDARDIZE_ALL in self.settings.standardize and len(self.settings.standardize) > 1:
            raise ValueError(f'settings.standardize must be ["{STANDARDIZE_ALL}"] alone, or features.')
        return self

    @property
    def needs_screening(self) -> bool:
        """Whether the raw features are ranked before the first stage."""
        return self.screening is not None

    def slots(self) -> Iterator[tuple[str, str]]:
        """(place, slot) of everything that is trained, in order; the place is a stage's name or "baseline"."""
        yield from ((stage.name, slot) for stage in self.stages for slot in stage.features)
        yield from (("baseline", slot) for slot in (self.baseline.features if self.baseline else ()))

    def check_features(self, available: Mapping[str, Modality]) -> None:
        """Make sure that a data set has every feature that the space names.

        Args:
            available: feature -> modality, as the data set has them.

        Raises:
            SweepError: a feature that the data set lacks; the message lists what it has and what we know by name.
        """
        named = {term.feature: slot for _, slot in self.slots() for term in parse_slot(slot) if isinstance(term, Term)}
        lacking = sorted(named.keys() - available.keys())
        if lacking:
            where = f" (in {named[lacking[0]]!r})" if len(lacking) == 1 else ""
            raise SweepError(
                f"Space {self.name!r}: the data set has no feature {', '.join(map(repr, lacking))}{where}. "
                f"{_known_features(available)} A space of roles, as protocol is, fits any data set."
            )
        catalogued = {feature.name for feature in CATALOGUE}
        # A catalogued feature that the data set lacks is no mistake here: the default names egemaps on every data set.
        strange = sorted(set(self.settings.standardize) - {STANDARDIZE_ALL} - catalogued - available.keys())
        if strange:
            raise SweepError(
                f"Space {self.name!r}: settings.standardize: {strange[0]!r} is not a feature, "
                f'nor "{STANDARDIZE_ALL}". {_known_features(available)}'
            )

    def candidates(self, resolution: Resolution) -> tuple[str, ...]:
        """Every feature set the grid can still train after the screening, in order: the choices of a study.

        Args:
            resolution: after the screening; a space without roles has its candidates at any time.
        """
        sets = (found for stage in self.stages for slot in stage.features for found in candidates(slot, resolution))
        return tuple(dict.fromkeys(sets))

    def with_overrides(self, *, seeds: int | None = None, epochs: int | None = None) -> "Space":
        """The space with settings from the command line; None means not given.

        Raises:
            SweepError: a number that is out of range.
        """
        given = {key: value for key, value in (("seeds", seeds), ("epochs", epochs)) if value is not None}
        try:
            settings = Settings.model_validate({**self.settings.model_dump(), **given})
        except ValidationError as error:
            raise explain(error, f"Space {self.name!r} with other settings", {(): _keys(Settings)}) from error
        return self.model_copy(update={"settings": settings})

    def digest(self) -> str:
        """What shapes a run's trials, as one stable line of JSON; without names and titles, which are only printed."""
        content = self.model_dump(mode="json", by_alias=True, exclude={"name", "title", "description"})
        content["stage"] = [
            {key: value for key, value in stage.items() if key != "title"} for stage in content["stage"]
        ]
        return json.dumps(content, sort_keys=True)


def _keys(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(field.alias or name for name, field in model.model_fields.items())


_KEYS = {
    (): _keys(Space) - {"name"} | {"extends"},
    ("settings",): _keys(Settings),
    ("screening",): _keys(Screening),
    ("baseline",): _keys(Baseline),
    ("stage",): _keys(Stage),
}
"""The tables of a space file and the keys that each may hold."""


def load_space(name_or_path: str) -> Space:
    """The space of that name, or of a user's own .toml file anywhere.

    Raises:
        SweepError: no such space, or a file with mistakes; all of them are told, each with its key.

    Example:
        >>> len(load_space("paper").candidates(Resolution(modalities={})))
        13
    """
    return _space_of(read_space_file(name_or_path))


def _space_of(file: SpaceFile) -> Space:
    if "name" in file.table:
        raise SweepError(f"{file.source}: name: unknown key. A space is called like its file, here {file.name!r}.")
    # As JSON, strict types let a list be a tuple and a whole number a fraction, but neither "5" nor true a number.
    table = json.dumps({**file.table, "name": file.name}, default=str)
    try:
        return Space.model_validate_json(table, strict=True)
    except ValidationError as error:
        raise explain(error, file.source, _KEYS) from error
    except SweepError as error:  # Settings itself checks the names of losses and weightings
        raise SweepError(f"{file.source}: settings: {error}") from error


def _known_features(available: Mapping[str, Modality]) -> str:
    there = ", ".join(f"{name} ({modality})" for name, modality in sorted(available.items())) or "none"
    return f"It has: {there}. The catalogue knows: {', '.join(sorted(feature.name for feature in CATALOGUE))}."
