"""The arguments and options of the command line: one name and one help text each, whichever commands take it."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from sweep import engines
from sweep.device_kind import KINDS
from sweep.storage_url import folder_path

Space = Annotated[
    str,
    typer.Argument(metavar="SPACE", help="A space's name (paper, protocol, smoke, demo) or a path to a .toml file."),
]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="The run folder.", parser=folder_path)]
RunOrUrl = Annotated[
    str,
    typer.Argument(metavar="RUN", help="The run folder; or its storage's URL, #RUN behind it for one of several."),
]
DataDir = Annotated[Path, typer.Option("--data", help="The data tree (c2_muse_sent layout).")]
MovedDir = Annotated[Path | None, typer.Option("--data", help="Where the data lies now, if it moved.")]
RunDir = Annotated[
    Path | None, typer.Option("--run", help="The run folder. [default: runs/SPACE-DATA]", parser=folder_path)
]
Storage = Annotated[
    str | None, typer.Option("--storage", help="Keep studies in a PostgreSQL database, by its URL. [default: sqlite]")
]
NewStorage = Annotated[str, typer.Option("--to", help="A PostgreSQL database, by its URL, or sqlite: the run folder.")]
CacheDir = Annotated[
    Path | None, typer.Option("--cache", help="Folder of packed arrays. [default: ~/.cache/muse-sweep]")
]
MovedCacheDir = Annotated[Path | None, typer.Option("--cache", help="Folder of packed arrays. [default: the run's]")]
Targets = Annotated[list[str] | None, typer.Option("--target", help="A target; repeat for several. [default: all]")]
Seeds = Annotated[int | None, typer.Option("--seeds", min=1, help="Seeds per cell. [default: the space's]")]
Epochs = Annotated[int | None, typer.Option("--epochs", min=1, help="Most epochs per seed. [default: the space's]")]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", min=1, help="Trials at a time. [default: one per core, what GPUs hold, or all of a --scheduler]"
    ),
]
LocalWorkers = Annotated[int | None, typer.Option("--workers", min=1, help="Trials at a time. [default: one per core]")]
Cell = Annotated[list[str], typer.Argument(metavar="CELL", help='A finished cell, such as "arousal vggish+fau/way2".')]
OneSeed = Annotated[int | None, typer.Option("--seed", help="One of its seeds. [default: all]")]
Engine = Annotated[str, typer.Option("--engine", help=f"Where trials run: {', '.join(engines.names())}.")]
Scheduler = Annotated[
    str | None, typer.Option("--scheduler", help="With --engine dask: tcp://HOST:PORT. [default: a cluster made here]")
]
HangMinutes = Annotated[
    float, typer.Option("--hang-minutes", min=0.1, help="Kill a worker that ends no epoch for so long.")
]
Device = Annotated[str, typer.Option("--device", help=f"auto, cuda, or exactly one of {', '.join(KINDS)}.")]
RetryFailed = Annotated[bool, typer.Option("--retry-failed", help="Give failed cells another try.")]
AllowHoles = Annotated[bool, typer.Option("--allow-holes", help="Select and go on although cells have failed.")]
OtherVersions = Annotated[
    bool, typer.Option("--other-versions", help="Go on under other library versions; tables mark what they trained.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on standard output alone.")]
Seconds = Annotated[
    float | None, typer.Argument(metavar="SECONDS", min=0.1, help="With --watch: between two looks. [default: 2]")
]
Watch = Annotated[bool, typer.Option("--watch", help="Show the table as it fills in, until the run is complete.")]
Reader = Annotated[str, typer.Option("--reader", help="How the tree is laid out; a file of search_spaces/datasets.")]
TreeDir = Annotated[Path, typer.Argument(metavar="DIR", help="The data tree.")]
Format = Annotated[
    Literal["csv", "md", "latex", "html", "text"] | None, typer.Option("--format", help="[default: text]")
]
Table = Annotated[list[str] | None, typer.Option("--table", help="I … VI; repeat for several. [default: all]")]
OutDir = Annotated[Path | None, typer.Option("--out", help="Write one file per table there instead of printing.")]
Compare = Annotated[Literal["paper"] | None, typer.Option("--compare", help="Set the published figures beside ours.")]
Aggregate = Annotated[Literal["mean", "best", "median"], typer.Option("--aggregate", help="What stands for the seeds.")]
ReportFile = Annotated[Path | None, typer.Option("--out", help="Write the page there. [default: RUN/report.html]")]
FiguresDir = Annotated[Path | None, typer.Option("--figures", help="Also write every figure there: PNG, PDF, SVG.")]
PredictDir = Annotated[Path, typer.Option("--out", help="A new or empty folder for the predictions.")]
Model = Annotated[
    Literal["multitask", "best", "late-fusion"],
    typer.Option("--model", help="The multitask run, the best cell of the grid, or a late fusion of cells."),
]
FusionRule = Annotated[Literal["top", "greedy"], typer.Option("--rule", help="How the late fusion chose its cells.")]
Predicted = Annotated[Literal["test", "devel"], typer.Option("--partition", help="What is predicted.")]
RecordsFile = Annotated[Path | None, typer.Option("--out", help="Write FILE.csv or FILE.parquet.")]
Curves = Annotated[bool, typer.Option("--curves", help="One row an epoch instead of one a seed.")]
EventDir = Annotated[Path | None, typer.Option("--tensorboard", help="A new folder for TensorBoard's event files.")]
Port = Annotated[int | None, typer.Option("--port", min=1, max=65535, help="Of 127.0.0.1. [default: one that is free]")]
