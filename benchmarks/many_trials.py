"""One worker, many trials: does its memory grow, and what does it cost between two trainings?

Feature sets, Ways and targets change from trial to trial, as in a grid; each trains one seed for one epoch.

    python benchmarks/many_trials.py DATA [--trials 200]
"""

import argparse
import statistics
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a file, Python finds only its neighbours

from results.records import Branch, Cell
from search_spaces.settings import Settings
from sweep.executors.local import LocalExecutor
from sweep.job import DataSource, Job
from sweep.opened import Data, open_data

_WAYS = ("way2", "way4", "baseline", "way5", "way1", "way3", "way6")
_REPORTED = 25


def cells(data: Data, count: int) -> list[Cell]:
    """As many unlike cells, one to three features each, every third of them reduced."""
    names, targets = list(data.modalities), tuple(data.store.segments.classes)
    made = []
    for number in range(count):
        terms = [names[(number + k) % len(names)] + "~" * ((number + k) % 3 == 0) for k in range(1 + number % 3)]
        branch = Branch(features="+".join(dict.fromkeys(terms)), way=_WAYS[number % len(_WAYS)])
        made.append(Cell(target=targets[number % len(targets)], branches=(branch,)))
    return made


def main() -> None:
    """Prints memory and milliseconds between trainings, every 25 trials."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--trials", type=int, default=200)
    arguments = parser.parse_args()
    settings = Settings(seeds=1, epochs=1, standardize=("all",))
    print("| trials | peak MB of the worker | ms between two trainings, median |")
    print("|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, LocalExecutor(1, Path(folder)) as executor:
        data = open_data(arguments.data, "muse2021", Path(folder) / "cache")
        source = DataSource(root=data.root, reader=data.reader, cache=data.store.cache, digest=data.store.digest)
        between: list[float] = []
        wanted = iter(cells(data, arguments.trials))
        while batch := list(islice(wanted, _REPORTED)):
            for cell in batch:
                began = time.perf_counter()
                job = Job(cell=cell, settings=settings, data=source)
                cost = executor.submit(job, lambda _: None).result().cost
                between.append(time.perf_counter() - began - sum(seed.wall_s for seed in cost.seeds))
            middle = 1000 * statistics.median(between[-len(batch) :])
            print(f"| {len(between)} | {cost.peak_memory_mb:.0f} | {middle:.0f} |", flush=True)


if __name__ == "__main__":
    main()
