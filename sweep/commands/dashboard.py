"""`sweep dashboard`: optuna-dashboard over the studies of a run, on this machine."""

from contextlib import suppress

from rich.console import Console

from sweep import extras
from sweep.plain import tell
from sweep.seen_run import find
from sweep.shown_studies import ShownStudies


def dashboard(spelled: str, port: int | None, console: Console) -> None:
    """Serves until Ctrl-C; a run that goes on is followed.

    Args:
        spelled: the run; see `seen_run.find`.
        port: of 127.0.0.1; one that is free, where None.
        console: gets the address.

    Raises:
        SweepError: no run, optuna-dashboard is not installed, or the port cannot be had.
    """
    run = find(spelled)
    extras.need("optuna_dashboard", "dashboard", "`sweep dashboard`")
    studies = ShownStudies(run)
    from sweep.dashboard import Dashboard  # noqa: PLC0415 - optuna-dashboard is an extra

    with Dashboard(studies, port) as server, suppress(KeyboardInterrupt):
        tell(console, f"{run.name}, to look at: {server.address} (Ctrl-C ends it)")
        server.serve_forever()
