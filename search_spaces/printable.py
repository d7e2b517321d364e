"""Text from outside as a terminal may have it: names of files and folders are data, and may hold anything."""

import unicodedata


def printable(text: str) -> str:
    """The text with every sign that a terminal would obey, or no encoding can hold, spelled out; line breaks stay.

    Example:
        >>> print(printable("a\\x1b[2Jb"))
        a\\x1b[2Jb
    """
    if text.isprintable():
        return text
    return "".join(sign if _harmless(sign) else sign.encode("unicode_escape").decode("ascii") for sign in text)


def _harmless(sign: str) -> bool:
    return sign == "\n" or sign.isprintable() or unicodedata.category(sign) == "Zs"


def one_line(text: str) -> str:
    """The same with line breaks spelled out too: what a name holds cannot pass for a message of its own."""
    return printable(text).replace("\n", "\\n")
