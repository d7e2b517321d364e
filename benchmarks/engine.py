"""The training engine against what users do today, in turn on the same machine, data, epochs, seeds and cores.

A is `plain_loop.py`, one process a trial (feature set, Way, target, seed), one after the other, with torch's default
threads and, as in the official code, four loading processes (--loaders).
B is `sweep_side.py`: every trial by the sweep's workers, from an empty cache. Both count from the start of the process
to the last prediction. A's processes share nothing, so a round times one of its trials, in the next feature set and
target, and all of them together count as that many times the median. Its losses and F1 must be those of B, else a ratio
means nothing.

    python benchmarks/engine.py DATA --features rms+scene scene+speech [--cases way1 way2 …] [--epochs 5] [--seeds 5]
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a file, Python finds only its neighbours

from benchmarks.arithmetic import epoch_gflop, peak_gflops
from results.records import Branch, Cell
from search_spaces.settings import Settings
from sweep.batches import train_windows, whole_segments
from sweep.device import Device
from sweep.feature_store import FeatureStore
from sweep.fusion import Fusion
from sweep.opened import open_data
from sweep.trial import build_parts

_HERE = Path(__file__).parent
_Json = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A network to time.

    Attributes:
        name: as --cases takes it.
        way: of the cells.
        wanted: how many times faster B is meant to be.
        changed: settings that differ from the benchmark's.
    """

    name: str
    way: str
    wanted: float
    changed: _Json = field(default_factory=dict)


CASES = (
    Case("baseline-bi", "baseline", 25, {"baseline_layers": 1, "baseline_bidirectional": True}),
    Case("baseline", "baseline", 12),
    Case("way1", "way1", 8),
    Case("way2", "way2", 15),
    Case("way3", "way3", 8),
    Case("way4", "way4", 10),
    Case("way5", "way5", 10),
    Case("way6", "way6", 8),
)


@dataclass
class Timing:
    """What one case has taken so far, seconds, and whether both sides computed the same."""

    case: Case
    trials: int  # of B
    plain_s: list[float] = field(default_factory=list)  # of one trial
    sweep_s: list[float] = field(default_factory=list)  # of all
    plain_epoch_s: list[float] = field(default_factory=list)  # of one seed, its devel evaluation included
    epoch_s: list[float] = field(default_factory=list)  # the same of B, on one worker
    plain_mb: float = 0.0
    sweep_mb: float = 0.0
    loss_gap: float = 0.0  # largest difference of a train loss, relative
    f1_equal: int = 0  # epochs whose devel F1 is the same on both sides
    f1_gap: float = 0.0  # largest difference of an epoch's devel F1
    f1_count: int = 0

    @property
    def plain_all_s(self) -> float:
        """All trials of A, one after the other."""
        return self.trials * statistics.median(self.plain_s)

    @property
    def ratio(self) -> float:
        """How many times faster B is, by medians."""
        return self.plain_all_s / statistics.median(self.sweep_s)


@dataclass(frozen=True)
class Bench:
    """What every case shares."""

    root: Path
    features: tuple[str, ...]
    targets: tuple[str, ...]
    settings: _Json
    workers: int
    loaders: int

    def time_once(self, timing: Timing) -> None:
        """One round of a case: a trial of A, then all of B, from a cold cache each."""
        settings = json.dumps(self.settings | timing.case.changed)
        common = [str(self.root), "--way", timing.case.way, "--settings", settings, "--features"]
        cells = list(product(self.features, self.targets))
        features, target = cells[len(timing.plain_s) * (len(self.targets) + 1) % len(cells)]
        one = [features, "--target", target, "--seeds", "1", "--loaders", str(self.loaders)]
        plain = _run("plain_loop.py", *common, *one)
        with tempfile.TemporaryDirectory() as cache:
            more = ["--targets", *self.targets, "--cache", cache, "--workers", str(self.workers)]
            sweep = _run("sweep_side.py", *common, *self.features, *more)
        ours = sweep["cells"][cells.index((features, target))]
        timing.plain_s.append(plain["wall_s"])
        timing.sweep_s.append(sweep["wall_s"])
        timing.plain_epoch_s.append(_epoch_s(plain["seeds"][0]))
        timing.epoch_s.append(ours["epoch_s"])
        timing.plain_mb = max(timing.plain_mb, plain["peak_memory_mb"])
        timing.sweep_mb = max(timing.sweep_mb, *(cell["peak_memory_mb"] for cell in sweep["cells"]))
        _compare(timing, plain["seeds"][0], ours)

    def gflop(self, store: FeatureStore, case: Case) -> float:
        """Arithmetic of one epoch of a case with its evaluation, mean over the feature sets."""
        settings = Settings.model_validate(self.settings | case.changed)
        train = train_windows(store.segments, self.targets[0], settings.window, settings.hop)
        devel = whole_segments(store.segments, self.targets[0], "devel").labelled()
        total = 0.0
        for features in self.features:
            cell = Cell(target=self.targets[0], branches=(Branch(features=features, way=case.way),))
            parts = build_parts(cell, settings, (Fusion(store, features, settings),), train, Device.of("cpu"))
            total += epoch_gflop(parts, train, devel, settings)
        return total / len(self.features)


