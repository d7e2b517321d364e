"""The columns of the long format, each with its type, its unit and what it means: the one definition of all of them.

`python -m results.record_columns` prints the data dictionary of the README.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from results.records import Branch, Cost, Scores, SeedCost
from results.seed_runs import EpochRow, SeedRow
from results.summary import collapse
from search_spaces.settings import N_CLASSES

Kind = Literal["text", "whole", "number", "truth"]
Value = str | int | float | bool | None
R = TypeVar("R")
P = TypeVar("P")


@dataclass(frozen=True)
class Column(Generic[R]):
    """One column.

    Attributes:
        name: its head.
        kind: of its values; any may be missing.
        unit: of its values; "" where they have none.
        meaning: in one line of Markdown.
        value: what stands in a row.
    """

    name: str
    kind: Kind
    unit: str
    meaning: str
    value: Callable[[R], Value]


def _part(of: Callable[[SeedRow], P | None], read: Callable[[P], Value]) -> Callable[[SeedRow], Value]:
    """Reads what a row may lack."""

    def value(row: SeedRow) -> Value:
        found = of(row)
        return None if found is None else read(found)

    return value


def _scores(partition: str, of: Callable[[SeedRow], Scores | None], macro: str) -> Iterator[Column[SeedRow]]:
    """What one partition says about a seed run; `macro` is the meaning of its macro-F1."""

    def number(name: str, meaning: str, read: Callable[[Scores], Value]) -> Column[SeedRow]:
        return Column(f"{partition}_{name}", "number", "fraction", meaning, _part(of, read))

    def class_f1(label: int) -> Column[SeedRow]:
        return number(f"f1_class_{label}", f"F1 of class {label}", lambda scores: scores.class_f1[label])

    confusion = f"JSON, {N_CLASSES} × {N_CLASSES} counts; row = true class, column = predicted"
    predicted = "distinct classes among the predictions"
    yield number("macro_f1", macro, lambda scores: scores.macro_f1)
    yield number("weighted_f1", "F1 weighted by the classes' segments", lambda scores: scores.weighted_f1)
    yield number("micro_f1", "micro-F1, which is the accuracy", lambda scores: scores.micro_f1)
    yield from (class_f1(label) for label in range(N_CLASSES))
    yield Column(f"{partition}_confusion", "text", "segments", confusion, _part(of, lambda s: _json(s.confusion)))
    yield Column(f"{partition}_predicted_classes", "whole", "", predicted, _part(of, lambda s: s.predicted_classes))


def _setting(name: str, kind: Kind, unit: str, meaning: str) -> Column[SeedRow]:
    return Column(name, kind, unit, meaning, lambda row: row.record.settings.get(name))


def _related(row: SeedRow) -> Branch | None:
    branches = row.record.cell.branches
    return branches[1] if len(branches) > 1 else None


def _cost(row: SeedRow) -> Cost | None:
    return row.cost


def _seed_cost(row: SeedRow) -> SeedCost | None:
    return row.seed_cost


def _within(column: Column[SeedRow]) -> Column[EpochRow]:
    """The same column of an epoch's seed run."""
    return Column(column.name, column.kind, column.unit, column.meaning, lambda row: column.value(row.of))


_WHERE: tuple[Column[SeedRow], ...] = (
    Column("run", "text", "", "the run folder's name", lambda row: row.results.name),
    Column("space", "text", "", "the space that was carried out", lambda row: row.results.space),
    Column("target", "text", "", "what is predicted: arousal, valence", lambda row: row.record.cell.target),
    Column(
        "entry",
        "text",
        "",
        "what the cell was trained for: screening, grid, baseline, multitask; a cell that screening and grid share "
        "was trained once and has rows in both",
        lambda row: row.entry,
    ),
    Column("features", "text", "", "feature set, of the main branch", lambda row: row.record.cell.branches[0].features),
    Column("way", "text", "", "Way, of the main branch", lambda row: row.record.cell.branches[0].way),
    Column(
        "related_features",
        "text",
        "",
        "feature set of the related branch; multitask only",
        _part(_related, lambda branch: branch.features),
    ),
    Column("related_way", "text", "", "Way of the related branch", _part(_related, lambda branch: branch.way)),
    Column("seed", "whole", "", "number of the seed", lambda row: row.run.seed),
)

