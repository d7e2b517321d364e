"""The command line. Reads arguments and prints; what a command does stands in sweep/commands.

Importing this imports neither torch nor optuna, pandas or scikit-learn: `sweep --help` must answer at once. So every
command imports what it needs when it is called.
"""
# ruff: noqa: PLC0415 - see above: imports inside the commands are the point

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from search_spaces.errors import SweepError
from sweep import __version__, cli_data, consoles, engines, environment, exit_codes, streams
from sweep import cli_options as option
from sweep.plain import tell
from sweep.storage_url import without_passwords

if TYPE_CHECKING:
    from sweep.commands.ending import Ending
    from sweep.commands.run import Options

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # rich's own would take what stands in brackets, such as a default, for a style
    help="Feature-grid sweeps of multimodal sentiment models: every cell trained once, resumable, tables at the end.",
)
app.add_typer(cli_data.app, name="data")


def main() -> NoReturn:
    """Entry point of `sweep`: a user's mistake is one message and exit code 2; a bug shows its traceback."""
    streams.prepare()
    try:
        app(list(without_passwords(sys.argv[1:])))
    except SweepError as error:
        _refuse(str(error))
    except OSError as error:
        refusal = streams.refusal(error)
        if refusal is None:
            raise
        _refuse(refusal)
    sys.exit(0)


def _refuse(sentence: str) -> NoReturn:
    with suppress(OSError):  # standard error itself may be on the full disk; the exit code says it then
        tell(consoles.errors(), f"sweep: {sentence}")
    sys.exit(exit_codes.MISTAKE)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    if version:
        tell(consoles.prints(), f"muse-sweep {__version__}")
    elif context.invoked_subcommand is None:
        tell(consoles.prints(), context.get_help())


@app.command()
def demo(
    folder: Annotated[Path, typer.Option("--dir", help="Where the sample tree and the run go.")] = Path("demo"),
    workers: option.LocalWorkers = None,
) -> None:
    """Sample tree, whole paper grid at a small budget, multitask, Tables I-VI: minutes on two cores."""
    from sweep.commands.demo import demo as carry_out

    _end(carry_out(folder, _options(workers), consoles.errors(), consoles.prints()))


@app.command()
def plan(
    space: option.Space,
    data_dir: option.DataDir,
    targets: option.Targets = None,
    seeds: option.Seeds = None,
    epochs: option.Epochs = None,
    workers: option.LocalWorkers = None,
    cache: option.CacheDir = None,
    reader: option.Reader = "muse2021",
    as_json: option.Json = False,
) -> None:
    """What a run would train, and about how long it takes; trains nothing."""
    from sweep.commands import plan as command
    from sweep.commands.run import Request

    request = Request(space, data_dir, None, tuple(targets or ()), seeds, epochs, "cpu", cache, reader)
    command.plan(request, workers or environment.cores(), as_json, consoles.prints(), consoles.errors())


@app.command()
def run(
    space: option.Space,
    data_dir: option.DataDir,
    run_dir: option.RunDir = None,
    targets: option.Targets = None,
    seeds: option.Seeds = None,
    epochs: option.Epochs = None,
    workers: option.Workers = None,
    device: option.Device = "auto",
    cache: option.CacheDir = None,
    reader: option.Reader = "muse2021",
    retry_failed: option.RetryFailed = False,
    allow_holes: option.AllowHoles = False,
    hang_minutes: option.HangMinutes = 60,
    other_versions: option.OtherVersions = False,
    engine: option.Engine = engines.DEFAULT,
    scheduler: option.Scheduler = None,
    storage: option.Storage = None,
) -> None:
    """Train a space on a data tree, from screening to Tables I-VI; continues a run that stands there."""
    from sweep.commands import run as command

    request = command.Request(
        space, data_dir, run_dir, tuple(targets or ()), seeds, epochs, device, cache, reader, storage
    )
    options = _options(workers, retry_failed, allow_holes, hang_minutes, other_versions, engine, scheduler)
    _end(command.run(request, options, consoles.errors()))


@app.command()
def resume(
    run_dir: option.Run,
    data_dir: option.MovedDir = None,
    workers: option.Workers = None,
    cache: option.MovedCacheDir = None,
    retry_failed: option.RetryFailed = False,
    allow_holes: option.AllowHoles = False,
    hang_minutes: option.HangMinutes = 60,
    other_versions: option.OtherVersions = False,
    engine: option.Engine = engines.DEFAULT,
    scheduler: option.Scheduler = None,
) -> None:
    """Carry a run on; everything that shapes its numbers comes from its run.json."""
    from sweep.commands import run as command

    options = _options(workers, retry_failed, allow_holes, hang_minutes, other_versions, engine, scheduler)
    _end(command.resume(run_dir, data_dir, cache, options, consoles.errors()))


