"""`sweep run`, `resume` and `demo`: carry a run out, from wherever it stands."""

from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console

from results.records import Hole
from search_spaces.errors import SweepError
from search_spaces.space import load_space
from sweep import identity
from sweep.coordinator import Interrupted
from sweep.executors.local import LocalExecutor
from sweep.folder import RunFolder
from sweep.identity import Identity
from sweep.ledger import Ledger, sqlite_url
from sweep.live import showing
from sweep.lock import coordinating
from sweep.opened import Data, asked_identity, device_named, open_data, open_run
from sweep.procedure import Procedure

EXIT_INTERRUPTED = 130


@dataclass(frozen=True)
class Request:
    """What a user asks `sweep run` for; None where the default is meant.

    Attributes:
        path: the run folder; by default runs/<space>-<data folder>.
        targets: all, where none is named.
    """

    space: str
    root: Path
    path: Path | None
    targets: tuple[str, ...]
    seeds: int | None
    epochs: int | None
    device: str
    cache: Path | None
    reader: str


@dataclass(frozen=True)
class Options:
    """How a run is carried out; none of it changes a number."""

    workers: int
    retry_failed: bool = False
    allow_holes: bool = False


def run(request: Request, options: Options, console: Console) -> tuple[RunFolder, tuple[Hole, ...]]:
    """Starts a run, or continues the one that stands in the folder.

    Args:
        request: what to run.
        options: how.
        console: of progress; tables go elsewhere.

    Returns:
        The folder, and the cells without a record.

    Raises:
        SweepError: a mistake; nothing was written, or the run stands as it stood.
    """
    space = load_space(request.space).with_overrides(seeds=request.seeds, epochs=request.epochs)
    kind = device_named(request.device)
    data = open_data(request.root, request.reader, request.cache)
    asked = asked_identity(space, data, request.targets, kind)
    folder = RunFolder(request.path or Path("runs") / f"{space.name}-{data.root.absolute().name}")
    found = _existing(folder)
    if found is not None:
        identity.check_same(folder, found, asked)
    for notice in data.notices if found is None else ():
        console.print(f"notice: {notice}", markup=False, highlight=False, soft_wrap=True)
    return folder, _carry_out(folder, found or asked, found is None, data, options, console)


def resume(path: Path, root: Path | None, cache: Path | None, options: Options, console: Console) -> tuple[Hole, ...]:
    """Continues a run; everything that shapes its numbers comes from its run.json.

    Args:
        root: where the data lies now, if it moved.

    Raises:
        SweepError: there is no run, or its data or the libraries are not what they were.
    """
    folder, found = open_run(path)
    data = open_data(root or found.data, found.reader, cache or found.cache)
    identity.check_same(folder, found, asked_identity(found.space, data, found.targets, device_named(found.device)))
    return _carry_out(folder, found, False, data, options, console)


def _existing(folder: RunFolder) -> Identity | None:
    if folder.run_json.exists():
        return identity.read(folder)
    if folder.path.exists() and (not folder.path.is_dir() or any(folder.path.iterdir())):
        raise SweepError(f"{folder.path} exists and is no run; give another --run folder, or an empty one.")
    return None


def _carry_out(
    folder: RunFolder, identified: Identity, new: bool, data: Data, options: Options, console: Console
) -> tuple[Hole, ...]:
    folder.create()
    with coordinating(folder):
        if new:
            identity.write(folder, identified)
        with (
            Ledger(sqlite_url(folder.study_db)) as ledger,
            LocalExecutor(options.workers, folder.logs) as executor,
            showing(console, options.workers) as view,
        ):
            procedure = Procedure(
                identity=identified,
                folder=folder,
                store=data.store,
                modalities=data.modalities,
                ledger=ledger,
                executor=executor,
                on_event=view.event,
                say=view.say,
                retry_failed=options.retry_failed,
                allow_holes=options.allow_holes,
            )
            try:
                return procedure.carry_out()
            except (Interrupted, KeyboardInterrupt):
                view.say(f"Stopped; what is finished is kept. Go on with: sweep resume {folder.path}")
                raise typer.Exit(EXIT_INTERRUPTED) from None
