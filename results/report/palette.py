"""The colours of page and figures: each has a name, a value on light ground and one on dark.

Figures are drawn in the light values; inside the page each value becomes the CSS variable of its name, so that one
drawing follows the reader's choice. So no two colours may share a light value.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Colour:
    """One colour: "#rrggbb" in lower case, as matplotlib writes it."""

    name: str
    light: str
    dark: str


GROUND = Colour("ground", "#fefefe", "#101418")
SURFACE = Colour("surface", "#f5f6f8", "#191f26")
INK = Colour("ink", "#1f2328", "#e4e7eb")
MUTED = Colour("muted", "#57606a", "#9da7b3")
LINE = Colour("line", "#d3d8de", "#353d47")
ACCENT = Colour("accent", "#0a58a6", "#74b6f7")

SERIES = (  # told apart with colour-blind eyes too; markers differ besides
    Colour("series-1", "#0072b2", "#56b4e9"),
    Colour("series-2", "#bf4b00", "#ff934f"),
    Colour("series-3", "#007a5c", "#35c9a0"),
    Colour("series-4", "#97458f", "#dd92d4"),
    Colour("series-5", "#8a6100", "#e3b341"),
    Colour("series-6", "#4c5a69", "#aebac7"),
)
HEAT = tuple(  # low to high; the figure on the first five is ON_LOW, on the others ON_HIGH
    Colour(f"heat-{step}", light, dark)
    for step, (light, dark) in enumerate(
        (
            ("#f0f5fb", "#161e28"),
            ("#ddeaf6", "#182a3d"),
            ("#c5daee", "#1b3852"),
            ("#a6cae6", "#1e466a"),
            ("#82b5da", "#235583"),
            ("#2f74b5", "#5f9dd2"),
            ("#1f5f9f", "#82b6e2"),
            ("#124a84", "#a7cef1"),
            ("#08346b", "#d0e7fb"),
        )
    )
)
ON_LOW = Colour("on-low", "#1f2329", "#f0f4f8")
ON_HIGH = Colour("on-high", "#ffffff", "#0b1118")

ALL = (GROUND, SURFACE, INK, MUTED, LINE, ACCENT, *SERIES, *HEAT, ON_LOW, ON_HIGH)
_NAMES = {colour.light: colour.name for colour in ALL}


def heat(share: float) -> tuple[Colour, Colour]:
    """The colour of a share in [0, 1] of the scale, and the colour of what is written on it."""
    step = min(int(share * len(HEAT)), len(HEAT) - 1)
    return HEAT[step], ON_LOW if step < 5 else ON_HIGH


def variable(value: str) -> str:
    """A light value as its CSS variable; any other colour as it is."""
    name = _NAMES.get(value)
    return value if name is None else f"var(--{name})"


def definitions(*, dark: bool) -> Iterator[str]:
    """One CSS declaration a colour."""
    return (f"--{colour.name}: {colour.dark if dark else colour.light};" for colour in ALL)