RECORDS: tuple[Column[SeedRow], ...] = (
    *_WHERE,
    *_scores("devel", lambda row: row.run.devel, "macro-F1 over the classes 0…4, best epoch"),
    *_scores("test", lambda row: row.test, "the same on test, of the one seed that would be submitted"),
    Column("rank", "whole", "", "of the cell in its target's grid by mean devel macro-F1, 1 is the best; none where "
           "collapsed", lambda row: row.rank),
    Column("interval_low", "number", "fraction", "of the cell's mean devel macro-F1, by bootstrap over videos",
           _part(lambda row: row.interval, lambda interval: interval.low)),
    Column("interval_high", "number", "fraction", "the same, upper end",
           _part(lambda row: row.interval, lambda interval: interval.high)),
    Column("interval_level", "number", "fraction", "what the interval covers", lambda row: row.level),
    Column("one_class", "truth", "", "this seed predicts at most one class on devel",
           lambda row: row.run.devel.predicted_classes <= 1),
    Column("length_alone", "truth", "", "what this seed predicts follows from the segment's length alone",
           lambda row: row.run.length_alone),
    Column("collapsed", "text", "", "why the cell is not ranked; none where it is", lambda row: collapse(row.record)),
    Column("best_epoch", "whole", "epochs", "the epoch whose weights were kept, from 1",
           lambda row: row.run.best_epoch),
    Column("epochs", "whole", "epochs", "how many were trained", lambda row: row.run.epochs),
    Column("parameters", "whole", "", "trainable numbers of the network", lambda row: row.record.parameters),
    Column("width", "whole", "columns", "of the main branch's features, after fusion",
           lambda row: row.record.widths[0]),
    Column("related_width", "whole", "columns", "of the related branch's",
           lambda row: row.record.widths[1] if len(row.record.widths) > 1 else None),
    _setting("learning_rate", "number", "", "at the start"),
    _setting("batch_size", "whole", "windows", "of one step of the optimiser"),
    _setting("patience", "whole", "epochs", "without a better devel macro-F1 before training stops"),
    _setting("window", "whole", "steps", "of a train window"),
    _setting("hop", "whole", "steps", "from one train window to the next"),
    _setting("readout", "text", "", "which step of a segment is classified"),
    _setting("loss", "text", "", "name of the loss"),
    _setting("weighting", "text", "", "how a multitask run combines its losses"),
    Column("settings", "text", "", "JSON, every setting of the trial", lambda row: _json(row.record.settings)),
    Column(
        "device",
        "text",
        "",
        "kind of device: cpu, or cuda- and its precision; /2 at the end: in chunks of half the size",
        lambda row: row.record.device,
    ),
    Column("data_digest", "text", "", "SHA-256 of all that was read", lambda row: row.record.data_digest),
    Column("torch_version", "text", "", "under which it was trained", lambda row: row.record.versions.get("torch")),
    Column("sweep_version", "text", "", "of muse-sweep", lambda row: row.record.versions.get("muse-sweep")),
    Column("versions", "text", "", "JSON, of Python and the libraries", lambda row: _json(row.record.versions)),
    Column("seed_s", "number", "s", "training of this seed", _part(_seed_cost, lambda cost: cost.wall_s)),
    Column("epoch_s", "number", "s", "mean of its epochs, each with its evaluation",
           _part(_seed_cost, lambda cost: cost.epoch_s)),
    Column("steps_per_s", "number", "steps/s", "train steps", _part(_seed_cost, lambda cost: cost.steps_per_s)),
    Column("trial_s", "number", "s", "the whole trial, all seeds", _part(_cost, lambda cost: cost.wall_s)),
    Column("peak_memory_mb", "number", "MiB", "most memory its worker had until then",
           _part(_cost, lambda cost: cost.peak_memory_mb)),
    Column("host", "text", "", "the machine that trained it", _part(_cost, lambda cost: cost.host)),
)  # fmt: skip
"""One row a seed run."""

CURVES: tuple[Column[EpochRow], ...] = (
    *map(_within, _WHERE),
    Column("epoch", "whole", "", "from 1", lambda row: row.epoch),
    Column("train_loss", "number", "", "mean over the train windows; of a multitask run the weighted total",
           lambda row: row.of.run.train_loss[row.epoch - 1]),
    Column("devel_macro_f1", "number", "fraction", "after the epoch", lambda row: row.of.run.devel_f1[row.epoch - 1]),
    Column("learning_rate", "number", "", "during the epoch", lambda row: row.of.run.learning_rate[row.epoch - 1]),
    Column("delta", "number", "", "δ of eq. 12 or 13 of the main subtask, after the epoch; multitask only",
           lambda row: _delta(row, 0)),
    Column("related_delta", "number", "", "the same of the related subtask", lambda row: _delta(row, 1)),
    Column("is_best", "truth", "", "the epoch whose weights were kept",
           lambda row: row.epoch == row.of.run.best_epoch),
)  # fmt: skip
"""One row an epoch."""


def dictionary(columns: Sequence[Column[R]]) -> str:
    """The columns as a Markdown table."""
    rows = (f"| `{column.name}` | {column.kind} | {column.unit} | {column.meaning} |" for column in columns)
    return "\n".join(["| column | type | unit | meaning |", "|---|---|---|---|", *rows]) + "\n"


def _delta(row: EpochRow, subtask: int) -> float | None:
    deltas = row.of.run.delta
    return deltas[row.epoch - 1][subtask] if deltas else None


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    print(f"{dictionary(RECORDS)}\n{dictionary(CURVES)}")  # noqa: T201 - for whoever changes the README
