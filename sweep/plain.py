"""One sentence for a user, as it is: nothing in it is markup or a command to the terminal, no line is broken."""

from rich.console import Console

from search_spaces.printable import printable


def tell(console: Console, line: str) -> None:
    """Prints a line; a terminal wraps it, a pipe gets it whole."""
    console.print(printable(line), markup=False, highlight=False, soft_wrap=True)
