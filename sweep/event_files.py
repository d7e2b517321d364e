"""Learning curves for TensorBoard, one event file a seed run: from the records, so that they cost no training anything.

Tags: train_loss, devel_macro_f1, learning_rate, and of a multitask run delta/main and delta/related; steps are epochs.
Wall time counts seconds of training from the start of the seed run. Equal records and costs give equal bytes.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from results.records import SeedRecord
from results.seed_runs import SeedRow
from sweep.folder import cell_name

NAME = "events.out.tfevents.0.muse-sweep"
"""TensorBoard takes a file with "tfevents" in its name."""
_VERSION = "brain.Event:2"  # of the format; the first record of every file
_SUBTASKS = ("main", "related")
_LONG = 120  # bytes of a folder's name; beyond, file systems and TensorBoard's list of runs suffer


def folder_of(row: SeedRow) -> PurePosixPath:
    """Where a seed run's file goes; TensorBoard calls the run by it: "arousal/grid/vggish+fau way2/seed-101"."""
    cell = row.record.cell
    name = " & ".join(f"{branch.features} {branch.way}" for branch in cell.branches)
    return PurePosixPath(
        cell.target, row.entry, name if len(name) <= _LONG else cell_name(cell), f"seed-{row.run.seed}"
    )


def write(folder: Path, row: SeedRow) -> None:
    """Writes the event file of one seed run.

    Args:
        folder: an existing one, to be filled.
        row: the seed run.
    """
    place = folder / folder_of(row)
    place.mkdir(parents=True)
    with (place / NAME).open("wb") as file:
        _write(file, row)


def _write(file: BinaryIO, row: SeedRow) -> None:
    writer = RecordWriter(file)
    writer.write(Event(wall_time=0.0, file_version=_VERSION).SerializeToString())
    epoch_s = row.seed_cost.epoch_s if row.seed_cost else 1.0
    for epoch in range(1, row.run.epochs + 1):
        values = [Summary.Value(tag=tag, simple_value=value) for tag, value in _scalars(row.run, epoch)]
        event = Event(wall_time=epoch * epoch_s, step=epoch, summary=Summary(value=values))
        writer.write(event.SerializeToString())


def _scalars(run: SeedRecord, epoch: int) -> Iterator[tuple[str, float]]:
    at = epoch - 1
    yield "train_loss", run.train_loss[at]
    yield "devel_macro_f1", run.devel_f1[at]
    yield "learning_rate", run.learning_rate[at]
    if run.delta:
        yield from ((f"delta/{name}", value) for name, value in zip(_SUBTASKS, run.delta[at], strict=True))
