"""`sweep run` and `resume`: carry a run out, from wherever it stands."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console

from search_spaces.errors import SweepError
from search_spaces.space import load_space
from sweep import data_files, derived, engines, environment, exit_codes, identity, storage_note
from sweep._signals import sigterm_raises
from sweep.collect import progress
from sweep.commands.ending import Ending, shortest
from sweep.coordinator import Interrupted
from sweep.differences import check_same
from sweep.events import Event
from sweep.executors import Setup
from sweep.folder import RunFolder
from sweep.identity import Identity
from sweep.ledger import Ledger, prepare
from sweep.live import showing
from sweep.lock import coordinating
from sweep.opened import Data, asked_identity, device_named, open_data, open_run
from sweep.patience import StorageLost
from sweep.plain import tell
from sweep.procedure import Procedure
from sweep.storage_note import Storage
from sweep.tally import Tally


@dataclass(frozen=True)
class Request:
    """What a user asks `sweep run` for; None where the default is meant.

    Attributes:
        path: the run folder; by default runs/<space>-<data folder>.
        targets: all, where none is named.
        storage: "sqlite" or a URL; where the run is, or in its folder, if None.
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
    storage: str | None = None


@dataclass(frozen=True)
class Options:
    """How a run is carried out; none of it changes a number but other versions, which records tell.

    Attributes:
        workers: trials at a time; None for as many as the engine has room for.
        retry_failed: give failed cells another try.
        allow_holes: select and go on although cells have failed.
        hang_s: a worker whose trial ends no epoch for so long is killed.
        other_versions: go on although the libraries are not the run's; the tables mark what is trained then.
        engine: where trials run.
        scheduler: see `Setup`.
    """

    workers: int | None
    retry_failed: bool = False
    allow_holes: bool = False
    hang_s: float | None = None
    other_versions: bool = False
    engine: str = engines.DEFAULT
    scheduler: str | None = None

    def resume(self, path: Path) -> str:
        """The command that goes on with a run, trials where they ran now: a run does not remember that."""
        engine = f" --engine {self.engine}" if self.engine != engines.DEFAULT else ""
        scheduler = f" --scheduler {self.scheduler}" if self.scheduler is not None else ""
        return f"sweep resume {path}{engine}{scheduler}"


def run(request: Request, options: Options, console: Console) -> Ending:
    """Starts a run, or continues the one that stands in the folder.

    Args:
        request: what to run.
        options: how.
        console: of progress; tables go elsewhere.

    Raises:
        SweepError: a mistake; nothing was written, or the run stands as it stood.
        typer.Exit: the user stopped it.
    """
    engines.check(options.engine, options.scheduler)
    space = load_space(request.space).with_overrides(seeds=request.seeds, epochs=request.epochs)
    from sweep.buildable import check_buildable  # noqa: PLC0415 - loads torch, which `resume` may not need

    check_buildable(space)
    kind = device_named(request.device, elsewhere=options.scheduler is not None)
    folder = RunFolder(request.path or Path("runs") / f"{space.name}-{request.root.absolute().name}")
    prepare(_storage(folder, request.storage).url)  # what is in the way is told before the data, which takes long
    with _stoppable(folder, options, console):
        data = open_data(request.root, request.reader, request.cache)
        asked = asked_identity(space, data, request.targets, kind)
        return _carry_out(folder, asked, request.storage, data, options, console)


def resume(path: Path, root: Path | None, cache: Path | None, options: Options, console: Console) -> Ending:
    """Continues a run; everything that shapes its numbers comes from its run.json.

    Args:
        path: the run folder.
        root: where the data lies now, if it moved.
        cache: of packed arrays; where it was, if None.
        options: how.
        console: of progress.

    Raises:
        SweepError: there is no run, or its data or the libraries are not what they were.
        typer.Exit: the user stopped it.
    """
    engines.check(options.engine, options.scheduler)
    folder, found = open_run(path)
    said_by = f"{folder.path} was made with device"
    kind = device_named(found.device, said_by, elsewhere=options.scheduler is not None)
    prepare(_storage(folder, None).url)
    with _stoppable(folder, options, console):
        data = open_data(_found(root, found.data, folder), found.reader, cache or found.cache)
        # First whether it is the run's data at all: other data may lack what the space names.
        check_same(folder, found, found.model_copy(update={"data_digest": data.store.digest}), data.files)
        asked = asked_identity(found.space, data, found.targets, kind)
        return _carry_out(folder, asked, None, data, options, console)


