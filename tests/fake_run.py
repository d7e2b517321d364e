"""A run of the fake trial: its folder, its jobs, its workers, and what they did."""

import os
from collections.abc import Callable
from pathlib import Path

from results.records import Cell, TrialRecord
from search_spaces.settings import Settings
from sweep.executors.local import LocalExecutor
from sweep.folder import RunFolder
from sweep.job import DataSource, Job
from sweep.ledger import Choices

ROOT = Path(__file__).parents[1]
_NUMBERED = tuple(f"{prefix}{number}" for prefix in ("f", "nap") for number in range(13))
_NAMED = ("die", "dieonce", "exit", "fail", "crash", "mistake", "slow", "loud", "nan", "hungry")
CHOICES = Choices((*_NUMBERED, *_NAMED), ("way1", "way2", "way3"))


def made_folder(path: Path) -> RunFolder:
    folder = RunFolder(path / "run")
    folder.create()
    return folder


def make_job(folder: RunFolder) -> Callable[[Cell], Job]:
    data = DataSource(root=folder.path, reader="none", cache=folder.path, digest="0" * 64)
    return lambda of: Job(cell=of, settings=Settings.model_construct(), data=data)


def local_executor(folder: RunFolder, workers: int = 2, hang_s: float | None = None) -> LocalExecutor:
    os.environ.setdefault("PYTHONPATH", str(ROOT))  # so that workers find this file, wherever sweep is installed
    return LocalExecutor(workers, folder.logs, "tests.fake_trial:run_trial", hang_s=hang_s)


def executions(folder: RunFolder) -> list[str]:
    """Every execution so far, by str(cell), sorted."""
    path = folder.path / "executions"
    return sorted(path.read_text().splitlines()) if path.exists() else []


def figures(records: tuple[TrialRecord, ...]) -> dict[str, str]:
    """Records as text, by str(cell)."""
    return {str(record.cell): record.model_dump_json() for record in records}
