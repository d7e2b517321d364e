"""What the open readings of the paper are worth on a data tree: one setting changed at a time, everything else as in
the space `protocol`. Trains single cells and prints devel macro-F1; selects nothing and opens no test label.

    python benchmarks/readings.py DATA [--seeds 3] [--ways way2 way4] [--features rms rms+speech+lumin]
"""

import argparse
import statistics
from pathlib import Path

from results.records import Branch, Cell
from search_spaces.settings import Settings
from search_spaces.space import load_space
from sweep import environment
from sweep.job import DataSource, Job
from sweep.opened import open_data
from sweep.trial import run_trial
from sweep.worker import settle_torch

VARIANTS: tuple[tuple[str, dict[str, object]], ...] = (
    ("as in protocol", {}),
    ("raw features not scaled", {"standardize": ()}),
    ("read-out final", {"readout": "final"}),
    ("read-out mean", {"readout": "mean"}),
    ("learning rate 3e-4", {"learning_rate": 3e-4}),
    ("learning rate 3e-3", {"learning_rate": 3e-3}),
    ("batch size 32", {"batch_size": 32}),
    ("patience 40", {"patience": 40}),
)


def main() -> None:
    """Prints one line a variant and cell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--ways", nargs="+", default=["way2", "way4"])
    parser.add_argument("--features", nargs="+", default=["rms", "rms+speech+lumin"])
    parser.add_argument("--cache", type=Path, default=None)
    arguments = parser.parse_args()
    settle_torch()
    data = open_data(arguments.data, "muse2021", arguments.cache)
    base = load_space("protocol").settings.model_dump() | {"seeds": arguments.seeds}
    source = DataSource(root=data.root, reader=data.reader, cache=data.store.cache, digest=data.store.digest)
    print(f"torch {environment.versions()['torch']}, {arguments.seeds} seeds; devel macro-F1 in %, mean ± std (epochs)")
    for target in data.store.segments.classes:
        for features in arguments.features:
            for way in arguments.ways:
                for title, changed in VARIANTS:
                    cell = Cell(target=target, branches=(Branch(features=features, way=way),))
                    settings = Settings.model_validate(base | changed)
                    record = run_trial(Job(cell=cell, settings=settings, data=source), lambda _: None).record
                    scores = [100 * seed.devel.macro_f1 for seed in record.seeds]
                    epochs = statistics.fmean(seed.epochs for seed in record.seeds)
                    figure = f"{statistics.fmean(scores):5.2f} ± {statistics.stdev(scores):4.2f} ({epochs:.0f})"
                    print(f"{target:8} {features:20} {way:5} {title:24} {figure}", flush=True)


if __name__ == "__main__":
    main()
