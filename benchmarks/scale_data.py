"""Data as large as the real package, and fractions of it: does the cost grow with the bytes, and the memory not?

    python benchmarks/scale_data.py FOLDER [--parts 40 20 10] [--way way2] [--features deepspectrum+xception]

A sample tree of a tenth of MuSe-Sent's 504,000 steps, with the real package's columns, is written to FOLDER, and trees
of a half and a quarter of its videos are linked to it; one that stands there already is used. Every stage is a process
of its own: writing the largest tree, packing each into an empty cache, opening it again, the z-scored form of every
feature, PCA of every feature, five epochs of one cell as a worker trains it, the reference scores of one target.

"CPU s" is processor time on all cores; "a further GB" what each GB of CSV beyond the smaller tree has cost, which stays
the same where cost grows with the size and no faster. "peak MB" is the most resident memory of the process, with
whatever of the arrays is mapped.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a file, Python finds only its neighbours

from results.records import Branch, Cell
from search_spaces.settings import Settings
from sweep import environment, feature_store, pca, probes, sample, scaling
from sweep.feature_store import FeatureStore
from sweep.job import DataSource, Job

MUSE_STEPS, STEPS = 504_000, 7_200  # 35 hours at 4 Hz; and, about, a sample tree at scale 1
SETTINGS = Settings(seeds=1, epochs=5)


@dataclass(frozen=True)
class Case:
    """A tree and what is done with it."""

    root: Path
    part: int  # one over its size relative to MuSe-Sent
    features: str
    way: str

    @property
    def cache(self) -> Path:
        """Where its arrays lie."""
        return self.root.with_name(f"{self.root.name}-cache")


@dataclass(frozen=True)
class Measured:
    """What a stage took."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def write(case: Case) -> None:
    """The tree itself."""
    sample.write_sample(case.root, scale=MUSE_STEPS / case.part / STEPS, real_widths=True)


def link(whole: Path, fewer: Path, times: int) -> None:
    """A tree of one in so many videos of another, each partition by itself."""
    (fewer / "metadata").mkdir(parents=True)
    head, *rows = (whole / "metadata" / "partition.csv").read_text(encoding="utf-8").split()
    rows.sort(key=lambda row: row.split(",")[1])
    kept = rows[::times]
    (fewer / "metadata" / "partition.csv").write_text("\n".join([head, *kept, ""]), encoding="utf-8")
    for folder in (*whole.glob("feature_segments/*"), *whole.glob("label_segments/*")):
        there = fewer / folder.relative_to(whole)
        there.mkdir(parents=True)
        for row in kept:
            name = f"{row.split(',')[0]}.csv"
            (there / name).hardlink_to(folder / name)


def build(case: Case) -> None:
    """Digests, parsing and packing; or, with a full cache, digests alone."""
    feature_store.build(case.root, "muse2021", case.cache)


def scale(case: Case) -> None:
    """The z-scored form of every feature."""
    store = _open(case)
    for feature in store.widths:
        scaling.standardize(store, feature)


def reduce(case: Case) -> None:
    """The reduced form of every feature."""
    store = _open(case)
    for feature in store.widths:
        pca.reduce(store, feature, SETTINGS)


def train(case: Case) -> None:
    """Five epochs of one cell, each with its evaluation on devel, and the predictions at their end."""
    from sweep.trial import run_trial  # noqa: PLC0415 - torch, which the other stages do without
    from sweep.worker import settle_torch  # noqa: PLC0415 - the same

    settle_torch()
    store = _open(case)
    cell = Cell(target=min(store.segments.classes), branches=(Branch(features=case.features, way=case.way),))
    source = DataSource(root=case.root, reader="muse2021", cache=case.cache, digest=store.digest)
    run_trial(Job(cell=cell, settings=SETTINGS, data=source), lambda _: None)


def refer(case: Case) -> None:
    """Constant, stratified and logistic regression, of one target."""
    store = _open(case)
    list(probes.references(store, (min(store.segments.classes),)))


STAGES: dict[str, Callable[[Case], None]] = {
    "write": write,
    "parse and pack": build,
    "open again": build,
    "scale": scale,
    "PCA": reduce,
    "five epochs": train,
    "references": refer,
}


def _open(case: Case) -> FeatureStore:
    """The packed features, without a look at the tree: what a worker does."""
    (folder,) = (path for path in (case.cache / "corpora").iterdir() if path.is_dir())
    return feature_store.open_store(case.cache, folder.name)


def once(stage: str, case: Case) -> Measured:
    """Measures a stage in this process."""
    began, worked = time.perf_counter(), time.process_time()
    STAGES[stage](case)
    return Measured(time.perf_counter() - began, time.process_time() - worked, environment.peak_memory_mb())


def _process(stage: str, arguments: argparse.Namespace, part: int) -> Measured:
    named = ["--parts", str(part), "--stage", stage, "--features", arguments.features, "--way", arguments.way]
    command = [sys.executable, __file__, str(arguments.folder), *named]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Measured(**json.loads(done.stdout))


def _rows(arguments: argparse.Namespace) -> None:
    """Prints a row a stage as it is measured, trees from small to large."""
    largest = _case(arguments, min(arguments.parts))
    _print(largest, "write", _process("write", arguments, largest.part), "")
    before: dict[str, tuple[float, float]] = {}  # stage -> GB and CPU s of the smaller tree
    for part in sorted(arguments.parts, reverse=True):
        case = _case(arguments, part)
        if part > largest.part:
            link(largest.root, case.root, part // largest.part)
        for stage in list(STAGES)[1:]:
            size, smaller, found = _gb(case), before.get(stage), _process(stage, arguments, part)
            more = f"{(found.cpu_s - smaller[1]) / (size - smaller[0]):.1f}" if smaller else ""
            _print(case, stage, found, more)
            before[stage] = size, found.cpu_s
        shutil.rmtree(case.cache)
    for part in arguments.parts:
        shutil.rmtree(_case(arguments, part).root)


def _print(case: Case, stage: str, found: Measured, more: str) -> None:
    size = _gb(case)
    took = f"{found.wall_s:.1f} | {found.cpu_s:.1f} | {found.cpu_s / size:.1f} | {more}"
    print(f"| 1/{case.part} | {size:.2f} | {stage} | {took} | {found.peak_mb:.0f} |", flush=True)


def _gb(case: Case) -> float:
    return sum(file.stat().st_size for file in case.root.glob("feature_segments/*/*.csv")) / 1e9


def _case(arguments: argparse.Namespace, part: int) -> Case:
    return Case(arguments.folder.absolute() / f"part-{part}", part, arguments.features, arguments.way)


def main() -> None:
    """Prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--parts", type=int, nargs="+", default=[40, 20, 10])
    parser.add_argument("--features", default="deepspectrum+xception")
    parser.add_argument("--way", default="way2")
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.stage:
        print(json.dumps(vars(once(arguments.stage, _case(arguments, *arguments.parts)))))
        return
    print("| of MuSe | GB of CSV | stage | s | CPU s | CPU s a GB | a further GB | peak MB |")
    print("|---|---|---|---|---|---|---|---|")
    _rows(arguments)


if __name__ == "__main__":
    main()