@app.command()
def move(run_dir: option.Run, to: option.NewStorage) -> None:
    """Move a run's studies into a PostgreSQL database, or back into the run folder; nobody may be at work on it."""
    from sweep.commands.move import move as carry_over

    carry_over(run_dir, to, consoles.errors())


@app.command()
def replay(
    run_dir: option.Run,
    cell: option.Cell,
    seed: option.OneSeed = None,
    data_dir: option.MovedDir = None,
    cache: option.MovedCacheDir = None,
) -> None:
    """Train a recorded cell again and compare: exit code 3 where a figure differs."""
    from sweep.commands.replay import replay as repeat

    if not repeat(run_dir, " ".join(cell), seed, data_dir, cache, consoles.prints(), consoles.errors()):
        raise typer.Exit(exit_codes.DIFFERS)


@app.command()
def status(
    run: option.RunOrUrl, seconds: option.Seconds = None, watch: option.Watch = False, as_json: option.Json = False
) -> None:
    """How far a run is: cells per state, best cells, failures with their reason; with --watch as it goes on."""
    from sweep.commands import status as command

    if watch:
        command.watch(run, seconds or command.EVERY_S, as_json, consoles.prints())
    elif seconds is not None:
        raise SweepError(f"SECONDS goes with --watch: sweep status RUN --watch {seconds:g}")
    else:
        command.status(run, as_json, consoles.prints())


@app.command()
def tables(
    run_dir: option.Run,
    format_: option.Format = None,
    table: option.Table = None,
    out: option.OutDir = None,
    compare: option.Compare = None,
    aggregate: option.Aggregate = "mean",
) -> None:
    """The paper's Tables I-VI from what the run has measured so far."""
    from sweep.commands import tables as command

    request = command.Request(format_, tuple(table or ()), out, compare, aggregate)
    command.tables(run_dir, request, consoles.prints(), consoles.errors())


@app.command()
def report(
    run_dir: option.Run,
    out: option.ReportFile = None,
    figures: option.FiguresDir = None,
    compare: option.Compare = None,
) -> None:
    """Write one HTML page of a run: summary, tables, figures, cost, failures, provenance; figures as files too."""
    from sweep.commands import report as command

    command.report(run_dir, command.Request(out, figures, compare), consoles.prints())


@app.command()
def predict(
    run_dir: option.Run,
    out: option.PredictDir,
    targets: option.Targets = None,
    model: option.Model = "multitask",
    rule: option.FusionRule = "greedy",
    partition: option.Predicted = "test",
    data_dir: option.MovedDir = None,
    cache: option.MovedCacheDir = None,
) -> None:
    """Write predictions as the challenge takes them, and as the official baseline does."""
    from sweep.commands import predict as command

    request = command.Request(out, tuple(targets or ()), model, rule, partition, data_dir, cache)
    command.predict(run_dir, request, consoles.prints(), consoles.errors())


@app.command()
def records(
    run_dir: option.Run,
    out: option.RecordsFile = None,
    curves: option.Curves = False,
    tensorboard: option.EventDir = None,
) -> None:
    """Write everything recorded, one row a seed, as CSV or Parquet; learning curves for TensorBoard."""
    from sweep.commands import records as command

    command.records(run_dir, command.Request(out, curves, tensorboard), consoles.prints(), consoles.errors())


@app.command()
def dashboard(run: option.RunOrUrl, port: option.Port = None) -> None:
    """Show the studies in optuna-dashboard on this machine; it cannot change them."""
    from sweep.commands.dashboard import dashboard as serve

    serve(run, port, consoles.prints())


def _options(
    workers: int | None,
    retry_failed: bool = False,
    allow_holes: bool = False,
    hang_minutes: float = 60,
    other_versions: bool = False,
    engine: str = engines.DEFAULT,
    scheduler: str | None = None,
) -> "Options":
    from sweep.commands.run import Options

    return Options(workers, retry_failed, allow_holes, 60 * hang_minutes, other_versions, engine, scheduler)


def _end(ending: "Ending") -> None:
    """Says how the run stands; exit code 3 where cells are missing."""
    ending.tell(consoles.errors())
    if not ending.progress.complete:
        raise typer.Exit(exit_codes.HOLES)
