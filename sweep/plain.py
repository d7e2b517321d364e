"""One sentence for a user, as it is: nothing in it is markup, and no line break is put into a path."""

from rich.console import Console


def tell(console: Console, line: str) -> None:
    """Prints a line; a terminal wraps it, a pipe gets it whole."""
    console.print(line, markup=False, highlight=False, soft_wrap=True)
