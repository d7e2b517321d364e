"""Training on a tree and on the same tree with every video in it twice: does the cost of an epoch grow with the steps?

    python benchmarks/twice.py DATA --features rms+scene [--ways way1 way2 …] [--epochs 3] [--rounds 3]

One worker and one seed; tree and doubled tree in turn. An epoch counts its evaluation on devel. Twice the data may cost
2.1 times as much.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a file, Python finds only its neighbours

from benchmarks.ingest import double
from results.records import Branch, Cell
from search_spaces.datasets import muse2021
from search_spaces.settings import Settings
from sweep.executors.local import LocalExecutor
from sweep.job import DataSource, Job
from sweep.opened import Data, open_data

_WAYS = ("baseline", "way1", "way2", "way3", "way4", "way5", "way6")


def epoch_s(executor: LocalExecutor, data: Data, cell: Cell, settings: Settings) -> float:
    """Seconds of one epoch, mean over those trained."""
    source = DataSource(root=data.root, reader=data.reader, cache=data.store.cache, digest=data.store.digest)
    outcome = executor.submit(Job(cell=cell, settings=settings, data=source), lambda _: None).result()
    return outcome.cost.seeds[0].epoch_s


def main() -> None:
    """Prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--features", required=True)
    parser.add_argument("--ways", nargs="+", choices=_WAYS, default=list(_WAYS))
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    settings = Settings(seeds=1, epochs=arguments.epochs, standardize=("all",))
    with tempfile.TemporaryDirectory() as folder, LocalExecutor(1, Path(folder)) as executor:
        root = muse2021.read(arguments.data).root
        trees = (root, double(root, Path(folder) / "twice"))
        data = [open_data(tree, "muse2021", Path(folder) / "cache") for tree in trees]
        steps = [each.store.segments.n_steps for each in data]
        print(f"{arguments.features}; {steps[0]} and {steps[1]} steps.\n")
        print("| case | an epoch s | twice the data s | ratio, median of rounds |\n|---|---|---|---|")
        for way in arguments.ways:
            branch = Branch(features=arguments.features, way=way)
            cell = Cell(target=min(data[0].store.segments.classes), branches=(branch,))
            rounds = [[epoch_s(executor, each, cell, settings) for each in data] for _ in range(arguments.rounds)]
            once, twice = (statistics.median(column) for column in zip(*rounds, strict=True))
            ratio = statistics.median(b / a for a, b in rounds)
            print(f"| {way} | {once:.3f} | {twice:.3f} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
