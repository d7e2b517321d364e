"""Reading a tree: a plain loader in the official baseline's style (A), the sweep with an empty cache (B) and again (C).

    python benchmarks/ingest.py DATA [DATA ...] [--rounds 5] [--workers 2]

A reads as the MuSe-2021 baseline does, in one process: for every feature and video one `pandas.read_csv` with its
defaults and the label file again, joined to the steps, rows with a blank dropped, segments found by grouping, train
segments cut into windows. Every feature of the tree once, one target: what a grid of unimodal runs reads at least, for
the baseline starts over in every run. B hashes, parses, checks and packs every feature and reads all targets.

Each measurement is a process of its own, all kinds in turn; files are in the system's cache by then. "reading" leaves
out the start of Python and its libraries, "processor" is the time it had on all cores, "process" has the start too.
Before the rounds it is checked that A and B hold the same float32 values in the same windows. B and C also read the
tree with every video in it twice: cost that is linear in steps at most doubles.
"""

import argparse
import json
import math
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from search_spaces.alignment import windows
from search_spaces.corpus import MASKED
from search_spaces.datasets import muse2021
from search_spaces.settings import Settings
from sweep import environment, feature_store

if TYPE_CHECKING:
    import pandas as pd

SETTINGS = Settings()
Kind = Literal["A", "B", "C", "check"]
KINDS: tuple[Kind, ...] = ("A", "B", "C")


@dataclass(frozen=True)
class Piece:
    """A window of a train segment, or a whole segment of another partition."""

    values: NDArray[np.float32]  # (T, F)
    label: float  # not a number where it is blank


@dataclass(frozen=True)
class Measured:
    """One reading of a tree, in seconds and MiB."""

    reading_s: float
    processor_s: float
    process_s: float
    peak_mb: float


def read_plainly(root: Path, target: str) -> dict[str, list[Piece]]:
    """Every feature folder of a tree, each as a run of its own would read it."""
    import pandas as pd  # noqa: PLC0415 - what C must do without

    table = pd.read_csv(root / "metadata" / "partition.csv", dtype=str)
    videos = dict(zip(table.iloc[:, 0], table.iloc[:, -1], strict=True))
    pieces: dict[str, list[Piece]] = {}
    for folder in sorted((root / "feature_segments").iterdir()):
        pieces[folder.name] = []
        for video, partition in videos.items():
            steps = pd.read_csv(folder / f"{video}.csv")
            classes = pd.read_csv(root / "label_segments" / target / f"{video}.csv")["class_id"].to_numpy(float)
            label = pd.DataFrame({"label": classes[steps["segment_id"].to_numpy() - 1]})
            joined = pd.concat([steps, label], axis=1)
            if partition != "test":
                joined = joined.dropna()
            pieces[folder.name].extend(_pieces(joined, partition))
    return pieces


def _pieces(steps: "pd.DataFrame", partition: str) -> Iterator[Piece]:
    for _, segment in steps.groupby("segment_id"):
        for start, end in _cuts(len(segment), train=partition == "train"):
            window = segment.iloc[start:end]
            yield Piece(window.iloc[:, 2:-1].to_numpy(np.float32), float(window["label"].iloc[0]))


def check(root: Path, target: str, cache: Path) -> int:
    """Compares every piece of A with the same steps of B's packed features; how many there were."""
    plain = read_plainly(root, target)
    corpus, store = feature_store.build(root, "muse2021", cache)
    for feature in corpus.features:
        theirs = plain[corpus.folders.get(feature, feature)]
        seen = {(MASKED if math.isnan(piece.label) else int(piece.label), piece.values.tobytes()) for piece in theirs}
        assert set(_packed_pieces(store, feature, target)) == seen, f"{feature}: A and B read other values"
    return sum(map(len, plain.values()))


def _packed_pieces(store: feature_store.FeatureStore, feature: str, target: str) -> Iterator[tuple[int, bytes]]:
    values, segments = store.values(feature), store.segments
    spans = zip(segments.start.tolist(), segments.length.tolist(), segments.classes[target].tolist(), strict=True)
    for at, (start, length, label) in enumerate(spans):
        for low, high in _cuts(length, train=at < segments.partition_bounds["train"][1]):
            yield label, values[start + low : start + high].tobytes()


def _cuts(length: int, train: bool) -> tuple[tuple[int, int], ...]:
    return windows(length, SETTINGS.window, SETTINGS.hop) if train else ((0, length),)