def _epoch_s(seed: _Json) -> float:
    epochs = len(seed["devel_f1"])
    per_epoch: float = seed["train_s"] / epochs + seed["eval_s"] / (epochs + 1)  # test is one evaluation more
    return per_epoch


def _compare(timing: Timing, seed: _Json, ours: _Json) -> None:
    for a, b in zip(seed["train_loss"], ours["train_loss"][0], strict=False):  # a tie in F1 may end one side earlier
        timing.loss_gap = max(timing.loss_gap, abs(a - b) / abs(a))
    for a, b in zip(seed["devel_f1"], ours["devel_f1"][0], strict=False):
        timing.f1_count += 1
        timing.f1_equal += abs(a - b) < 1e-9
        timing.f1_gap = max(timing.f1_gap, abs(a - b))


def _run(script: str, *arguments: str) -> _Json:
    done = subprocess.run(
        [sys.executable, str(_HERE / script), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{script} {' '.join(arguments)}\n{done.stderr}")
    report: _Json = json.loads(done.stdout.splitlines()[-1])
    return report


def _lines(bench: Bench, timings: list[Timing], store: FeatureStore, peak: float) -> Iterator[str]:
    yield (
        "| case | a trial of A s | trials | all of B s | A / B (wanted) | epoch A s, B s | A / B | of the peak "
        "| A, B MB | agreement |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for timing in timings:
        plain_s, epoch_s = statistics.median(timing.plain_epoch_s), statistics.median(timing.epoch_s)
        share = bench.gflop(store, timing.case) / epoch_s / peak
        agreement = f"loss within {timing.loss_gap:.0e}, F1 equal in {timing.f1_equal} of {timing.f1_count} epochs"
        if timing.f1_equal < timing.f1_count:
            agreement += f", else within {100 * timing.f1_gap:.2f} points"
        yield (
            f"| {timing.case.name} | {statistics.median(timing.plain_s):.1f} | {timing.trials} "
            f"| {statistics.median(timing.sweep_s):.1f} "
            f"| **{timing.ratio:.1f}** ({timing.case.wanted:g}) | {plain_s:.2f}, {epoch_s:.3f} "
            f"| {plain_s / epoch_s * bench.workers:.1f} | {share:.0%} "
            f"| {timing.plain_mb:.0f}, {timing.sweep_mb:.0f} | {agreement} |"
        )
    grid = [timing for timing in timings if timing.case.way != "baseline"]
    if len(grid) == sum(case.way != "baseline" for case in CASES):  # as many cells of each Way in the paper's grid
        plain = sum(timing.plain_all_s for timing in grid)
        sweep = sum(statistics.median(timing.sweep_s) for timing in grid)
        trials = sum(timing.trials for timing in grid)
        yield f"| six Ways, as in the grid | | {trials} | {sweep:.0f} | **{plain / sweep:.1f}** (12) | | | | | |"


def main() -> None:
    """Prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--features", nargs="+", required=True)
    parser.add_argument("--cases", nargs="+", choices=[case.name for case in CASES], default=[c.name for c in CASES])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--loaders", type=int, default=4)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache:
        store = open_data(arguments.data, "muse2021", Path(cache)).store
        settings = {"epochs": arguments.epochs, "seeds": arguments.seeds, "standardize": ["all"]}
        bench = Bench(
            arguments.data,
            tuple(arguments.features),
            tuple(store.segments.classes),
            settings,
            arguments.workers,
            arguments.loaders,
        )
        peak = peak_gflops()
        trials = len(bench.features) * len(bench.targets) * arguments.seeds
        timings = [Timing(case, trials) for case in CASES if case.name in arguments.cases]
        for number in range(arguments.rounds):
            for timing in timings:
                bench.time_once(timing)
                took = f"{timing.plain_s[-1]:.1f} s, {timing.sweep_s[-1]:.1f} s"
                print(f"round {number + 1}, {timing.case.name}: {took}", file=sys.stderr, flush=True)
        train = train_windows(store.segments, bench.targets[0], 200, 100)
        print(
            f"{', '.join(bench.features)}; {' and '.join(bench.targets)}; {arguments.seeds} seed(s), "
            f"{arguments.epochs} epochs, {arguments.workers} workers; {len(train)} train windows of "
            f"{int(train.length.sum())} steps; peak {peak:.0f} GFLOP/s a core.\n"
        )
        print("\n".join(_lines(bench, timings, store, peak)))


if __name__ == "__main__":
    main()
