"""The paper's procedure, step by step: references, PCA, screening, grid, selection, multitask, test.

Every step first asks the study what is done already, so a procedure that was killed anywhere is carried on by starting
it again. What decides later steps (which feature a role became, how the references score) is noted in the study.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from results.records import Cell, Hole
from results.run_results import FeatureRow
from results.select import top_two
from search_spaces import features
from search_spaces.corpus import Modality
from search_spaces.grid import expand
from search_spaces.resolution import Resolution, candidates, decide_better, screen
from search_spaces.stages import BASELINE_WAY
from sweep import pca, probes
from sweep.cells import baseline_cells, grid_cells, row_figures, screening_cells
from sweep.coordinator import run_cells
from sweep.events import CellsPlanned, Event
from sweep.executors import Executor
from sweep.feature_store import FeatureStore
from sweep.folder import RunFolder
from sweep.held_out import score_selected
from sweep.identity import Identity
from sweep.job import DataSource, Job
from sweep.ledger import Choices, Ledger
from sweep.notes import Notebook, notes_study
from sweep.study_names import baseline_study, grid_study, multitask_study, screening_study

COSTLY_FIRST = ("way6", "way3", "way1", "way5", "way4", BASELINE_WAY, "way2")
"""By measured cost: the longest trials start first, so that no worker idles at the end. Ways not listed come before."""


@dataclass(frozen=True)
class Procedure:
    """A run under way; the caller holds its lock.

    Attributes:
        identity: what the run is.
        folder: where it is.
        store: its data.
        modalities: of the data's features, in the corpus' order.
        ledger: its studies.
        executor: where its trials run.
        on_event: the live view.
        say: takes one line for the user, such as what a role became.
        retry_failed: give failed cells another try.
        allow_holes: select and go on although cells of the grid have failed.
    """

    identity: Identity
    folder: RunFolder
    store: FeatureStore
    modalities: dict[str, Modality]
    ledger: Ledger
    executor: Executor
    on_event: Callable[[Event], None]
    say: Callable[[str], None]
    retry_failed: bool = False
    allow_holes: bool = False

    def carry_out(self) -> tuple[Hole, ...]:
        """Runs everything that is not done yet.

        Returns:
            The cells without a record. Where the grid has any, nothing was selected, unless holes are allowed.

        Raises:
            Interrupted: the user stopped the run.
            SweepError: no cell can go on.
        """
        notebook = self._open_notebook()
        if self._train_screening() and not self.allow_holes:
            return self._screening_holes()
        resolution = self._train_grid(notebook, self._resolved(notebook))
        holes = self._grid_holes(resolution)
        if not self.identity.space.multitask or (holes and not self.allow_holes):
            return holes
        pairs = self._train_multitask(resolution)
        for target in self.identity.targets:
            if notebook.tests(target) is None:
                notebook.note_tests(target, score_selected(self.ledger, self.folder, self.store, target))
        return (*holes, *self._holes(multitask_study, pairs))

    def _open_notebook(self) -> Notebook:
        """The notes, with Table I and the references in them."""
        space, targets = self.identity.space, self.identity.targets
        self._open(screening_study, self._screening_choices()) if space.screening else self._open_grid(
            self._unscreened()
        )
        notebook = Notebook(self.ledger, notes_study(space, targets))
        if notebook.features is None:
            self.say(f"PCA of {len(self.modalities)} features, reference scores")
            notebook.note_features(tuple(self._feature_rows()))
        if notebook.references is None:
            notebook.note_references(tuple(probes.references(self.store, targets)))
        return notebook

    def _feature_rows(self) -> Iterable[FeatureRow]:
        for name, modality in self.modalities.items():
            folder = pca.reduce(self.store, name, self.identity.space.settings)
            reduced = pca.read_reduction(folder).width
            title, width = features.title(name), self.store.widths[name]
            yield FeatureRow(name=name, title=title, modality=modality, width=width, reduced_width=reduced)

    def _train_screening(self) -> tuple[Hole, ...]:
        """Ranks the raw features, where the space asks for it; the cells that failed."""
        cells = [cell for target in self.identity.targets for cell in self._screening_cells(target)]
        self._train([(screening_study(cell.target), cell) for cell in cells], retry_failed=self.retry_failed)
        return self._screening_holes()

    def _resolved(self, notebook: Notebook) -> Resolution:
        """What the roles are after the screening, as noted or as it turned out just now."""
        if notebook.resolution is not None:
            return notebook.resolution
        resolution = self._unscreened()
        if self.identity.space.screening:
            targets = self.identity.targets
            records = [record for target in targets for record in self.ledger.records(screening_study(target))]
            figures = row_figures(records, ways=1, targets=len(targets))
            resolution = screen(figures, {name: self.modalities[name] for name in self.modalities if name in figures})
        notebook.note_resolution(resolution)
        return resolution

    def _train_grid(self, notebook: Notebook, resolution: Resolution) -> Resolution:
        """Trains the rows that are known until no new one becomes known; the baseline's cells go along."""
        space, targets = self.identity.space, self.identity.targets
        self._open_grid(resolution)
        baseline = space.baseline.features if space.baseline else ()
        baseline_sets = dict.fromkeys(each for slot in baseline for each in candidates(slot, resolution))
        if baseline_sets:
            self._open(baseline_study, Choices(tuple(baseline_sets), (BASELINE_WAY,)))
        known: list[tuple[str, Cell]] = []
        while (plan := self._grid_plan(resolution)) != known:
            self._train(plan, retry_failed=self.retry_failed and not known)
            known = plan
            records = [record for target in targets for record in self.ledger.records(grid_study(target))]
            resolution = decide_better(resolution, row_figures(records, len(space.ways), len(targets)))
            notebook.note_resolution(resolution)
        self._tell_rows(resolution)
        return resolution

    def _train_multitask(self, resolution: Resolution) -> tuple[Cell, ...]:
        """Trains each target's two best cells jointly."""
        space = self.identity.space
        self._open(multitask_study, Choices(space.candidates(resolution), space.ways))
        pairs = []
        for target in self.identity.targets:
            main, related = top_two(self.ledger.records(grid_study(target)), target)
            pairs.append(Cell(target=target, branches=(*main.cell.branches, *related.cell.branches)))
            self.say(f"{target}: multitask run of {main.cell.branches[0]} with {related.cell.branches[0]}")
        self._train([(multitask_study(cell.target), cell) for cell in pairs], retry_failed=self.retry_failed)
        return tuple(pairs)

    def _train(self, plan: Sequence[tuple[str, Cell]], *, retry_failed: bool) -> None:
        ordered = sorted(plan, key=lambda item: _rank(item[1]))
        studies: dict[str, list[Cell]] = {}
        for study, cell in ordered:
            studies.setdefault(study, []).append(cell)
        holes = (hole for study, cells in studies.items() for hole in self.ledger.holes(study, cells))
        self.on_event(CellsPlanned(tuple(cell for _, cell in ordered), tuple(hole.cell for hole in holes)))
        run_cells(
            self.ledger,
            ordered,
            make_job=self._job,
            executor=self.executor,
            folder=self.folder,
            on_event=self.on_event,
            retry_failed=retry_failed,
        )

    def _job(self, cell: Cell) -> Job:
        identity = self.identity
        source = DataSource(
            root=identity.data, reader=identity.reader, cache=self.store.cache, digest=identity.data_digest
        )
        return Job(cell=cell, settings=identity.space.settings, data=source, device=identity.device)

    def _open(self, name_of: Callable[[str], str], choices: Choices) -> None:
        for target in self.identity.targets:
            self.ledger.open_study(name_of(target), choices)

    def _open_grid(self, resolution: Resolution) -> None:
        space = self.identity.space
        self._open(grid_study, Choices(space.candidates(resolution), space.ways))
        if space.screening is None:
            return
        for target in self.identity.targets:
            self.ledger.adopt(grid_study(target), screening_study(target), grid_cells(space, resolution, target))

    def _unscreened(self) -> Resolution:
        return Resolution(modalities=dict(self.modalities))

    def _screening_choices(self) -> Choices:
        screening = self.identity.space.screening
        return Choices(tuple(self.modalities), (screening.way,) if screening else ())

    def _screening_cells(self, target: str) -> tuple[Cell, ...]:
        return screening_cells(self.identity.space, self.modalities, target)

    def _grid_plan(self, resolution: Resolution) -> list[tuple[str, Cell]]:
        """The cells of the grid and of the official baseline that are known by now."""
        space, targets = self.identity.space, self.identity.targets
        grid = [(grid_study(target), cell) for target in targets for cell in grid_cells(space, resolution, target)]
        baseline = [(baseline_study(t), cell) for t in targets for cell in baseline_cells(space, resolution, t)]
        return [*grid, *baseline]

    def _tell_rows(self, resolution: Resolution) -> None:
        grid = expand(self.identity.space, resolution)
        for row in grid.rows:
            if row.features is not None and row.features != row.slot:
                self.say(f"{row.slot} is {row.features}")
        for left_out in grid.left_out:
            self.say(f"left out: {left_out}")

    def _holes(self, name_of: Callable[[str], str], cells: Iterable[Cell]) -> tuple[Hole, ...]:
        wanted = tuple(cells)
        return tuple(
            hole
            for target in self.identity.targets
            for hole in self.ledger.holes(name_of(target), [cell for cell in wanted if cell.target == target])
        )

    def _screening_holes(self) -> tuple[Hole, ...]:
        targets = self.identity.targets
        return self._holes(screening_study, (cell for target in targets for cell in self._screening_cells(target)))

    def _grid_holes(self, resolution: Resolution) -> tuple[Hole, ...]:
        plan = self._grid_plan(resolution)
        studies = dict.fromkeys(study for study, _ in plan)
        return tuple(
            hole
            for study in studies
            for hole in self.ledger.holes(study, [cell for name, cell in plan if name == study])
        )


def _rank(cell: Cell) -> int:
    ways = [branch.way for branch in cell.branches]
    return min((COSTLY_FIRST.index(way) if way in COSTLY_FIRST else -1) for way in ways)