def double(root: Path, copy: Path) -> Path:
    """The tree with every video in it a second time, by links."""
    (copy / "metadata").mkdir(parents=True)
    if (root / "metadata" / "info.json").exists():
        shutil.copy(root / "metadata" / "info.json", copy / "metadata")
    head, *rows = (root / "metadata" / "partition.csv").read_text(encoding="utf-8-sig").splitlines()
    rows = [row for row in rows if row]
    twice = [head, *rows, *(f"again{row}" for row in rows)]
    (copy / "metadata" / "partition.csv").write_text("\n".join(twice), encoding="utf-8")
    for folder in (*(root / "feature_segments").iterdir(), *(root / "label_segments").iterdir()):
        there = copy / folder.relative_to(root)
        there.mkdir(parents=True)
        for row in rows:
            name = f"{row.split(',')[0]}.csv"
            for link in (name, f"again{name}"):
                (there / link).symlink_to(folder / name)
    return copy


def _once(kind: Kind, root: Path, target: str, cache: Path, workers: int | None) -> dict[str, float]:
    """What a measuring process does and prints."""
    if kind == "check":
        return {"pieces": check(root, target, cache)}
    if kind != "C":
        import pandas as pd  # noqa: F401, PLC0415 - loaded before the clock starts
    start, worked = time.perf_counter(), time.process_time()
    if kind == "A":
        read_plainly(root, target)
    else:
        feature_store.build(root, "muse2021", cache, workers)
    times = {"reading_s": time.perf_counter() - start, "processor_s": time.process_time() - worked}
    return {**times, "peak_mb": environment.peak_memory_mb()}


def _measure(kind: Kind, arguments: argparse.Namespace, root: Path, cache: Path) -> Measured:
    start = time.perf_counter()
    said = _process(kind, arguments, root, cache)
    return Measured(said["reading_s"], said["processor_s"], time.perf_counter() - start, said["peak_mb"])


def _process(kind: Kind, arguments: argparse.Namespace, root: Path, cache: Path) -> dict[str, float]:
    command = [sys.executable, __file__, str(root), "--once", kind, "--cache", str(cache)]
    command += ["--workers", str(arguments.workers)] if arguments.workers else []
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    said: dict[str, float] = json.loads(done.stdout)
    return said


def _report(arguments: argparse.Namespace, root: Path, scratch: Path) -> None:
    files = list(root.glob("feature_segments/*/*.csv"))
    size = sum(file.stat().st_size for file in files) / 1e6
    pieces = _process("check", arguments, root, scratch / "check")["pieces"]
    print(f"\n{root}: {len(files)} feature files, {size:.0f} MB; {pieces:.0f} pieces are the same in A and B")
    trees = {"": root, " twice": double(root, scratch / "tree")}
    found: dict[str, list[Measured]] = {}
    for _ in range(arguments.rounds):
        for suffix, tree in trees.items():
            for kind in KINDS if tree == root else KINDS[1:]:
                found.setdefault(kind + suffix, []).append(_measure(kind, arguments, tree, scratch / "cache"))
            shutil.rmtree(scratch / "cache")
    _print(found)


def _print(found: dict[str, list[Measured]]) -> None:
    print("            reading s  processor s  process s  peak MiB   reading s in every round")
    for name, rounds in found.items():
        reading, processor, process = (
            statistics.median(getattr(one, column) for one in rounds)
            for column in ("reading_s", "processor_s", "process_s")
        )
        told = " ".join(f"{one.reading_s:.3f}" for one in rounds)
        peak = max(one.peak_mb for one in rounds)
        print(f"  {name:8}  {reading:9.3f}  {processor:11.3f}  {process:9.3f}  {peak:8.0f}   {told}")
    for above, below in (("A", "B"), ("A", "C"), ("B twice", "B"), ("C twice", "C")):
        pairs = list(zip(found[above], found[below], strict=True))
        reading = statistics.median(one.reading_s / other.reading_s for one, other in pairs)
        processor = statistics.median(one.processor_s / other.processor_s for one, other in pairs)
        print(f"  {f'{above} / {below}':13} {reading:6.2f}×  processor time {processor:6.2f}×")


def main() -> None:
    """Prints one table a tree."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=None, help="threads of B and C; all cores by default")
    parser.add_argument("--once", choices=("A", "B", "C", "check"), help=argparse.SUPPRESS)
    parser.add_argument("--cache", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once:
        root = arguments.data[0]
        target = min(folder.name for folder in (root / "label_segments").iterdir())
        print(json.dumps(_once(arguments.once, root, target, arguments.cache, arguments.workers)))
        return
    versions = environment.versions()
    print(f"python {versions['python']}, pandas {versions['pandas']}, {environment.cores()} cores; medians")
    for data in arguments.data:
        with tempfile.TemporaryDirectory() as scratch:
            _report(arguments, muse2021.read(data).root, Path(scratch))


if __name__ == "__main__":
    main()
