"""What one GPU does: trials an hour by workers that share it, how busy it is, and what precision costs in F1.

    python benchmarks/gpu.py [DATA] [--workers 1 2 4 8 16] [--kinds cuda-float32 cuda-tf32 cuda-bfloat16] [--minutes 9]

The same cells are trained by the sweep's own workers, which have loaded their libraries before the clock starts. First
one trial at a time and more and more beside it, in the first kind; whether their bytes are the same says whether digits
depend on neighbours. Beside it the machine's cores without the GPU. Then every kind with the number of workers that did
best, all seeds, and the first kind in smaller chunks. F1 is compared cell by cell with the first kind's, against the
noise of a mean over seeds. Without DATA a sample tree is made. Prints the tables and, after every row, writes them to
--out. `--kinds cpu` tries it without a GPU.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a file, Python finds only its neighbours

from benchmarks.gpu_load import Load
from benchmarks.gpu_row import Row, difference
from results.records import Branch, Cell
from search_spaces.settings import Settings
from sweep import environment, gpus
from sweep.device_kind import Kind
from sweep.executors.local import LocalExecutor
from sweep.gpus import Gpu
from sweep.job import DataSource, Job
from sweep.opened import open_data
from sweep.sample import write_sample

_WAYS = ("way1", "way2", "way3", "way4", "way5", "way6")


@dataclass
class Bench:
    """What every row shares, and the rows so far."""

    source: DataSource
    cells: list[Cell]
    gpu: Gpu | None
    shared: list[Row] = field(default_factory=list)
    kinds: list[Row] = field(default_factory=list)

    def row(self, kind: str, workers: int, settings: Settings) -> Row:
        """Trains every cell by so many workers."""
        gpu = self.gpu if Kind.of(kind).type == "cuda" else None
        names = [gpu.name] * workers if gpu is not None else []
        jobs = [Job(cell=cell, settings=settings, data=self.source, device=kind) for cell in self.cells]
        warm = settings.model_copy(update={"epochs": 1, "seeds": 1})
        with (
            tempfile.TemporaryDirectory() as logs,
            LocalExecutor(workers, Path(logs), gpus=names, say=lambda line: print(line, file=sys.stderr)) as executor,
        ):
            first = jobs[0].model_copy(update={"settings": warm})
            for future in [executor.submit(first, lambda _: None) for _ in range(workers)]:
                future.result()
            began = time.perf_counter()
            with Load(gpu) as load:
                futures = [executor.submit(job, lambda _: None) for job in jobs]
                outcomes = tuple(future.result() for future in futures)
            took_s = time.perf_counter() - began
            row = Row(kind, (workers, executor.workers), took_s, load, outcomes)
        print(f"{kind}, {workers} workers: {took_s:.1f} s", file=sys.stderr, flush=True)
        return row

    def lines(self) -> Iterator[str]:
        """The tables, in Markdown."""
        yield "| kind | workers | seeds an hour | × one at a time | GPU busy | GPU memory a worker | same bytes |"
        yield "|---|---:|---:|---:|---:|---:|---|"
        for row in self.shared:
            alone = self.shared[0]
            same = "–" if row.kind != alone.kind else "yes" if row.digest == alone.digest else "NO"
            yield (
                f"| {row.kind} | {row.asked} | {row.per_hour:.0f} | {row.per_hour / alone.per_hour:.2f} "
                f"| {row.load.busy} | {row.load.memory(row.workers[1])} | {same} |"
            )
        if not self.kinds:
            return
        yield "\n| kind | workers | seeds an hour | × the first | F1 | difference in noise | within noise |"
        yield "|---|---:|---:|---:|---:|---:|---|"
        first = self.kinds[0]
        for row in self.kinds:
            mean = statistics.mean(statistics.mean(cell) for cell in row.f1())
            gap = difference(first.f1(), row.f1())
            yield (
                f"| {row.kind} | {row.asked} | {row.per_hour:.0f} | {row.per_hour / first.per_hour:.2f} "
                f"| {100 * mean:.2f} | {gap:+.1f} | {'yes' if abs(gap) <= 2 else 'NO'} |"
            )


def measure(bench: Bench, arguments: argparse.Namespace) -> Iterator[None]:
    """Adds a row at a time."""
    kinds, one = arguments.kinds, Settings(seeds=1, epochs=arguments.epochs, standardize=("all",))
    for workers in arguments.workers:
        bench.shared.append(bench.row(kinds[0], workers, one))
        yield
    if bench.gpu is not None:  # what the same machine does without it
        bench.shared.append(bench.row("cpu", environment.cores(), one))
        yield
    best = max((row for row in bench.shared if row.kind == kinds[0]), key=lambda row: row.per_hour).workers[1]
    every = one.model_copy(update={"seeds": arguments.seeds})
    halved = Kind.of(kinds[0]).halved()
    quartered = halved and halved.halved()
    for kind in [*kinds, *(str(kind) for kind in (halved, quartered) if kind is not None)]:
        bench.kinds.append(bench.row(kind, best, every))
        yield


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path, nargs="?", help="by default a sample tree of 240 videos")
    parser.add_argument("--features", nargs="+", default=["vggish+fau+bert", "egemaps+xception"])
    parser.add_argument("--ways", nargs="+", default=_WAYS)
    parser.add_argument("--kinds", nargs="+", default=["cuda-float32", "cuda-tf32", "cuda-bfloat16"])
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 2, 4, 8, 16])
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--seeds", type=int, default=5, help="at least 2")
    parser.add_argument("--minutes", type=float, default=9.0, help="no row begins after so many")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("gpu.md"))
    return parser.parse_args()


def main() -> None:
    """Prints and writes the tables."""
    began, arguments = time.perf_counter(), _arguments()
    on_gpu = any(Kind.of(kind).type == "cuda" for kind in arguments.kinds)
    gpu = gpus.found()[0] if on_gpu else None
    with tempfile.TemporaryDirectory() as folder:
        root = arguments.data or write_sample(Path(folder) / "sample", scale=8).root
        store = open_data(root, "muse2021", Path(folder) / "cache").store
        source = DataSource(root=root, reader="muse2021", cache=store.cache, digest=store.digest)
        cells = [
            Cell(target=target, branches=(Branch(features=features, way=way),))
            for features, way, target in product(arguments.features, arguments.ways, store.segments.classes)
        ]
        bench = Bench(source, cells, gpu)
        head = (
            f"{gpu.model if gpu else 'No GPU'}, {environment.cores()} cores, torch {environment.versions()['torch']}; "
            f"{len(cells)} cells, {arguments.epochs} epochs, 1 seed, then {arguments.seeds}; "
            f"{store.segments.n_steps} steps; {', '.join(arguments.features)}; {', '.join(arguments.ways)}.\n"
        )
        for _ in measure(bench, arguments):
            arguments.out.write_text("\n".join([head, *bench.lines()]) + "\n", encoding="utf-8")
            if time.perf_counter() - began > 60 * arguments.minutes:
                print(f"Stopped after {arguments.minutes:g} minutes.", file=sys.stderr)
                break
    print(arguments.out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
