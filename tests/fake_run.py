"""A run of the fake trial: its folder, its jobs, its workers, and what they did."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from results.records import Cell, TrialRecord
from search_spaces.settings import Settings
from sweep import corpus_index
from sweep.corpus_index import CorpusIndex
from sweep.executors.local import LocalExecutor
from sweep.folder import RunFolder
from sweep.job import DataSource, Job
from sweep.ledger import Choices
from tests.stores import store_of

ROOT = Path(__file__).parents[1]
_NUMBERED = tuple(f"{prefix}{number}" for prefix in ("f", "nap", "wait") for number in range(13))
_NAMED = ("die", "dieonce", "exit", "fail", "crash", "mistake", "slow", "loud", "nan", "hungry", "killer")
CHOICES = Choices((*_NUMBERED, *_NAMED), ("way1", "way2", "way3"))


def made_folder(path: Path) -> RunFolder:
    folder = RunFolder(path / "run")
    folder.create()
    return folder


def write_data(folder: RunFolder) -> None:
    """The packed data of the fake jobs: one tiny feature under every name, for engines that send it elsewhere."""
    values = np.arange(12, dtype=np.float32).reshape(6, 2)
    store = store_of(folder.path, {"f" * 64: values}, {"train": (2, 2), "devel": (2,), "test": ()}, {})
    keys, widths = dict.fromkeys(CHOICES.features, "f" * 64), dict.fromkeys(CHOICES.features, 2)
    corpus_index.write(folder.path / "corpora" / ("0" * 64), CorpusIndex(store.videos, store.segments, keys, widths))


def make_job(folder: RunFolder) -> Callable[[Cell], Job]:
    data = DataSource(root=folder.path, reader="none", cache=folder.path, digest="0" * 64)
    return lambda of: Job(cell=of, settings=Settings.model_construct(), data=data)


def trials_found() -> None:
    """Lets workers find the fake trial, wherever sweep is installed."""
    os.environ.setdefault("PYTHONPATH", str(ROOT))


def local_executor(folder: RunFolder, workers: int = 2, hang_s: float | None = None) -> LocalExecutor:
    trials_found()
    return LocalExecutor(workers, folder.logs, "tests.fake_trial:run_trial", hang_s=hang_s)


def executions(folder: RunFolder) -> list[str]:
    """Every execution so far, by str(cell), sorted."""
    path = folder.path / "executions"
    return sorted(path.read_text().splitlines()) if path.exists() else []


def figures(records: tuple[TrialRecord, ...]) -> dict[str, str]:
    """Records as text, by str(cell)."""
    return {str(record.cell): record.model_dump_json() for record in records}