def _found(root: Path | None, before: Path, folder: RunFolder) -> Path:
    """Where a run's data lies now."""
    if root is None and not before.exists():
        raise SweepError(f"The data of {folder.path} is not at {before} any more; say where it is: --data DIR.")
    return root or before


def _storage(folder: RunFolder, asked: str | None) -> Storage:
    """Where the run is, or shall be."""
    return storage_note.wanted(folder, asked, run_exists=identity.existing(folder) is not None)


def _carry_out(
    folder: RunFolder, asked: Identity, asked_storage: str | None, data: Data, options: Options, console: Console
) -> Ending:
    for line in (*data.repaired, *derived.discard_damaged(data.store, asked.space.settings)):
        tell(console, line)
    found = identity.existing(folder)
    if found is not None:  # what must be refused is told without making or locking anything
        check_same(folder, found, asked, data.files, other_versions=options.other_versions)
    folder.create_root()
    with coordinating(folder):
        found = identity.existing(folder)  # another process may have made the run since
        storage = _storage(folder, asked_storage)
        if found is None:
            storage_note.keep(folder, storage)
            identity.write(folder, asked)
            data_files.keep(folder, data.files)
            for notice in data.notices:
                tell(console, f"notice: {notice}")
        else:
            differing = check_same(folder, found, asked, data.files, other_versions=options.other_versions)
            if differing:
                tell(console, f"notice: trains under other versions: {'; '.join(differing)}; the tables mark it")
        folder.create()
        tally = Tally(asked.space, asked.targets, options.workers or environment.cores())
        with (
            Ledger(storage.url, storage.run) as ledger,
            showing(console, tally) as view,
            engines.running(options.engine, _setup(options, folder, asked.device, view.say)) as executor,
        ):

            def heard(event: Event) -> None:
                tally.workers = executor.workers  # workers may come and go
                view.event(event)

            ledger.wait_for_storage(view.say)
            Procedure(
                identity=found or asked,
                folder=folder,
                store=data.store,
                modalities=data.modalities,
                ledger=ledger,
                executor=executor,
                on_event=heard,
                say=view.say,
                retry_failed=options.retry_failed,
                allow_holes=options.allow_holes,
            ).carry_out()
            data_files.keep(folder, data.files)  # where it was missing; last, for a damaged study is left as it is
            known = progress(found or asked, ledger)
            path = shortest(folder.path)
            return Ending(path, known, view.trained, options.resume(path))


def _setup(options: Options, folder: RunFolder, device: str, say: Callable[[str], None]) -> Setup:
    return Setup(options.workers, folder.logs, say, options.hang_s, device, options.scheduler)


@contextmanager
def _stoppable(folder: RunFolder, options: Options, console: Console) -> Iterator[None]:
    """Ctrl-C and SIGTERM, whenever they come, end the command with one message and exit code 130."""
    try:
        with sigterm_raises(Interrupted):
            yield
    except StorageLost as error:
        raise SweepError(f"{error} What is finished is kept. Go on with: {options.resume(folder.path)}") from error
    except (Interrupted, KeyboardInterrupt):
        advice = f"Go on with: {options.resume(folder.path)}"
        if not folder.run_json.exists():
            advice = "Nothing has been trained yet; give the same command again."
        tell(console, f"Stopped; what is finished is kept. {advice}")
        raise typer.Exit(exit_codes.INTERRUPTED) from None
