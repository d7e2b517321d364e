"""Trials on a Dask cluster: one that runs already, on any number of machines, or one of this machine made for the run.

Dask's scheduler places the work. A job goes out as JSON, record and predictions come back, and what a worker lacks of
the data is sent to it once; so machines share neither database nor folder. See `sweep.executors._dask`.
"""

from search_spaces.errors import SweepError
from sweep import extras
from sweep.executors import Executor, Setup


def check(scheduler: str | None) -> None:
    """Refuses what cannot work.

    Raises:
        SweepError: Dask is not installed, or the address of the scheduler is none.
    """
    extras.need("distributed", "distributed", "--engine dask")
    if scheduler is not None and "://" not in scheduler:
        raise SweepError(f"--scheduler: expected an address such as tcp://HOST:8786. Found {scheduler!r}.")


def start(setup: Setup) -> Executor:
    """Dask workers of the scheduler, or as many as asked for on this machine, by default one a core.

    Raises:
        SweepError: Dask is not installed, no scheduler answers, or nobody who is there can take part.
    """
    check(setup.scheduler)
    from sweep.executors._dask.executor import DaskExecutor  # noqa: PLC0415 - only where Dask is installed

    return DaskExecutor(setup)
