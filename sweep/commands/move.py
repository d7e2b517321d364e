"""`sweep move`: takes a run's studies into a PostgreSQL database, or back into the run folder."""

from pathlib import Path

from rich.console import Console

from sweep.lock import coordinating
from sweep.moving import move as carry_over
from sweep.opened import open_run
from sweep.plain import tell


def move(path: Path, to: str, console: Console) -> None:
    """Moves the studies and says where they are.

    Args:
        path: the run folder.
        to: "sqlite" or a URL.
        console: what it is told on.

    Raises:
        SweepError: no run, a coordinator is at work, or a storage cannot be used; the studies are where they were.
    """
    folder, identity = open_run(path)
    with coordinating(folder):
        carry_over(folder, identity, to, lambda line: tell(console, line))
