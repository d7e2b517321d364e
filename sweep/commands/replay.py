"""`sweep replay`: trains a recorded cell again and says whether the figures are the same."""

import tempfile
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from results import predictions
from results.predictions import Predictions
from results.records import SeedRecord, TrialRecord
from search_spaces.errors import SweepError
from search_spaces.settings import Settings
from sweep import data_files, derived, environment
from sweep.executors.local import LocalExecutor
from sweep.folder import Artifact, RunFolder
from sweep.job import DataSource, Job, Outcome
from sweep.opened import Data, device_named, open_data, open_run, open_studies
from sweep.plain import tell


@dataclass(frozen=True)
class Recorded:
    """A finished cell as the run holds it."""

    record: TrialRecord
    artifact: Artifact | None


@dataclass(frozen=True)
class Line:
    """One seed, as recorded and as trained now."""

    before: SeedRecord
    now: SeedRecord
    predictions_equal: bool

    @property
    def same(self) -> bool:
        """Whether every figure of every epoch and every predicted probability is the same."""
        return self.before == self.now and self.predictions_equal


def replay(
    path: Path, cell: str, seed: int | None, root: Path | None, cache: Path | None, console: Console, errors: Console
) -> bool:
    """Trains a cell again, in a worker as the run did, and prints both figures of every seed. Writes nothing.

    Args:
        path: the run folder.
        cell: as tables and logs spell it: "arousal vggish+fau/way2".
        seed: one of the cell's seeds; all of them if None.
        root: where the data lies now, if it moved.
        cache: of packed arrays; where it was, if None.
        console: gets the comparison.
        errors: gets remarks.

    Returns:
        Whether everything is the same.

    Raises:
        SweepError: the run has no such finished cell, or its data is not what it was.
    """
    folder, identity = open_run(path)
    found = _recorded(folder, cell)
    wanted = _settings(found.record, seed)
    data = open_data(root or identity.data, identity.reader, cache or identity.cache)
    if data.store.digest != found.record.data_digest:
        raise SweepError(
            f"The data at {data.root} is not what {cell!r} was trained on: expected digest "
            f"{found.record.data_digest[:12]}…, found {data.store.digest[:12]}…."
            + "".join(f"\n  {line}" for line in data_files.changes(folder, data.files))
        )
    for line in (*data.repaired, *derived.discard_damaged(data.store, wanted)):
        tell(errors, line)
    outcome = _train(data, found.record, wanted)
    lines = _compare(found.record, _predicted(folder, found), outcome)
    console.print(_table(cell, lines))
    same = all(line.same for line in lines)
    tell(console, "The same in every digit." if same else _why(found.record))
    return same


def _recorded(folder: RunFolder, cell: str) -> Recorded:
    with open_studies(folder) as studies:
        for study in studies.studies():
            for record in studies.records(study):
                if str(record.cell) == cell:
                    return Recorded(record, studies.artifacts(study).get(cell))
        known = [str(record.cell) for study in studies.studies() for record in studies.records(study)]
    near = get_close_matches(cell, known, n=3, cutoff=0.3)
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    raise SweepError(f"{folder.path} has no finished cell {cell!r} among its {len(known)}.{hint}")


def _settings(record: TrialRecord, seed: int | None) -> Settings:
    settings = Settings.model_validate(record.settings)
    if seed is None:
        return settings
    if seed not in settings.seed_numbers():
        known = ", ".join(map(str, settings.seed_numbers()))
        raise SweepError(f"`--seed` must be one of the cell's seeds: {known}. Found {seed}.")
    return settings.model_copy(update={"first_seed": seed, "seeds": 1})  # a seed's numbers do not depend on the others


def _train(data: Data, record: TrialRecord, settings: Settings) -> Outcome:
    source = DataSource(root=data.root, reader=data.reader, cache=data.store.cache, digest=data.store.digest)
    device = device_named(record.device, "the cell was trained with device")
    job = Job(cell=record.cell, settings=settings, data=source, device=device)
    with tempfile.TemporaryDirectory() as logs, LocalExecutor(1, Path(logs)) as executor:
        return executor.submit(job, lambda _: None).result()


def _predicted(folder: RunFolder, found: Recorded) -> Predictions | None:
    return None if found.artifact is None else predictions.unpack(folder.read_artifact(found.artifact))


def _compare(record: TrialRecord, before: Predictions | None, outcome: Outcome) -> tuple[Line, ...]:
    by_seed = {run.seed: run for run in record.seeds}
    now = predictions.unpack(outcome.predictions)
    return tuple(
        Line(by_seed[run.seed], run, before is None or _equal(before, now, run.seed)) for run in outcome.record.seeds
    )


def _equal(before: Predictions, now: Predictions, seed: int) -> bool:
    old, new = before.seeds.index(seed), now.seeds.index(seed)
    return np.array_equal(before.devel[old], now.devel[new]) and np.array_equal(before.test[old], now.test[new])


def _table(cell: str, lines: tuple[Line, ...]) -> Table:
    table = Table(title=f"{cell}: macro-F1 on devel in %", title_justify="left")
    for name in ("seed", "recorded", "epochs", "now", "epochs", "same"):
        table.add_column(name, justify="right")
    for line in lines:
        figures = (
            text for run in (line.before, line.now) for text in (f"{100 * run.devel.macro_f1:.2f}", str(run.epochs))
        )
        table.add_row(str(line.before.seed), *figures, "yes" if line.same else "NO")
    return table


def _why(record: TrialRecord) -> str:
    now = environment.versions()
    changed = [
        f"{name} {was} then, {now.get(name)} now" for name, was in record.versions.items() if was != now.get(name)
    ]
    if changed:
        return f"Not the same; the versions differ, which may be why: {'; '.join(changed)}."
    return "Not the same under equal versions: another machine or changed code may be why."
