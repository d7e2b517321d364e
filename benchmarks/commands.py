"""How long the commands that only look at a run take: `--help`, `status`, `tables`; on made-up runs of any size.

The figures of a made-up run are drawn, everything else is as a real run leaves it: one study a target, five seeds of
some thirty epochs a cell, its predictions as files, notes, statistics (drawn too where the grid is large: to compute
them is what a run does at its end). Every command is a process of its own.

    python benchmarks/commands.py [--cells 156 10000] [--rounds 5] [--keep DIR]
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import combinations, islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a file, Python finds only its neighbours

import numpy as np
import optuna
from sqlalchemy import event

from results import predictions
from results.findings import BestOfMany, CellInterval, Comparison, Findings
from results.metrics import scores
from results.records import Branch, Cell, Cost, Scores, SeedCost, SeedRecord, TrialRecord
from results.run_results import FeatureRow, ReferenceScore
from results.select import top_two
from results.statistics import find
from search_spaces.alignment import Segments
from search_spaces.corpus import MODALITIES, PARTITIONS
from search_spaces.resolution import Resolution
from search_spaces.settings import N_CLASSES, Settings
from search_spaces.space import Space
from sweep import corpus_index, environment, identity
from sweep._trial_values import attributes_of, value_of
from sweep.collect import run_results
from sweep.corpus_index import CorpusIndex
from sweep.folder import Artifact, RunFolder
from sweep.ledger import Choices, Ledger, sqlite_url
from sweep.notes import Notebook, notes_study
from sweep.opened import open_studies
from sweep.study_names import grid_study, multitask_study

_TARGETS = ("arousal", "valence")
_WAYS = ("way1", "way2", "way3", "way4", "way5", "way6")
_FEATURES = ("deepspectrum", "vggish", "egemaps", "xception", "vggface", "fau", "bert", "rms", "scene", "speech")
_VIDEOS, _SEGMENTS = 12, 8  # of devel, and of test, and segments of each
_COMPUTED = 500  # cells; of a larger grid the statistics are drawn
_COMMANDS = ("--help", "status", "tables")


def make_run(path: Path, cells: int) -> None:
    """A run that is done, with about as many cells in its grid: whole feature sets."""
    space, folder, segments = _space(cells), RunFolder(path), _segments()
    folder.create()
    identity.write(folder, identity.new(space, _TARGETS, "muse2021", "0" * 64, "cpu", path / "data", path / "cache"))
    corpus_index.write(folder.segments, CorpusIndex(tuple(f"v{n}" for n in range(3 * _VIDEOS)), segments, {}, {}))
    choices = Choices(space.candidates(_resolution()), space.ways)
    with Ledger(sqlite_url(folder.study_db)) as ledger:
        for target in _TARGETS:
            ledger.open_study(grid_study(target), choices)
            ledger.open_study(multitask_study(target), choices)
        notebook = Notebook(ledger, notes_study(space, _TARGETS))
        _note(notebook)
        for target in _TARGETS:
            grid = [_cell(target, features, way) for features in choices.features for way in _WAYS]
            records = _fill(folder, grid_study(target), choices, grid, segments)
            main, related = top_two(records, target)
            pair = Cell(target=target, branches=(*main.cell.branches, *related.cell.branches))
            notebook.note_selected(pair)
            _fill(folder, multitask_study(target), choices, [pair], segments)
    if cells > _COMPUTED:
        find.find = _drawn_findings
    with open_studies(folder) as studies:
        assert run_results(folder, identity.read(folder), studies, statistics=True).findings


def _space(cells: int) -> Space:
    rows = max(2, round(cells / len(_TARGETS) / len(_WAYS)))
    terms = [name + tilde for name in _FEATURES for tilde in ("", "~")]
    sets = ("+".join(chosen) for size in range(1, 8) for chosen in combinations(terms, size))
    chosen = list(islice(sets, rows))
    stages = [
        {"name": name, "title": title, "tables": tables, "features": chosen[start::2]}
        for start, (name, title, tables) in enumerate(
            (("one", "Uni-modal feature", ("II",)), ("two", "Multimodal feature", ("III", "IV")))
        )
    ]
    return Space.model_validate({"name": "made-up", "title": "Made up", "ways": _WAYS, "stage": stages})


def _resolution() -> Resolution:
    return Resolution(modalities={name: MODALITIES[n % 3] for n, name in enumerate(_FEATURES)})


def _note(notebook: Notebook) -> None:
    modalities = _resolution().modalities
    rows = (FeatureRow(name=n, title=n, modality=kind, width=64, reduced_width=8) for n, kind in modalities.items())
    notebook.note_features(tuple(rows))
    constant = (
        ReferenceScore(name="constant", title="Constant", target=t, features=None, devel=0.08, test=None)
        for t in _TARGETS
    )
    notebook.note_references(tuple(constant))
    notebook.note_resolution(_resolution())
    for target in _TARGETS:
        notebook.note_tests(target, ())


def _segments() -> Segments:
    """Twelve videos a partition, eight segments each, of ten steps."""
    count = 3 * _VIDEOS * _SEGMENTS
    draw = np.random.default_rng(0)
    third = count // 3
    bounds = {partition: (n * third, (n + 1) * third) for n, partition in enumerate(PARTITIONS)}
    return Segments(
        video=np.repeat(np.arange(3 * _VIDEOS), _SEGMENTS),
        segment_id=np.tile(np.arange(_SEGMENTS), 3 * _VIDEOS),
        start=10 * np.arange(count),
        length=np.full(count, 10),
        classes={target: draw.integers(0, N_CLASSES, count) for target in _TARGETS},
        partition_bounds=bounds,
        step_bounds={partition: (10 * low, 10 * high) for partition, (low, high) in bounds.items()},
    )


def _fill(
    folder: RunFolder, study: str, choices: Choices, cells: Sequence[Cell], segments: Segments
) -> list[TrialRecord]:
    """Every cell as a finished trial, in bulk: nothing is queued, and nothing is forced to disk."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = optuna.storages.RDBStorage(sqlite_url(folder.study_db))
    event.listen(storage.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))
    storage.engine.dispose()
    into, records = optuna.load_study(study_name=study, storage=storage), []
    for cell in cells:
        record, predicted = _trial(cell, segments)
        path = folder.artifact(cell)
        path.write_bytes(predicted)
        artifact = Artifact(path.relative_to(folder.path).as_posix(), sha256(predicted).hexdigest())
        attributes = {"attempt": 1, **attributes_of(record, _cost(record), artifact)}
        into.add_trial(choices.finished(cell, value_of(record), attributes))
        records.append(record)
    storage.remove_session()
    storage.engine.dispose()
    return records


