"""What a run notes beside its trials: what it is, Table I, reference scores, roles, selected pairs, test scores.

Noted once and read from then on, so that nothing that decided a later step can change under it. The notes are
attributes of one study, the first that the run opens.
"""

from typing import TYPE_CHECKING, TypeVar

from pydantic import TypeAdapter, ValidationError

from results.records import Cell
from results.run_results import FeatureRow, ReferenceScore, TestScore
from search_spaces.errors import SweepError
from search_spaces.resolution import Resolution
from search_spaces.space import Space
from sweep.identity import Identity
from sweep.study_names import grid_study, screening_study
from sweep.study_reader import StudyReader

if TYPE_CHECKING:
    from sweep.ledger import Ledger  # and Optuna with it, which who only reads notes need not wait for

T = TypeVar("T")

IDENTITY = "identity"
"""Under which a run notes what it is, as its run.json does: for who has no run folder."""

_IDENTITY = TypeAdapter(Identity)
_FEATURES = TypeAdapter(tuple[FeatureRow, ...])
_REFERENCES = TypeAdapter(tuple[ReferenceScore, ...])
_RESOLUTION = TypeAdapter(Resolution)
_CELL = TypeAdapter(Cell)
_TESTS = TypeAdapter(tuple[TestScore, ...])


def notes_study(space: Space, targets: tuple[str, ...]) -> str:
    """The study that carries a run's notes."""
    return screening_study(targets[0]) if space.needs_screening else grid_study(targets[0])


class Notes:
    """A run's notes, read; None where a step has not been done yet."""

    def __init__(self, studies: StudyReader, study: str) -> None:
        self._studies = studies
        self._study = study

    @property
    def identity(self) -> Identity | None:
        """What the run is."""
        return self._read(IDENTITY, _IDENTITY)

    @property
    def features(self) -> tuple[FeatureRow, ...] | None:
        """Table I: every feature and its widths."""
        return self._read("features", _FEATURES)

    @property
    def references(self) -> tuple[ReferenceScore, ...] | None:
        """Scores of the reference predictors."""
        return self._read("references", _REFERENCES)

    @property
    def resolution(self) -> Resolution | None:
        """What the roles have become so far."""
        return self._read("resolution", _RESOLUTION)

    def selected(self, target: str) -> Cell | None:
        """The joint run of a target's two best cells."""
        return self._read(f"selected:{target}", _CELL)

    def tests(self, target: str) -> tuple[TestScore, ...] | None:
        """The one test evaluation of each of a target's selected cells."""
        return self._read(f"tests:{target}", _TESTS)

    def check(self, targets: tuple[str, ...]) -> None:
        """Reads every note.

        Raises:
            SweepError: one was altered, or is of another kind.
        """
        _ = self.identity, self.features, self.references, self.resolution
        for target in targets:
            _ = self.selected(target), self.tests(target)

    def _read(self, key: str, kind: TypeAdapter[T]) -> T | None:
        stored = self._studies.attribute(self._study, key)
        try:
            return None if stored is None else kind.validate_python(stored)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, (key, *first["loc"])))
            raise SweepError(
                f"A note of study {self._study!r} cannot be read: {place}: {first['msg']}. "
                "Put a copy of the study back, or make another run."
            ) from error


class Notebook(Notes):
    """A run's notes, written; only for the coordinator."""

    def __init__(self, ledger: "Ledger", study: str) -> None:
        super().__init__(ledger, study)
        self._ledger = ledger

    def note_identity(self, identity: Identity) -> None:
        """Keeps what the run is."""
        self._ledger.set_attribute(self._study, IDENTITY, _IDENTITY.dump_python(identity, mode="json", by_alias=True))

    def note_features(self, features: tuple[FeatureRow, ...]) -> None:
        """Keeps Table I."""
        self._ledger.set_attribute(self._study, "features", _FEATURES.dump_python(features, mode="json"))

    def note_references(self, references: tuple[ReferenceScore, ...]) -> None:
        """Keeps the reference scores."""
        self._ledger.set_attribute(self._study, "references", _REFERENCES.dump_python(references, mode="json"))

    def note_resolution(self, resolution: Resolution) -> None:
        """Keeps what the roles have become."""
        self._ledger.set_attribute(self._study, "resolution", resolution.model_dump(mode="json"))

    def note_selected(self, pair: Cell) -> None:
        """Keeps a target's joint run."""
        self._ledger.set_attribute(self._study, f"selected:{pair.target}", pair.model_dump(mode="json"))

    def note_tests(self, target: str, tests: tuple[TestScore, ...]) -> None:
        """Keeps a target's test scores."""
        self._ledger.set_attribute(self._study, f"tests:{target}", _TESTS.dump_python(tests, mode="json"))
