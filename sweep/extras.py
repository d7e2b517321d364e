"""Libraries that only some commands need, and that are installed on request."""

from importlib.util import find_spec

from search_spaces.errors import SweepError


def need(module: str, extra: str, purpose: str) -> None:
    """Makes sure that a library of an extra is installed.

    Args:
        module: what will be imported.
        extra: of this package, that brings it.
        purpose: what it is needed for, as the start of a sentence.

    Raises:
        SweepError: it is not; the message says how to install it.
    """
    if find_spec(module) is None:
        raise SweepError(f"{purpose} needs {module}: pip install 'muse-sweep[{extra}]'")
