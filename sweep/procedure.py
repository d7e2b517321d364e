"""The paper's procedure, step by step: references, PCA, screening, grid, selection, multitask, test.

Every step first asks the study what is done already, so a procedure that was killed anywhere is carried on by starting
it again. What decides later steps (which feature a role became, which pair was selected) is noted in the study.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from results.records import Cell
from results.select import top_two
from search_spaces.corpus import Modality
from search_spaces.errors import SweepError
from search_spaces.resolution import Resolution, decide_better, screen
from search_spaces.stages import BASELINE_WAY
from sweep.cells import (
    Plan,
    baseline_plan,
    by_study,
    grid_plan,
    multitask_plan,
    resolved_slots,
    row_figures,
    screening_plan,
)
from sweep.collect import keep_statistics, plan_holes
from sweep.coordinator import run_cells
from sweep.events import CellsPlanned, Event
from sweep.executors import Executor
from sweep.feature_store import FeatureStore
from sweep.findings import keep_segments
from sweep.folder import RunFolder
from sweep.held_out import score_selected, to_score
from sweep.identity import Identity
from sweep.job import DataSource, Job
from sweep.ledger import Ledger
from sweep.lost_predictions import Lost, lost, restore
from sweep.notes import Notebook, notes_study
from sweep.run_studies import open_grid, open_multitask, open_screening
from sweep.study_names import grid_study

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

    def carry_out(self) -> None:
        """Runs everything that is not done yet.

        Where a cell of a step has failed, the steps that rest on it do not begin, unless holes are allowed.

        Raises:
            Interrupted: the user stopped the run.
            SweepError: no cell can go on.
        """
        notebook = self._open_notebook()
        self._look_after(lost(self.folder, self.ledger))
        resolution = self._screened(notebook)
        if resolution is None:
            return
        resolution, complete = self._train_grid(notebook, resolution)
        if self.identity.space.multitask and (complete or self.allow_holes):
            self._train_multitask(notebook, resolution)
            for target in self.identity.targets:
                self._score(notebook, target)
        keep_statistics(self.folder, self.identity, self.ledger)  # so that the first table need not wait

    def _open_notebook(self) -> Notebook:
        """The notes, with Table I and the references in them, and beside them what predictions will be of."""
        space, targets = self.identity.space, self.identity.targets
        if space.screening:
            open_screening(self.ledger, self.identity, self.modalities)
        else:
            open_grid(self.ledger, self.identity, self._unscreened())
        notebook = Notebook(self.ledger, notes_study(space, targets))
        if notebook.identity is None:
            notebook.note_identity(self.identity)
        keep_segments(self.folder, self.store)
        if notebook.features is not None and notebook.references is not None:
            return notebook
        from sweep import probes  # noqa: PLC0415 - loads scikit-learn, which a run that goes on does not need

        if notebook.features is None:
            self.say(f"PCA of {len(self.modalities)} features")
            notebook.note_features(tuple(probes.feature_rows(self.store, self.modalities, space.settings)))
        if notebook.references is None:
            self.say("Reference scores")
            notebook.note_references(tuple(probes.references(self.store, targets)))
        return notebook

    def _screened(self, notebook: Notebook) -> Resolution | None:
        """What the roles are after the screening, as noted or as it turned out just now; None where it has holes."""
        identity = self.identity
        plan = screening_plan(identity.space, self.modalities, identity.targets)
        resolution = notebook.resolution or self._unscreened()
        complete = self._train(plan, resolution, retry_failed=self.retry_failed)
        if notebook.resolution is not None:
            return resolution
        if plan:
            scored = [trial for study in by_study(plan) for trial in self.ledger.scored(study)]
            figures = row_figures(scored, ways=1, targets=len(identity.targets))
            if not figures or not (complete or self.allow_holes):
                return None
            resolution = screen(figures, {name: self.modalities[name] for name in self.modalities if name in figures})
        notebook.note_resolution(resolution)
        return resolution

    def _train_grid(self, notebook: Notebook, resolution: Resolution) -> tuple[Resolution, bool]:
        """Trains the rows that are known until no new one becomes known; the baseline's cells go along.

        Returns:
            What the roles are in the end, and whether every cell has a record.
        """
        space, targets = self.identity.space, self.identity.targets
        open_grid(self.ledger, self.identity, resolution)
        known: Plan = ()
        told: set[str] = set()
        complete = True
        while (plan := self._grid_plan(resolution)) != known:
            if plan_holes(self.ledger, plan):  # a run that is done tells nothing
                lines = resolved_slots(space, resolution)
                for line in lines:
                    if line not in told:
                        self.say(line)
                told.update(lines)
            complete = self._train(plan, resolution, retry_failed=self.retry_failed and not known)
            known = plan
            scored = [trial for target in targets for trial in self.ledger.scored(grid_study(target))]
            figures = row_figures(scored, len(space.ways), len(targets), allow_holes=self.allow_holes)
            resolution = decide_better(resolution, figures)
            notebook.note_resolution(resolution)
        return resolution, complete

    def _train_multitask(self, notebook: Notebook, resolution: Resolution) -> None:
        """Trains each target's two best cells jointly; a target without two is told and left out."""
        open_multitask(self.ledger, self.identity, resolution)
        pairs = (notebook.selected(target) or self._select(notebook, target) for target in self.identity.targets)
        self._train(multitask_plan(pair for pair in pairs if pair), resolution, retry_failed=self.retry_failed)

    def _select(self, notebook: Notebook, target: str) -> Cell | None:
        """The joint run of a target, noted: what follows rests on it, whatever is retried later."""
        try:
            main, related = top_two(self.ledger.scored(grid_study(target)), target)
        except SweepError as reason:
            self.say(str(reason))
            return None
        pair = Cell(target=target, branches=(*main.cell.branches, *related.cell.branches))
        notebook.note_selected(pair)
        self.say(f"{target}: multitask run of {main.cell.branches[0]} with {related.cell.branches[0]}")
        return pair

    def _score(self, notebook: Notebook, target: str) -> None:
        """Scores a target's selected cells on test, once; predictions that were lost meanwhile are made again."""
        scored = notebook.tests(target) or ()
        entries = {test.entry for test in scored}
        needed = {record.cell for _, record in to_score(self.ledger, target, entries).values()}
        if needed:
            self._restore(each for each in lost(self.folder, self.ledger) if each.cell in needed)
            found = score_selected(self.ledger, self.folder, self.store, target, entries)
            notebook.note_tests(target, (*scored, *found))

    def _look_after(self, missing: tuple[Lost, ...]) -> None:
        """Tells whose predictions are lost, and makes them again where failed cells are to be tried again."""
        for each in missing:
            self.say(f"predictions lost: {each}")
        if missing and self.retry_failed:
            self._restore(missing)
        elif missing:
            self.say("What they scored is kept. --retry-failed makes the predictions again.")

    def _restore(self, missing: Iterable[Lost]) -> None:
        for cell, outcome in restore(missing, self._job, self.executor, self.folder).items():
            self.say(f"predictions of {cell}: {outcome}")

    def _train(self, plan: Plan, resolution: Resolution, *, retry_failed: bool) -> bool:
        """Trains what is open; whether every cell of the plan has a record then."""
        ordered = tuple(sorted(plan, key=lambda item: _rank(item[1])))
        wanted = {cell for _, cell in plan}
        scored = (trial for study in by_study(plan) for trial in self.ledger.scored(study))
        done = tuple(trial for trial in scored if trial.cell in wanted)
        failed = tuple(hole for hole in plan_holes(self.ledger, plan) if hole.state == "failed" and not retry_failed)
        costs = {cell: cost for study in by_study(plan) for cell, cost in self.ledger.costs(study).items()}
        self.on_event(CellsPlanned(tuple(cell for _, cell in ordered), done, failed, resolution, costs))
        run_cells(
            self.ledger,
            ordered,
            make_job=self._job,
            executor=self.executor,
            folder=self.folder,
            on_event=self.on_event,
            retry_failed=retry_failed,
        )
        return not plan_holes(self.ledger, plan)

    def _job(self, cell: Cell) -> Job:
        identity = self.identity
        source = DataSource(
            root=identity.data, reader=identity.reader, cache=self.store.cache, digest=identity.data_digest
        )
        return Job(
            cell=cell,
            settings=identity.space.settings,
            data=source,
            device=identity.device,
            checkpoint=self.folder.checkpoint(cell),
        )

    def _unscreened(self) -> Resolution:
        return Resolution(modalities=dict(self.modalities))

    def _grid_plan(self, resolution: Resolution) -> Plan:
        """The cells of the grid and of the official baseline that are known by now."""
        space, targets = self.identity.space, self.identity.targets
        return grid_plan(space, resolution, targets) + baseline_plan(space, resolution, targets)


def _rank(cell: Cell) -> int:
    ways = [branch.way for branch in cell.branches]
    return min((COSTLY_FIRST.index(way) if way in COSTLY_FIRST else -1) for way in ways)
