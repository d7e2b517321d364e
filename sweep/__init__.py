"""How a choice runs: feature store, PCA, fusion, training, the ledger, workers and the command line.

`open_run` looks into a finished or unfinished run from Python; see `sweep.run`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sweep.run import Run, open_run

__all__ = ["Run", "open_run"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Imports what needs pandas and Optuna when it is asked for: `sweep --help` must answer at once."""
    if name in __all__:
        return getattr(import_module("sweep.run"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
