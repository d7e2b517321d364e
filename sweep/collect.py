"""A run as plain values for the tables: read from its study, whatever state it is in."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from results.findings import Findings
from results.records import Cell, Cost, Hole, TrialRecord
from results.run_results import GridRow, RunResults
from search_spaces.errors import SweepError
from search_spaces.grid import expand
from search_spaces.resolution import Resolution
from sweep.cells import Plan, baseline_plan, by_study, grid_plan, multitask_plan, screening_plan
from sweep.findings import find_all
from sweep.folder import RunFolder
from sweep.identity import Identity
from sweep.notes import Notes, notes_study
from sweep.study_names import baseline_study, grid_study, multitask_study, screening_study
from sweep.study_reader import StudyReader

_STUDIES = (screening_study, grid_study, baseline_study, multitask_study)


@dataclass(frozen=True)
class Progress:
    """How far a run is: the cells that are known to be wanted by now."""

    wanted: tuple[Cell, ...]
    holes: tuple[Hole, ...]
    costs: dict[str, Cost]  # str(cell) -> cost
    rows_open: int  # feature sets that no result has named yet
    unpaired: tuple[str, ...]  # targets without a selected pair, where the space wants one

    @property
    def done(self) -> int:
        """Cells with a record."""
        return len(self.wanted) - len(self.holes)

    @property
    def complete(self) -> bool:
        """Whether there is nothing left to do."""
        return bool(self.wanted) and not (self.holes or self.rows_open or self.unpaired)

    @property
    def failed(self) -> tuple[Hole, ...]:
        """The cells that are not tried again by themselves."""
        return tuple(hole for hole in self.holes if hole.state == "failed")


def run_results(folder: RunFolder, identity: Identity, studies: StudyReader, *, statistics: bool = False) -> RunResults:
    """Everything the tables need, of the run as it stands.

    Args:
        folder: of the run.
        identity: of the run.
        studies: of the run.
        statistics: with what its predictions say, which may take seconds where it was not computed before.
    """
    notes, targets = Notes(studies, notes_study(identity.space, identity.targets)), identity.targets
    _, *steps = _steps(identity, notes)
    found, missing = _findings(folder, identity, studies, notes) if statistics else ((), "")
    return RunResults(
        name=folder.name,
        space=identity.space.name,
        targets=targets,
        ways=identity.space.ways,
        versions=identity.versions,
        features=notes.features or (),
        rows=tuple(_rows(identity, resolution_of(notes))),
        records=_records(studies, grid_study, targets),
        baselines=_records(studies, baseline_study, targets),
        multitask=_records(studies, multitask_study, targets),
        holes=tuple(hole for plan in steps for hole in plan_holes(studies, plan)),
        tests=tuple(test for target in targets for test in notes.tests(target) or ()),
        references=notes.references or (),
        screening=_records(studies, screening_study, targets),
        costs={key: cost for target in targets for of in _STUDIES for key, cost in studies.costs(of(target)).items()},
        findings=found,
        no_findings=missing,
    )


def keep_statistics(folder: RunFolder, identity: Identity, studies: StudyReader) -> None:
    """Computes what the predictions of a run say, as far as it has come, and keeps it in the run's folder."""
    _findings(folder, identity, studies, Notes(studies, notes_study(identity.space, identity.targets)))


def _findings(
    folder: RunFolder, identity: Identity, studies: StudyReader, notes: Notes
) -> tuple[tuple[Findings, ...], str]:
    """The statistics of every target whose grid is complete, or why there are none."""
    space, resolution = identity.space, resolution_of(notes)
    if notes.features is None or any(row.features is None for row in expand(space, resolution).rows):
        return (), ""
    holes = plan_holes(studies, grid_plan(space, resolution, identity.targets))
    waiting = {hole.cell.target for hole in holes if hole.state != "failed"}
    complete = tuple(target for target in identity.targets if target not in waiting)
    selected = tuple(target for target in complete if notes.tests(target) is not None)
    try:
        return find_all(folder, studies, complete, space.ways, selected), ""
    except SweepError as error:
        return (), str(error)


def progress(identity: Identity, studies: StudyReader) -> Progress:
    """How far a run is, over all its steps; a cell that two steps want counts once."""
    notes = Notes(studies, notes_study(identity.space, identity.targets))
    steps = _steps(identity, notes)
    holes = {hole.cell: hole for plan in reversed(steps) for hole in plan_holes(studies, plan)}
    rows = expand(identity.space, resolution_of(notes)).rows if notes.features else ()
    studied = dict.fromkeys(study for plan in steps for study, _ in plan)
    return Progress(
        wanted=tuple(dict.fromkeys(cell for plan in steps for _, cell in plan)),
        holes=tuple(holes.values()),
        costs={key: cost for study in studied for key, cost in studies.costs(study).items()},
        rows_open=sum(row.features is None for row in rows),
        unpaired=tuple(t for t in identity.targets if identity.space.multitask and notes.selected(t) is None),
    )


def plan_holes(studies: StudyReader, plan: Plan) -> tuple[Hole, ...]:
    """The cells of a plan without a record, each with its state and reason."""
    return tuple(hole for study, cells in by_study(plan).items() for hole in studies.holes(study, cells))


def _steps(identity: Identity, notes: Notes) -> tuple[Plan, Plan, Plan, Plan]:
    """Screening, grid, baseline and multitask, as far as their cells are known."""
    if notes.features is None:  # nothing is known of the data yet
        return (), (), (), ()
    space, targets, resolution = identity.space, identity.targets, resolution_of(notes)
    pairs = (notes.selected(target) for target in targets)
    return (
        screening_plan(space, (row.name for row in notes.features), targets),
        grid_plan(space, resolution, targets),
        baseline_plan(space, resolution, targets),
        multitask_plan(pair for pair in pairs if pair is not None),
    )


def resolution_of(notes: Notes) -> Resolution:
    """What the roles are by now; before the screening only the features are known."""
    return notes.resolution or Resolution(modalities={row.name: row.modality for row in notes.features or ()})


def _rows(identity: Identity, resolution: Resolution) -> Iterable[GridRow]:
    if not resolution.modalities:
        return
    for row in expand(identity.space, resolution).rows:
        yield GridRow(
            features=row.features, slot=row.slot, tables=row.tables, group=row.title, modalities=row.modalities
        )


def _records(studies: StudyReader, name_of: Callable[[str], str], targets: tuple[str, ...]) -> tuple[TrialRecord, ...]:
    return tuple(record for target in targets for record in studies.records(name_of(target)))
