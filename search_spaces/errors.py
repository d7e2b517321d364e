"""The errors a user can cause. Anything else that is raised is a bug and shows its traceback."""

from collections.abc import Iterable


class SweepError(Exception):
    """A user's mistake, told in one message: what, where, what was expected, what was found. Exit code 2."""


def unknown(kind: str, found: str, known: Iterable[str]) -> SweepError:
    """The error for a name that does not exist; it lists the ones that do.

    Args:
        kind: what the name should be one of, as a user says it ("Way", "feature").
        found: the name as the user spelled it.
        known: every name that would have been right.
    """
    return SweepError(f"{kind} {found!r} is unknown. Known: {', '.join(sorted(known)) or 'none'}.")