def _trial(cell: Cell, segments: Segments) -> tuple[TrialRecord, bytes]:
    """A record whose devel scores are those of its drawn predictions; a cell is right with a chance of its own."""
    draw = np.random.default_rng(list(str(cell).encode()))
    settings = Settings()
    low, high = segments.partition_bounds["devel"]
    truth, test = segments.classes[cell.target][low:high], segments.partition_bounds["test"]
    right = draw.uniform(0.1, 0.4)
    devel = draw.random((settings.seeds, high - low, N_CLASSES), np.float32)
    hit = draw.random((settings.seeds, high - low)) < right
    devel[hit, np.broadcast_to(truth, hit.shape)[hit]] += 1
    seeds = tuple(
        _seed(number, draw, scores(truth, predicted.argmax(axis=1)))
        for number, predicted in zip(settings.seed_numbers(), devel, strict=True)
    )
    record = TrialRecord(
        cell=cell,
        widths=(128,) * len(cell.branches),
        parameters=100_000,
        data_digest="0" * 64,
        settings=settings.model_dump(mode="json"),
        versions=environment.versions(),
        device="cpu",
        seeds=seeds,
    )
    probabilities = draw.random((settings.seeds, test[1] - test[0], N_CLASSES), np.float32)
    return record, predictions.pack(settings.seed_numbers(), devel, probabilities)


def _seed(seed: int, draw: np.random.Generator, devel: Scores) -> SeedRecord:
    epochs = int(draw.integers(16, 50))
    return SeedRecord(
        seed=seed,
        best_epoch=epochs - 15,
        devel=devel,
        train_loss=tuple(draw.random(epochs)),
        devel_f1=tuple(draw.random(epochs)),
        learning_rate=(0.001,) * epochs,
    )


def _drawn_findings(measured: find.Measured) -> Findings:
    """Findings of the right size."""
    first, *others = (record.cell for record in measured.records)
    drawn = Comparison(
        cell=first, other=first, difference=0.1, low=0.0, high=0.2, p=0.01, p_adjusted=0.5, separable=False
    )
    return Findings(
        target=measured.target,
        videos=_VIDEOS,
        segments=_VIDEOS * _SEGMENTS,
        resamples=1000,
        level=0.95,
        intervals=tuple(CellInterval(cell=cell, f1=0.3, low=0.2, high=0.4) for cell in (first, *others)),
        best=BestOfMany(cell=first, candidates=len(others) + 1, naive=0.4, corrected=0.3, chosen=0.1),
        against_best=tuple(drawn.model_copy(update={"other": other}) for other in others),
        multitask=None,
        fusions=(),
        ranks=None,
    )


def _cost(record: TrialRecord) -> Cost:
    seeds = tuple(SeedCost(seed=s.seed, wall_s=10.0, epoch_s=10.0 / s.epochs, steps_per_s=1e5) for s in record.seeds)
    return Cost(wall_s=50.5, peak_memory_mb=400.0, host="made-up", seeds=seeds)


def _cell(target: str, features: str, way: str) -> Cell:
    return Cell(target=target, branches=(Branch(features=features, way=way),))


def _times(folder: Path, rounds: int) -> Iterator[tuple[str, float, float]]:
    sweep = [sys.executable, "-c", "from sweep.cli import main; main()"]
    for command in _COMMANDS:
        words = [*sweep, command] if command.startswith("-") else [*sweep, command, str(folder)]
        subprocess.run(words, check=True, capture_output=True)  # file caches, and what a run computes at its end
        took = []
        for _ in range(rounds):
            began = time.perf_counter()
            subprocess.run(words, check=True, capture_output=True)
            took.append(time.perf_counter() - began)
        yield command, statistics.median(took), max(took)


def main() -> None:
    """Prints a row a size and command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cells", nargs="+", type=int, default=[156, 10_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="where the runs are made, and used if they stand there")
    arguments = parser.parse_args()
    print("| cells of the grid | study.db MB | command | s, median | s, slowest |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        for cells in arguments.cells:
            folder = (arguments.keep or Path(temporary)) / f"run-{cells}"
            if not folder.exists():
                make_run(folder, cells)
            size = (folder / "study.db").stat().st_size / 2**20
            for command, median, slowest in _times(folder, arguments.rounds):
                print(f"| {cells} | {size:.0f} | {command} | {median:.2f} | {slowest:.2f} |", flush=True)


if __name__ == "__main__":
    main()
