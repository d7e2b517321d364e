"""What a run has left on disk, read as it lies there: its trials, its logs, its results. Nothing here changes a run."""

import re
import shutil
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from results import render_terminal
from results.render import FORMATS, render
from results.tables import build_all
from sweep.collect import run_results
from sweep.opened import open_run, open_studies

_BEGAN = re.compile(r"^--- (?P<cell>.+) in process \d+$")
_EPOCH = re.compile(r"^seed (?P<seed>\d+), epoch (?P<epoch>\d+): ")
_TRIALS = """
    SELECT study_name, cell.value_json, state, record.value_json
    FROM trials JOIN studies USING (study_id)
    JOIN trial_user_attributes AS cell ON cell.trial_id = trials.trial_id AND cell.key = 'cell'
    LEFT JOIN trial_user_attributes AS record ON record.trial_id = trials.trial_id AND record.key = 'record'
    ORDER BY trials.trial_id
"""


@dataclass(frozen=True)
class Trial:
    """One trial of a study, as its file says it."""

    state: str
    record: str  # JSON; "" where it has none


@dataclass
class Attempt:
    """One process at one cell: the epochs that it trained to their end, as (seed, epoch)."""

    epochs: list[tuple[int, int]] = field(default_factory=list)


def trials(study_db: Path) -> dict[str, list[Trial]]:
    """Every trial, oldest first, by "study: cell"; none before there is a study.

    Read from a copy: SQLite would undo in the file itself what a killed process left half done, and it is the sweep
    that shall be seen to recover.
    """
    if not study_db.exists():
        return {}
    with tempfile.TemporaryDirectory() as place:
        for path in study_db.parent.glob(f"{study_db.name}*"):  # with its journal
            shutil.copy(path, place)
        with closing(sqlite3.connect(Path(place) / study_db.name)) as database:
            rows = database.execute(_TRIALS).fetchall()
    found: dict[str, list[Trial]] = {}
    for study, cell, state, record in rows:
        found.setdefault(f"{study}: {cell[1:-1]}", []).append(Trial(state, record or ""))
    return found


def attempts(logs: Path) -> dict[str, list[Attempt]]:
    """Every attempt at every cell, oldest first, by str(cell), from the trials' logs."""
    found: dict[str, list[Attempt]] = {}
    for path in logs.glob("*.log"):
        current: Attempt | None = None
        for line in path.read_text(encoding="utf-8").splitlines():
            if began := _BEGAN.match(line):
                current = Attempt()
                found.setdefault(began["cell"], []).append(current)
            elif current is not None and (ended := _EPOCH.match(line)):
                current.epochs.append((int(ended["seed"]), int(ended["epoch"])))
    return found


def repeated(tried: list[Attempt]) -> list[int]:
    """How many epochs that were trained before each attempt but the first trained again."""
    before: set[tuple[int, int]] = set()
    counts = []
    for attempt in tried:
        counts.append(sum(epoch in before for epoch in attempt.epochs))
        before.update(attempt.epochs)
    return counts[1:]


def outcome(path: Path) -> Mapping[str, bytes]:
    """Everything that a finished run says: each record, each artifact, each table in each format.

    Raises:
        SweepError: it is no run, or a damaged one.
    """
    folder, identity = open_run(path)
    with open_studies(folder) as studies:
        results = run_results(folder, identity, studies)
        artifacts = {
            f"artifact of {study}: {cell}": folder.read_artifact(artifact)
            for study in studies.studies()
            for cell, artifact in studies.artifacts(study).items()
        }
    tables, missing = build_all(results)
    said = dict.fromkeys(missing, b"")
    for table in tables:
        said |= {f"table {table.number} as {each}": render(table, each).encode() for each in FORMATS}
        console = Console(width=120, color_system=None)
        with console.capture() as captured:
            console.print(render_terminal.render(table))
        said[f"table {table.number} as text"] = captured.get().encode()
    stored = trials(folder.study_db).items()
    records = {
        f"record of {name}": each.record.encode()
        for name, tried in stored
        for each in tried
        if each.state == "COMPLETE"
    }
    return {**records, **artifacts, **said}
