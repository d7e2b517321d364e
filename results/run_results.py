"""Everything a table needs of one run, as plain values. `sweep` fills it from the study; `results` only reads it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from results.findings import Findings
from results.records import Cell, Cost, Hole, Scores, TrialRecord
from search_spaces.corpus import Modality

Entry = Literal["baseline", "multitask"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FeatureRow(_Frozen):
    """One feature of the data set (Table I)."""

    name: str
    title: str
    modality: Modality
    width: int
    reduced_width: int | None  # columns after PCA; None where PCA cannot reduce it
    kept_variance: tuple[float, ...] = ()  # by the first 1, 2, … components; () where not noted, as in early runs
    versions: dict[str, str] = {}  # under which it was reduced; {} where that was not noted


class GridRow(_Frozen):
    """One feature set of the grid and the tables it stands in."""

    features: str | None  # None while its roles are not resolved yet
    slot: str  # as the space file spells it: "vggish+bert~" or "best(audio)+better(text)"
    tables: tuple[str, ...]  # ("II",) or ("III", "IV")
    group: str  # stage title: "Uni-modal feature"
    modalities: tuple[Modality, ...]  # () while not resolved


class TestScore(_Frozen):
    """The one test evaluation of a selected cell; `scores` is None where the test labels are masked."""

    target: str
    entry: Entry
    cell: Cell
    seed: int  # the seed with the best devel macro-F1: the model that would be submitted
    scores: Scores | None


class ReferenceScore(_Frozen):
    """What a predictor without a temporal model scores: the floor every cell is read against."""

    name: str  # "constant", "stratified", "logistic"
    title: str
    target: str
    features: str | None  # of the logistic probe; None where no feature is read
    devel: float
    test: float | None  # None where masked
    note: str = ""  # e.g. "C=0.01, chosen on devel"
    versions: dict[str, str] = {}  # under which it was computed; {} where that was not noted


class RunResults(_Frozen):
    """One run as measured so far."""

    name: str
    space: str
    targets: tuple[str, ...]
    ways: tuple[str, ...]
    versions: dict[str, str]  # of Python and the libraries, when the run was made
    features: tuple[FeatureRow, ...]
    rows: tuple[GridRow, ...]
    records: tuple[TrialRecord, ...]  # every finished trial of the grid, in no particular order
    baselines: tuple[TrialRecord, ...]  # the official baseline's network (way "baseline")
    multitask: tuple[TrialRecord, ...]  # at most one a target
    holes: tuple[Hole, ...]  # grid, baseline and multitask cells without a record
    tests: tuple[TestScore, ...]
    references: tuple[ReferenceScore, ...]
    screening: tuple[TrialRecord, ...] = ()  # what settled the roles; the grid takes over those that it wants too
    costs: dict[str, Cost] = {}  # str(cell) -> cost, of every record
    findings: tuple[Findings, ...] = ()  # of the targets whose grid is complete
    no_findings: str = ""  # why there are none, where there could be

    def record(self, cell: Cell) -> TrialRecord | None:
        """The record of one cell of the grid, or None."""
        return next((record for record in self.records if record.cell == cell), None)
