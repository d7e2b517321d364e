"""What each lever of the training engine is worth: the engine as it is against the engine with one thing changed.

Per Way, in turn within one process that has a worker's environment: a train epoch and an evaluation of devel, medians
over the rounds, in seconds of the one thread's own time, so that what other programs take is not counted. Levers of
the process itself (allocator, caches, huge pages) are timed in processes of their own, in turn, where the peak of the
memory is measured too. The loss of the first epoch shows whether a lever changes digits.

    python benchmarks/levers.py DATA --features rms+scene [--ways way1 …] [--levers NAME …] [--rounds 5]
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a file, Python finds only its neighbours

from benchmarks.lever_processes import once, process_rows
from benchmarks.lever_training import Training
from benchmarks.lever_variants import AS_IS, LEVERS, Lever
from benchmarks.stacked_seeds import compare
from search_spaces import registry
from search_spaces.settings import Settings
from sweep.executors._process import worker_environment
from sweep.opened import Data, open_data
from sweep.worker import settle_torch


@dataclass
class Row:
    """One lever in the making: what it trains, and what each round took."""

    lever: Lever
    training: Training
    first_loss: float
    first_s: float
    train_s: list[float] = field(default_factory=list)
    devel_s: list[float] = field(default_factory=list)

    @property
    def whole_s(self) -> list[float]:
        """Epoch with evaluation, a round each."""
        return [train + devel for train, devel in zip(self.train_s, self.devel_s, strict=True)]


def rows(data: Data, features: str, way: str, settings: Settings, levers: list[Lever], rounds: int) -> None:
    """Prints a row for each lever that applies to a Way.

    Its ratio is the median of the rounds' ratios; beside it that of the fastest rounds, which other programs on the
    machine disturb least.
    """
    built: list[Row] = []
    for lever in levers:
        with lever.change():
            training, began = Training(data, features, way, settings), time.process_time()
            built.append(Row(lever, training, training.epoch(), time.process_time() - began))
        # From here on each draws its own batches: the second of two to use an LSTM shape finds its code made.
        training.shuffle.manual_seed(len(built))
    for _ in range(rounds):
        for row in built:
            row.train_s.append(_seconds(row.lever.change(), row.training.epoch))
            row.devel_s.append(_seconds(row.lever.change(), row.training.evaluate))
    as_is = built[0]
    for row in built:
        ratio = statistics.median(a / b for a, b in zip(row.whole_s, as_is.whole_s, strict=True))
        fastest = min(row.whole_s) / min(as_is.whole_s)
        gap = abs(row.first_loss - as_is.first_loss) / as_is.first_loss
        print(
            f"| {way} | {row.lever.name} | {statistics.median(row.train_s):.3f} | {statistics.median(row.devel_s):.3f} "
            f"| {ratio:.2f} | {fastest:.2f} | {row.first_s:.1f} | {gap:.0e} |",
            flush=True,
        )


def _seconds(change: AbstractContextManager[object], function: Callable[[], object]) -> float:
    with change:
        began = time.process_time()
        function()
        return time.process_time() - began


def _worker(arguments: argparse.Namespace) -> None:
    """The part that runs in a worker's environment."""
    settle_torch()
    data = open_data(arguments.data, "muse2021", arguments.cache)
    settings = Settings(standardize=("all",), batch_size=arguments.batch_size)
    if arguments.once:  # one process of a lever of the process
        once(data, arguments.features, arguments.once, settings, arguments.chunk)
        return
    wanted = [lever for lever in LEVERS if lever.name in {AS_IS, *arguments.levers}]
    print("| Way | lever | train s | devel s | × | × of the fastest | first epoch s | loss differs by |")
    print("|---|---|---|---|---|---|---|---|")
    for way in arguments.ways:
        rows(data, arguments.features, way, settings, [x for x in wanted if x.applies_to(way)], arguments.rounds)
    print("\n| Way | chunk | five seeds in turn ms | stacked ms | × |\n|---|---|---|---|---|")
    for way in arguments.ways:
        seeds = [Training(data, arguments.features, way, settings, seed) for seed in range(5)]
        for chunk, in_turn, stacked in compare([x.parts for x in seeds], seeds[0].train, arguments.rounds):
            print(
                f"| {way} | {chunk} | {1e3 * in_turn:.1f} | {1e3 * stacked:.1f} | {stacked / in_turn:.2f} |", flush=True
            )


def main() -> None:
    """Prints Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--features", required=True)
    parser.add_argument("--ways", nargs="+", default=registry.names("ways"))
    parser.add_argument("--levers", nargs="*", default=[lever.name for lever in LEVERS if not lever.slow])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--no-processes", action="store_true", help="leave out the levers of the process")
    parser.add_argument("--only-processes", action="store_true", help="only the levers of the process")
    parser.add_argument("--cache", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--once", help=argparse.SUPPRESS)
    parser.add_argument("--chunk", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.cache:  # a child of this one
        _worker(arguments)
        return
    with tempfile.TemporaryDirectory() as cache:
        open_data(arguments.data, "muse2021", Path(cache))
        shared = [str(arguments.data), "--features", arguments.features, "--batch-size", str(arguments.batch_size)]
        command = [sys.executable, __file__, *shared, "--cache", cache]
        chosen = ["--ways", *arguments.ways, "--levers", *arguments.levers, "--rounds", str(arguments.rounds)]
        if not arguments.only_processes:
            subprocess.run([*command, *chosen], env=worker_environment(), check=True)
        if not arguments.no_processes:
            process_rows(command, arguments.ways, arguments.rounds)


if __name__ == "__main__":
    main()
