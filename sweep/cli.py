"""The command line. Reads arguments and prints; what a command does stands in sweep/commands.

Importing this imports neither torch nor optuna, pandas or scikit-learn: `sweep --help` must answer at once. So every
command imports what it needs when it is called.
"""
# ruff: noqa: PLC0415 - see above: imports inside the commands are the point

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

from search_spaces.errors import SweepError
from sweep import __version__, environment, streams
from sweep.plain import tell

if TYPE_CHECKING:
    from rich.console import Console

    from sweep.commands.ending import Ending
    from sweep.commands.run import Options

EXIT_MISTAKE, EXIT_HOLES = 2, 3

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Feature-grid sweeps of multimodal sentiment models: every cell trained once, resumable, tables at the end.",
)
data = typer.Typer(no_args_is_help=True, help="Look at a data tree, or write a sample one.")
app.add_typer(data, name="data")

Space = Annotated[str, typer.Argument(help="A space's name (paper, protocol, smoke, demo) or a path to a .toml file.")]
Run = Annotated[Path, typer.Argument(help="The run folder.")]
DataDir = Annotated[Path, typer.Option("--data", help="The data tree (c2_muse_sent layout).")]
MovedDir = Annotated[Path | None, typer.Option("--data", help="Where the data lies now, if it moved.")]
RunDir = Annotated[Path | None, typer.Option("--run", help="The run folder. [default: runs/SPACE-DATA]")]
CacheDir = Annotated[Path | None, typer.Option("--cache", help="Folder of packed arrays. [default: in ~/.cache]")]
Targets = Annotated[list[str] | None, typer.Option("--target", help="A target; repeat for several. [default: all]")]
Seeds = Annotated[int | None, typer.Option("--seeds", min=1, help="Seeds per cell. [default: the space's]")]
Epochs = Annotated[int | None, typer.Option("--epochs", min=1, help="Most epochs per seed. [default: the space's]")]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help="Trials at a time. [default: one per core]")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")]
RetryFailed = Annotated[bool, typer.Option("--retry-failed", help="Give failed cells another try.")]
AllowHoles = Annotated[bool, typer.Option("--allow-holes", help="Select and go on although cells have failed.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on standard output alone.")]
Reader = Annotated[str, typer.Option("--reader", help="How the tree is laid out; a file of search_spaces/datasets.")]
TreeDir = Annotated[Path, typer.Argument(help="The data tree.")]
Format = Annotated[
    Literal["csv", "md", "latex", "html", "text"] | None, typer.Option("--format", help="[default: text]")
]
Table = Annotated[list[str] | None, typer.Option("--table", help="I … VI; repeat for several. [default: all]")]
OutDir = Annotated[Path | None, typer.Option("--out", help="Write one file per table there instead of printing.")]
Compare = Annotated[Literal["paper"] | None, typer.Option("--compare", help="Set the published figures beside ours.")]
Aggregate = Annotated[Literal["mean", "best", "median"], typer.Option("--aggregate", help="What stands for the seeds.")]


def main() -> NoReturn:
    """Entry point of `sweep`: a user's mistake is one message and exit code 2; a bug shows its traceback."""
    streams.prepare()
    try:
        app()
    except SweepError as error:
        tell(_errors(), f"sweep: {error}")
    except OSError as error:
        refusal = streams.refusal(error)
        if refusal is None:
            raise
        tell(_errors(), f"sweep: {refusal}")
    else:
        sys.exit(0)
    sys.exit(EXIT_MISTAKE)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    if version:
        tell(_prints(), f"muse-sweep {__version__}")
    elif context.invoked_subcommand is None:
        tell(_prints(), context.get_help())


@app.command()
def demo(
    folder: Annotated[Path, typer.Option("--dir", help="Where the sample tree and the run go.")] = Path("demo"),
    workers: Workers = None,
) -> None:
    """Sample tree, whole paper grid at a small budget, multitask, Tables I-VI: minutes on two cores."""
    from sweep.commands.demo import demo as carry_out

    _end(carry_out(folder, _options(workers), _errors(), _prints()))


