"""A run as plain values for the tables: read from its study, whatever state it is in."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from results.records import Cell, Cost, Hole, TrialRecord
from results.run_results import GridRow, RunResults
from search_spaces.grid import expand
from search_spaces.resolution import Resolution
from sweep.cells import baseline_cells, grid_cells, screening_cells
from sweep.folder import RunFolder
from sweep.identity import Identity
from sweep.notes import Notes, notes_study
from sweep.study_names import baseline_study, grid_study, multitask_study, screening_study
from sweep.study_reader import StudyReader


@dataclass(frozen=True)
class Progress:
    """How far a run is: the cells that are known to be wanted by now."""

    wanted: tuple[Cell, ...]
    done: int
    holes: tuple[Hole, ...]
    costs: dict[str, Cost]  # str(cell) -> cost
    rows_open: int  # feature sets that no result has named yet


def run_results(folder: RunFolder, identity: Identity, studies: StudyReader) -> RunResults:
    """Everything the tables need, of the run as it stands."""
    notes = Notes(studies, notes_study(identity.space, identity.targets))
    resolution = notes.resolution or Resolution(modalities={row.name: row.modality for row in notes.features or ()})
    space, targets = identity.space, identity.targets
    return RunResults(
        name=folder.name,
        space=space.name,
        targets=targets,
        ways=space.ways,
        features=notes.features or (),
        rows=tuple(_rows(identity, resolution)),
        records=_records(studies, grid_study, targets),
        baselines=_records(studies, baseline_study, targets),
        multitask=_records(studies, multitask_study, targets),
        holes=(
            *_holes(studies, grid_study, (c for t in targets for c in grid_cells(space, resolution, t))),
            *_holes(studies, baseline_study, (c for t in targets for c in baseline_cells(space, resolution, t))),
        ),
        tests=tuple(test for target in targets for test in notes.tests(target) or ()),
        references=notes.references or (),
        costs={key: cost for target in targets for key, cost in studies.costs(grid_study(target)).items()},
    )


def progress(identity: Identity, studies: StudyReader) -> Progress:
    """How far a run is, over all its steps."""
    notes = Notes(studies, notes_study(identity.space, identity.targets))
    resolution = notes.resolution or Resolution(modalities={row.name: row.modality for row in notes.features or ()})
    space, targets = identity.space, identity.targets
    names = tuple(resolution.modalities)
    wanted: list[Cell] = []
    holes: list[Hole] = []
    costs: dict[str, Cost] = {}
    for target in targets:
        steps = (
            (screening_study(target), screening_cells(space, names, target)),
            (grid_study(target), grid_cells(space, resolution, target) if names else ()),
            (baseline_study(target), baseline_cells(space, resolution, target) if names else ()),
            (multitask_study(target), tuple(record.cell for record in studies.records(multitask_study(target)))),
        )
        for study, cells in steps:
            wanted += cells
            holes += studies.holes(study, cells)
            costs |= studies.costs(study)
    rows = expand(space, resolution).rows if names else ()
    unknown = sum(row.features is None for row in rows)
    return Progress(tuple(wanted), len(wanted) - len(holes), tuple(holes), costs, unknown)


def _rows(identity: Identity, resolution: Resolution) -> Iterable[GridRow]:
    if not resolution.modalities:  # nothing is known of the data yet
        return
    for row in expand(identity.space, resolution).rows:
        yield GridRow(
            features=row.features, slot=row.slot, tables=row.tables, group=row.title, modalities=row.modalities
        )


def _records(studies: StudyReader, name_of: Callable[[str], str], targets: tuple[str, ...]) -> tuple[TrialRecord, ...]:
    return tuple(record for target in targets for record in studies.records(name_of(target)))


def _holes(studies: StudyReader, name_of: Callable[[str], str], cells: Iterable[Cell]) -> tuple[Hole, ...]:
    by_target: dict[str, list[Cell]] = {}
    for cell in cells:
        by_target.setdefault(cell.target, []).append(cell)
    return tuple(hole for target, wanted in by_target.items() for hole in studies.holes(name_of(target), wanted))
