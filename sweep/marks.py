"""How one cell looks in the live table: a score on a colour scale, a sign, or how far its training is."""

from dataclasses import dataclass

from rich.style import Style
from rich.text import Text

from results.records import Cell
from sweep.tally import Tally

_SCALE = ("#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725")
"""viridis (S. van der Walt, N. Smith; CC0) at nine equal steps: even steps look even, to colour-blind eyes too."""


@dataclass(frozen=True)
class Signs:
    """What stands for a cell without a score."""

    pending: str
    waiting: str  # under way, no epoch yet
    failed: str
    cut: str  # where a word is cut off
    bar: tuple[str, str]  # done, to do


FULL = Signs(pending="·", waiting="…", failed="✗", cut="…", bar=("━", "─"))
ASCII = Signs(pending=".", waiting="..", failed="x", cut="~", bar=("#", "-"))  # for an encoding without the others


class Scale:
    """Scores as colours, from the worst to the best of a target.

    Colours are backgrounds with a letter colour of their own, so that they read the same on dark and light terminals.

    Args:
        figures: of one target, fractions.
        coloured: whether the terminal has shades enough.
    """

    def __init__(self, figures: list[float], coloured: bool) -> None:
        self.low, self.high = (min(figures), max(figures)) if figures else (0.0, 0.0)
        self._coloured = coloured

    def style(self, figure: float) -> Style:
        """Of a score; the best is bold and underlined too."""
        best = figure == self.high
        step = self.step(figure)
        background = _SCALE[step] if self._coloured else None
        letters = letter_colour(_SCALE[step]) if self._coloured else None
        return Style(color=letters, bgcolor=background, bold=best, underline=best)

    def step(self, figure: float) -> int:
        """The place on the scale, 0…8; in the middle where nothing can be told apart."""
        if self.high == self.low:
            return len(_SCALE) // 2
        share = (figure - self.low) / (self.high - self.low)
        return min(len(_SCALE) - 1, max(0, round(share * (len(_SCALE) - 1))))

    def legend(self) -> Text:
        """The scale itself between its ends, in percent."""
        if not self._coloured:
            return Text(f"{100 * self.low:.1f} to {100 * self.high:.1f}")
        blocks = ((" ", Style(bgcolor=colour)) for colour in _SCALE)
        return Text.assemble(f"{100 * self.low:.1f} ", *blocks, f" {100 * self.high:.1f}")


def letter_colour(background: str) -> str:
    """Black or white, whichever stands out more against a background "#rrggbb" (WCAG 2.2, contrast ratio)."""
    shade = _luminance(background)
    return "#000000" if (shade + 0.05) / 0.05 > 1.05 / (shade + 0.05) else "#ffffff"


def _luminance(colour: str) -> float:
    """Relative luminance of an sRGB colour, 0…1 (WCAG 2.2)."""
    parts = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def mark(cell: Cell, tally: Tally, scale: Scale, signs: Signs, decimals: int) -> Text:
    """What stands for a cell, at most `decimals` + 3 signs."""
    if cell in tally.running:
        return Text(_progress(cell, tally, signs, decimals + 3), style="bold reverse")
    if cell in tally.failed:
        return Text(signs.failed, style="bold red")
    figure = tally.figures.get(cell)
    if figure is None:
        return Text(signs.pending, style="dim")
    text = f"{100 * figure.mean:.{decimals}f}"
    return Text(text, style="dim strike" if figure.collapsed else scale.style(figure.mean))


def _progress(cell: Cell, tally: Tally, signs: Signs, room: int) -> str:
    """Seed and epoch of a cell under way: "2e17" is the 17th epoch of its second seed."""
    progress = tally.running[cell]
    if progress is None:
        return signs.waiting
    number = progress.seed - tally.space.settings.first_seed + 1
    return next((s for s in (f"{number}e{progress.epoch}", f"e{progress.epoch}") if len(s) <= room), signs.waiting)
