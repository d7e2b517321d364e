"""Words that a spreadsheet takes for words."""

_FORMULA = ("=", "+", "-", "@")


def inert(words: str) -> str:
    """Words in one line, behind an apostrophe where a spreadsheet would run them."""
    line = " ".join(words.split())
    return f"'{line}" if line.startswith(_FORMULA) else line
