"""The consoles of a command: what it prints, and beside it progress and errors."""

from typing import TYPE_CHECKING

from sweep import environment

if TYPE_CHECKING:  # rich is loaded by the command that prints
    from rich.console import Console


def prints() -> "Console":
    """Standard output; as wide as tables want it where it is no terminal."""
    from rich.console import Console  # noqa: PLC0415 - see above

    return Console(width=environment.print_width())


def errors() -> "Console":
    """Standard error."""
    from rich.console import Console  # noqa: PLC0415 - see above

    return Console(stderr=True)
