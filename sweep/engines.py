"""Engines: where trials can run, one file each in sweep/executors, found by listing the package, loaded by name.

An engine has `check(scheduler)`, which refuses in time what cannot work, and `start(setup)`, which gives an `Executor`.
A module whose name starts with an underscore is a part of engines, none itself.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, cast

from search_spaces.errors import unknown

if TYPE_CHECKING:  # the command line lists the names, and must not load what runs trials for that
    from sweep.executors import Executor, Setup

DEFAULT = "local"
_PACKAGE = "sweep.executors"


def names() -> tuple[str, ...]:
    """Every engine, sorted; none is imported."""
    package = find_spec(_PACKAGE)
    folders = package.submodule_search_locations if package is not None else None
    return tuple(sorted(m.name for m in pkgutil.iter_modules(folders) if not m.name.startswith("_")))


def check(name: str, scheduler: str | None = None) -> None:
    """Refuses an engine that cannot be started, before anything else is done.

    Args:
        name: as the user spells it.
        scheduler: see `Setup`.

    Raises:
        SweepError: there is no such engine, it is not installed, or it has no use for a scheduler.
    """
    _load(name).check(scheduler)


@contextmanager
def running(name: str, setup: "Setup") -> Iterator["Executor"]:
    """An executor while the block runs; after an error its trials are ended in mid-training.

    Raises:
        SweepError: as `check`, or no worker can be had.
    """
    start = cast("Callable[[Setup], Executor]", _load(name).start)
    executor = start(setup)
    try:
        yield executor
    except BaseException:
        executor.shutdown(cancel_futures=True)
        raise
    executor.shutdown()


def _load(name: str) -> ModuleType:
    if name not in names():
        raise unknown("Engine", name, names())
    return importlib.import_module(f"{_PACKAGE}.{name}")
