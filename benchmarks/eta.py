"""How right the time left was: a finished run replayed, cell by cell, in the order in which its cells were done.

python benchmarks/eta.py RUN [--workers 2]
"""

import argparse
import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a file, Python finds only its neighbours

from search_spaces.resolution import Resolution
from sweep.cells import screening_plan
from sweep.events import CellDone, CellsPlanned
from sweep.folder import RunFolder
from sweep.follow import Follower
from sweep.notes import Notes, notes_study
from sweep.seen_run import SeenRun, find
from sweep.tally import Tally

_DONE = """
SELECT datetime_start, datetime_complete, value_json FROM trials JOIN trial_user_attributes USING (trial_id)
WHERE key = 'cell' AND state = 'COMPLETE'
AND trial_id NOT IN (SELECT trial_id FROM trial_user_attributes WHERE key = 'adopted_from')
"""


def trials(folder: RunFolder) -> list[tuple[float, float, str]]:
    """When each cell was done and when it was begun, in seconds, and its name; in the order in which they were done."""
    with closing(sqlite3.connect(folder.study_db)) as database:
        rows = database.execute(_DONE).fetchall()
    moments = (
        (datetime.fromisoformat(end), datetime.fromisoformat(start), json.loads(cell)) for start, end, cell in rows
    )
    return sorted((end.timestamp(), start.timestamp(), cell) for end, start, cell in moments)


def replayed(run: SeenRun, folder: RunFolder, workers: int) -> Iterator[tuple[int, float, float]]:
    """Cells done, seconds that were really left then, and seconds that the live view would have told."""
    identity = run.identity
    with run.open_studies() as studies:
        look = Follower(run, studies).look
        notes = Notes(studies, notes_study(identity.space, identity.targets))
        known = Resolution(modalities={row.name: row.modality for row in notes.features or ()})
    finished = {str(cell): each for cell, each in look.finished.items()}
    grid = tuple(cell for cell in look.progress.wanted if len(cell.branches) == 1)
    screening = tuple(cell for _, cell in screening_plan(identity.space, known.modalities, identity.targets))
    tally = Tally(identity.space, identity.targets, workers)
    tally(CellsPlanned(screening or grid, (), (), known if screening else look.resolution))
    order = trials(folder)
    for count, (now, _, cell) in enumerate(order, start=1):
        each = finished[cell]
        tally(CellDone(each.study, each.trial.cell, each.trial, each.cost))
        if count == len(screening):
            tally(CellsPlanned(grid, (), (), look.resolution))
        yield count, order[-1][0] - now, tally.eta_s() or 0.0


def main() -> None:
    """Prints a row for every eighth of the cells, and the first ones."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("run", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    rows = list(replayed(find(str(arguments.run)), RunFolder(arguments.run), arguments.workers))
    step = max(1, len(rows) // 8)
    print("| cells done | s left | s told | told / left |")
    print("|---|---|---|---|")
    for count, left, told in rows[:-1]:
        if count in (1, 2, 4, 8) or count % step == 0:
            print(f"| {count} of {len(rows)} | {left:.0f} | {told:.0f} | {told / left:.2f} |")


if __name__ == "__main__":
    main()
