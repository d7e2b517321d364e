"""Figures that were measured under other library versions than the run's: told, and marked in every table.

Digits may change with a version, so a table that mixes them says which figure is whose.
"""

from collections.abc import Mapping

from results.footnotes import Mark

Versions = Mapping[str, str]
"""Distribution (or "python") -> version."""


def differences(found: Versions, of_run: Versions) -> tuple[str, ...]:
    """One phrase for every version that differs, sorted by name.

    Args:
        found: what a figure was measured under, or what is installed now.
        of_run: what the run was made with.

    Example:
        >>> differences({"numpy": "2.0", "torch": "2.13.1"}, {"numpy": "2.0", "torch": "2.13.0"})
        ("torch 2.13.1, the run's is 2.13.0",)
    """
    names = (name for name in sorted(found.keys() | of_run.keys()) if found.get(name) != of_run.get(name))
    return tuple(f"{name} {found.get(name, 'unknown')}, the run's is {of_run.get(name, 'unknown')}" for name in names)


def marks(found: Versions, of_run: Versions, done: str = "trained") -> tuple[Mark, ...]:
    """The mark of a figure that was measured under other versions than the run's; () under the same.

    Args:
        found: what it was measured under; empty where that was not recorded, which marks nothing.
        of_run: what the run was made with.
        done: what was done under them.
    """
    listed = "; ".join(differences(found, of_run)) if found else ""
    return (Mark(f"{done} under {listed}"),) if listed else ()
