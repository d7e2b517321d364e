"""Whole runs that take seconds: a tiny tree, tiny spaces, and a procedure that trains in this process."""

import shutil
from collections.abc import Callable, Collection
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import optuna
import torch

from search_spaces.space import load_space
from sweep import identity
from sweep.events import CellDone, Event
from sweep.folder import RunFolder
from sweep.identity import Identity
from sweep.job import EpochEvent, Job, Outcome, TrialFailed
from sweep.ledger import Ledger, sqlite_url
from sweep.lock import coordinating
from sweep.opened import asked_identity, open_data
from sweep.procedure import Procedure
from sweep.trial import run_trial
from tests.trees import partition_of, write_tree

LENGTHS = (6, 1, 8, 5, 4)
SETTINGS = """
[settings]
seeds = 1
epochs = 8
hidden = 8
learning_rate = 0.02
standardize = ["all"]
"""
ROLES = f"""
title = "Roles"
ways = ["way2", "way4"]
{SETTINGS}
[screening]
way = "way2"

[baseline]
features = ["best(text)"]

[[stage]]
name = "unimodal"
title = "Uni-modal feature"
tables = ["II"]
features = ["best(audio)", "best(audio)~"]

[[stage]]
name = "multimodal"
title = "Multimodal feature"
tables = ["III", "IV"]
features = ["better(audio)+best(text)"]
"""
"""On the tiny tree: 6 screening cells, of which 2 stand in the grid too, then 12 of the grid, 2 baselines, 2 joint."""
NAMES = f"""
title = "Names"
ways = ["way2", "way4"]
{SETTINGS}
[baseline]
features = ["vggish"]

[[stage]]
name = "all"
title = "Uni-modal feature"
tables = ["II"]
features = ["vggish", "fau", "bert~"]
"""
"""12 cells of the grid, 2 baselines, 2 joint."""


def tiny_tree(root: Path, *, masked_test: bool = False) -> Path:
    """Seven videos of five segments, three features."""
    return write_tree(root, partition=partition_of(3, 2, 2), lengths=LENGTHS, masked_test=masked_test)


def write_space(path: Path, text: str = ROLES) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


class InlineExecutor:
    """Trains in this process: one trial at a time, done when `submit` returns.

    Args:
        failing: cells, by str(cell), whose training is made to fail.
    """

    workers = 1

    def __init__(self, failing: Collection[str] = ()) -> None:
        self._failing = failing
        torch.set_num_threads(1)  # as a worker does: digits may change with the number of threads

    def submit(self, job: Job, on_epoch: Callable[[EpochEvent], None]) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        try:
            if str(job.cell) in self._failing:
                raise TrialFailed("made to fail")
            future.set_result(run_trial(job, on_epoch))
        except Exception as error:
            future.set_exception(error)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        pass


@dataclass
class TinyRun:
    """A run whose procedure can be carried out again and again."""

    tree: Path
    space: Path
    folder: RunFolder
    cache: Path
    said: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    failing: tuple[str, ...] = ()

    @property
    def identity(self) -> Identity:
        return identity.read(self.folder)

    def carry_out(self, *, retry_failed: bool = False, allow_holes: bool = False) -> list[str]:
        """Carries the procedure out; the cells that were trained by it, in order."""
        data = open_data(self.tree, "muse2021", self.cache)
        found = asked_identity(load_space(str(self.space)), data, (), "cpu")
        self.folder.create()
        identity.write(self.folder, found)
        before = len(self.events)
        with coordinating(self.folder), Ledger(sqlite_url(self.folder.study_db)) as ledger:
            Procedure(
                identity=found,
                folder=self.folder,
                store=data.store,
                modalities=data.modalities,
                ledger=ledger,
                executor=InlineExecutor(self.failing),
                on_event=self.events.append,
                say=self.said.append,
                retry_failed=retry_failed,
                allow_holes=allow_holes,
            ).carry_out()
        return [str(event.cell) for event in self.events[before:] if isinstance(event, CellDone)]


def tiny_run(root: Path, tree: Path, cache: Path, space: str) -> TinyRun:
    """A run in root/run that has not begun; `space` is the text of its file."""
    return TinyRun(tree, write_space(root / "own.toml", space), RunFolder(root / "run"), cache)


def copied(run: TinyRun, root: Path) -> TinyRun:
    """The same run in root/run, to go on with."""
    shutil.copytree(run.folder.path, root / "run")
    return TinyRun(run.tree, run.space, RunFolder(root / "run"), run.cache)


def trials(folder: Path) -> dict[str, list[str]]:
    """What Optuna itself says of a run's studies: "study: cell" -> the states of its trials, oldest first."""
    storage = optuna.storages.RDBStorage(sqlite_url(folder / "study.db"))
    found: dict[str, list[str]] = {}
    for study in optuna.get_all_study_names(storage):
        for trial in optuna.load_study(study_name=study, storage=storage).get_trials(deepcopy=False):
            found.setdefault(f"{study}: {trial.user_attrs['cell']}", []).append(trial.state.name)
    storage.remove_session()
    storage.engine.dispose()
    return found


def files(root: Path) -> dict[str, bytes]:
    """Every file below a folder and what it holds; folders stand for themselves."""
    return {str(path.relative_to(root)): path.read_bytes() if path.is_file() else b"" for path in root.rglob("*")}
