"""Choices that are one file each: found by listing a package, loaded by name.

A module whose name starts with an underscore is a part shared by choices, not a choice.
"""

import importlib
import pkgutil
from types import ModuleType
from typing import Literal

from search_spaces.errors import unknown

Kind = Literal["datasets", "ways", "losses", "weightings"]

_SPOKEN: dict[Kind, str] = {"datasets": "data-set reader", "ways": "Way", "losses": "loss", "weightings": "weighting"}


def names(kind: Kind) -> tuple[str, ...]:
    """Every choice of this kind, sorted; nothing is imported but the package itself."""
    package = importlib.import_module(f"search_spaces.{kind}")
    return tuple(sorted(m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_")))


def check_name(kind: Kind, name: str) -> str:
    """The name itself, or a SweepError that lists the known ones."""
    if name not in names(kind):
        raise unknown(_SPOKEN[kind], name, names(kind))
    return name


def load(kind: Kind, name: str) -> ModuleType:
    """The module of one choice.

    Raises:
        SweepError: no file of that name; the message lists the known names.
    """
    return importlib.import_module(f"search_spaces.{kind}.{check_name(kind, name)}")