@app.command()
def plan(
    space: Space,
    data_dir: DataDir,
    targets: Targets = None,
    seeds: Seeds = None,
    epochs: Epochs = None,
    workers: Workers = None,
    cache: CacheDir = None,
    reader: Reader = "muse2021",
    as_json: Json = False,
) -> None:
    """What a run would train, and about how long it takes; trains nothing."""
    from sweep.commands import plan as command
    from sweep.commands.run import Request

    request = Request(space, data_dir, None, tuple(targets or ()), seeds, epochs, "cpu", cache, reader)
    command.plan(request, workers or environment.cores(), as_json, _prints(), _errors())


@app.command()
def run(
    space: Space,
    data_dir: DataDir,
    run_dir: RunDir = None,
    targets: Targets = None,
    seeds: Seeds = None,
    epochs: Epochs = None,
    workers: Workers = None,
    device: Device = "auto",
    cache: CacheDir = None,
    reader: Reader = "muse2021",
    retry_failed: RetryFailed = False,
    allow_holes: AllowHoles = False,
) -> None:
    """Train a space on a data tree, from screening to Tables I-VI; continues a run that stands there."""
    from sweep.commands import run as command

    request = command.Request(space, data_dir, run_dir, tuple(targets or ()), seeds, epochs, device, cache, reader)
    _end(command.run(request, _options(workers, retry_failed, allow_holes), _errors()))


@app.command()
def resume(
    run_dir: Run,
    data_dir: MovedDir = None,
    workers: Workers = None,
    cache: CacheDir = None,
    retry_failed: RetryFailed = False,
    allow_holes: AllowHoles = False,
) -> None:
    """Carry a run on; everything that shapes its numbers comes from its run.json."""
    from sweep.commands import run as command

    _end(command.resume(run_dir, data_dir, cache, _options(workers, retry_failed, allow_holes), _errors()))


@app.command()
def status(run_dir: Run, as_json: Json = False) -> None:
    """How far a run is: cells per state, best cells, failures with their reason."""
    from sweep.commands.status import status as show

    show(run_dir, as_json, _prints())


@app.command()
def tables(
    run_dir: Run,
    format_: Format = None,
    table: Table = None,
    out: OutDir = None,
    compare: Compare = None,
    aggregate: Aggregate = "mean",
) -> None:
    """The paper's Tables I-VI from what the run has measured so far."""
    from sweep.commands import tables as command

    request = command.Request(format_, tuple(table or ()), out, compare, aggregate)
    command.tables(run_dir, request, _prints(), _errors())


@data.command()
def check(tree: TreeDir, cache: CacheDir = None, reader: Reader = "muse2021") -> None:
    """Find every defect of a tree in one go."""
    from sweep.commands.data import check as find

    if not find(tree, reader, cache or environment.default_cache(), _prints()):
        raise typer.Exit(EXIT_MISTAKE)


@data.command()
def describe(tree: TreeDir, cache: CacheDir = None, reader: Reader = "muse2021") -> None:
    """Partitions, segments, steps, classes and feature widths of a tree."""
    from sweep.commands.data import describe as show

    show(tree, reader, cache or environment.default_cache(), _prints())


@data.command()
def sample(
    tree: Annotated[Path, typer.Argument(help="A new folder.")],
    scale: Annotated[float, typer.Option("--scale", min=0.01, help="Times as many videos.")] = 1.0,
) -> None:
    """Write a sample tree: seven features named as in the paper, made-up values with something to learn."""
    from sweep.commands.data import write_sample

    write_sample(tree, _prints(), scale)


def _options(workers: int | None, retry_failed: bool = False, allow_holes: bool = False) -> "Options":
    from sweep.commands.run import Options

    return Options(workers or environment.cores(), retry_failed, allow_holes)


def _end(ending: "Ending") -> None:
    """Says how the run stands; exit code 3 where cells are missing."""
    ending.tell(_errors())
    if not ending.progress.complete:
        raise typer.Exit(EXIT_HOLES)


def _prints() -> "Console":
    from rich.console import Console

    return Console(width=environment.print_width())


def _errors() -> "Console":
    from rich.console import Console

    return Console(stderr=True)
