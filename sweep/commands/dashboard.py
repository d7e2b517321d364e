"""`sweep dashboard`: optuna-dashboard over the studies of a run, on this machine."""

from contextlib import suppress
from pathlib import Path

from rich.console import Console

from sweep import extras
from sweep.opened import open_run
from sweep.plain import tell
from sweep.shown_studies import ShownStudies


def dashboard(path: Path, port: int | None, console: Console) -> None:
    """Serves until Ctrl-C; a run that goes on is followed.

    Args:
        path: the run folder.
        port: of 127.0.0.1; one that is free, where None.
        console: gets the address.

    Raises:
        SweepError: no run, optuna-dashboard is not installed, or the port cannot be had.
    """
    folder, identity = open_run(path)
    extras.need("optuna_dashboard", "dashboard", "`sweep dashboard`")
    studies = ShownStudies(folder, identity)
    from sweep.dashboard import Dashboard  # noqa: PLC0415 - optuna-dashboard is an extra

    with Dashboard(studies, port) as server, suppress(KeyboardInterrupt):
        tell(console, f"{folder.name}, to look at: {server.address} (Ctrl-C ends it)")
        server.serve_forever()
