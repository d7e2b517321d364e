"""Side B of the engine benchmark: the same cells as `plain_loop.py` trains, by the sweep's store, workers and engine.

    python benchmarks/sweep_side.py DATA --features rms+scene --way way2 --targets arousal valence --cache DIR

Everything counts from the start of the process: the libraries, packing the whole tree where the cache lacks it, scaling
and PCA, starting the workers. Prints one line of JSON.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a file, Python finds only its neighbours

from results.records import Branch, Cell
from search_spaces.settings import Settings
from sweep.executors.local import LocalExecutor
from sweep.job import DataSource, Job, Outcome
from sweep.opened import open_data


@dataclass(frozen=True)
class CellReport:
    """One cell as its worker trained it."""

    target: str
    seeds: list[int]
    train_loss: list[list[float]]  # per seed and epoch
    devel_f1: list[list[float]]
    epoch_s: float  # mean over seeds
    peak_memory_mb: float  # of its worker so far


@dataclass(frozen=True)
class SideReport:
    """What the process took and gave."""

    start_s: float  # Python and the libraries
    ingest_s: float
    wall_s: float  # since the process began
    cells: list[CellReport]


def train(root: Path, cells: list[Cell], settings: Settings, cache: Path, workers: int) -> SideReport:
    """Packs a tree and trains cells side by side.

    Raises:
        SweepError: the tree lacks what a cell names.
    """
    start_s, began = _since_start(), time.perf_counter()
    data = open_data(root, "muse2021", cache)
    ingest_s = time.perf_counter() - began
    source = DataSource(root=data.root, reader=data.reader, cache=data.store.cache, digest=data.store.digest)
    with tempfile.TemporaryDirectory() as logs, LocalExecutor(workers, Path(logs)) as executor:
        jobs = [Job(cell=cell, settings=settings, data=source) for cell in cells]
        futures = [executor.submit(job, lambda _: None) for job in jobs]
        reports = [_report(future.result()) for future in futures]
        return SideReport(start_s, ingest_s, _since_start(), reports)


def _report(outcome: Outcome) -> CellReport:
    seeds = outcome.record.seeds
    return CellReport(
        target=outcome.record.cell.target,
        seeds=[seed.seed for seed in seeds],
        train_loss=[list(seed.train_loss) for seed in seeds],
        devel_f1=[list(seed.devel_f1) for seed in seeds],
        epoch_s=sum(seed.epoch_s for seed in outcome.cost.seeds) / len(seeds),
        peak_memory_mb=outcome.cost.peak_memory_mb,
    )


def _since_start() -> float:
    return time.time() - psutil.Process().create_time()


def main() -> None:
    """Prints the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--features", nargs="+", required=True)
    parser.add_argument("--way", required=True)
    parser.add_argument("--targets", nargs="+", required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--settings", default="{}", help="JSON of what differs from the defaults of Settings")
    arguments = parser.parse_args()
    settings = Settings.model_validate_json(arguments.settings)
    cells = [
        Cell(target=target, branches=(Branch(features=features, way=arguments.way),))
        for features, target in product(arguments.features, arguments.targets)
    ]
    print(json.dumps(asdict(train(arguments.data, cells, settings, arguments.cache, arguments.workers))))


if __name__ == "__main__":
    main()
