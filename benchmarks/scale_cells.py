"""What a sweep costs besides training, for hundreds and for thousands of cells: trials that train nothing.

Every row is a run of its own, a real `sweep run` in a process of its own, on the sample tree, with real worker
processes; then `sweep resume` of the finished run. See `no_training` for what a trial does there.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations, islice
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a file, Python finds only its neighbours

from benchmarks.no_training import EXECUTIONS
from sweep.sample import write_sample

if TYPE_CHECKING:  # the measured process loads what sweep loads, when sweep does
    from sweep.commands.run import Options
    from sweep.executors import Setup
    from sweep.folder import RunFolder

_ROOT = Path(__file__).resolve().parents[1]
_WAYS = ("way1", "way2", "way3", "way4", "way5", "way6")
_TARGETS = 2
_NAMES = ("deepspectrum", "vggish", "egemaps", "xception", "vggface", "fau", "bert")


@dataclass(frozen=True)
class Told:
    """What one command says of itself, besides what its parent sees."""

    cells: int  # that were handed out
    cells_s: float  # for all of them, from the first look at the study to the last record
    peak_mb: float  # of the coordinator


@dataclass(frozen=True)
class Line:
    """One row of the table."""

    engine: str
    storage: str
    workers: int
    cells: int
    overhead_ms: float  # a cell
    before_s: float
    after_s: float
    repeated: int
    lost: int
    coordinator_mb: float
    worker_mb: float
    resume_s: float

    def __str__(self) -> str:
        per_hour = f"{3.6e6 / self.overhead_ms:,.0f}"
        return (
            f"| {self.engine}, {self.storage} | {self.workers} | {self.cells:,} | {self.overhead_ms:.1f} | {per_hour} "
            f"| {self.before_s:.1f} | {self.after_s:.1f} | {self.repeated} | {self.lost} | {self.coordinator_mb:.0f} "
            f"| {self.worker_mb:.0f} | {self.resume_s:.1f} |"
        )


HEAD = (
    "| engine, storage | workers | cells | overhead ms a cell | cells an hour | s before | s after | repeated | lost "
    "| peak MB of the coordinator | of a worker | resume when done, s |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|---|"
)


def measure(engine: str, storage: str | None, workers: int, cells: int) -> Line:
    """Runs so many cells, and the finished run again.

    Args:
        engine: for `--engine`.
        storage: for `--storage`; None for the run folder's own.
        workers: trials at a time.
        cells: about as many; whole feature sets.
    """
    with tempfile.TemporaryDirectory(prefix="scale-") as name:
        place = Path(name)
        write_sample(place / "tree")
        space = place / "space.toml"
        wanted = _write_space(space, cells)
        words = ["run", str(space), "--data", str(place / "tree"), "--run", str(place / "run")]
        words += ["--cache", str(place / "cache"), "--workers", str(workers), "--engine", engine]
        words += [] if storage is None else ["--storage", storage]
        took_s, told, began_s = _command(place, words)
        again_s, _, _ = _command(place, ["resume", str(place / "run"), "--workers", str(workers)])
        times = Counter(_executions(place).read_text().splitlines())
        return Line(
            engine=engine,
            storage="SQLite" if storage is None else "PostgreSQL",
            workers=workers,
            cells=told.cells,
            overhead_ms=1e3 * told.cells_s / told.cells,
            before_s=began_s,
            after_s=took_s - began_s - told.cells_s,
            repeated=sum(times.values()) - len(times),
            lost=wanted - len(times),
            coordinator_mb=told.peak_mb,
            worker_mb=_worker_mb(place),
            resume_s=again_s,
        )


def _write_space(path: Path, cells: int) -> int:
    """A space of so many cells, whole feature sets; how many they are."""
    rows = max(2, round(cells / _TARGETS / len(_WAYS)))
    terms = [name + tilde for name in _NAMES for tilde in ("", "~")]
    sets = list(islice(("+".join(chosen) for size in range(1, 8) for chosen in combinations(terms, size)), rows))
    path.write_text(
        f'title = "Many cells"\ndescription = "None is trained."\nways = {json.dumps(_WAYS)}\nmultitask = false\n'
        f'[[stage]]\nname = "all"\ntitle = "All"\ntables = ["II"]\nfeatures = {json.dumps(sets)}\n'
    )
    return len(sets) * len(_WAYS) * _TARGETS


def _command(place: Path, words: Sequence[str]) -> tuple[float, Told, float]:
    """Runs a command of sweep; how long it took, what it told, and how long before its first cell."""
    told = place / "told.json"
    environment = os.environ | {"PYTHONPATH": str(_ROOT), EXECUTIONS: str(_executions(place))}
    began = time.time()
    with (place / "log").open("ab") as log:
        command = [sys.executable, __file__, str(told), *words]
        if subprocess.run(command, check=False, stdout=log, stderr=log, env=environment).returncode:
            raise SystemExit((place / "log").read_text())
    took_s = time.time() - began
    content = json.loads(told.read_text())
    return took_s, Told(**content["told"]), content["began"] - began


def _executions(place: Path) -> Path:
    return place / "executions"


def _worker_mb(place: Path) -> float:
    from sweep import open_run  # noqa: PLC0415 - loads pandas, which no measured process may owe us

    return float(open_run(place / "run").records()["peak_memory_mb"].max())


def _inside() -> None:
    """The measured process: `sweep` as it is, but for what a trial does, and with a watch on the coordinator."""
    from sweep import cli, environment, procedure  # noqa: PLC0415 - in the measured process alone
    from sweep.commands import run as command  # noqa: PLC0415

    path = Path(sys.argv.pop(1))
    began: list[float] = []
    in_all: list[float] = []
    handed_out = [0]
    set_up = command._setup
    run_cells: Callable[..., None] = vars(procedure)["run_cells"]

    def without_training(options: "Options", folder: "RunFolder", device: str, say: Callable[[str], None]) -> "Setup":
        return replace(set_up(options, folder, device, say), trial="benchmarks.no_training:run_trial")

    def timed(ledger: object, plan: Sequence[object], **others: object) -> None:
        began.append(time.time())
        run_cells(ledger, plan, **others)
        in_all.append(time.time() - began[-1])
        handed_out[0] = len(plan)

    vars(command)["_setup"], vars(procedure)["run_cells"] = without_training, timed
    try:
        cli.main()
    finally:
        told = Told(handed_out[0], sum(in_all), environment.peak_memory_mb())
        path.write_text(json.dumps({"told": asdict(told), "began": began[0]}))


if __name__ == "__main__":
    _inside()
