"""What all figures share: lengths in pixels from the top left, type, plain axes, and the bytes of a figure file."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, get_args

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType

from results.report.palette import GROUND, INK, LINE, MUTED
from search_spaces.features import JOIN

FileFormat = Literal["png", "pdf", "svg"]
FILE_FORMATS: tuple[FileFormat, ...] = get_args(FileFormat)
SMALL, TEXT = 10.5, 11.5  # type sizes in px
HALF, WHOLE = 580, 1180  # widths in px: two figures side by side, or one
MARKERS = ("o", "s", "^", "D", "v", "P")
_LINE = 12.5  # px from line to line
_Coordinates = Literal["data"] | tuple[Literal["axes fraction"], Literal["data"]]
_PX = 1 / 72  # inches; 72 dots an inch is what an SVG is drawn at
_PNG_DOTS = 200  # dots an inch: 1600 across a figure of half the page
_STYLE: dict[RcKeyType, str | float | bool] = {
    "svg.fonttype": "none",  # text stays text: the page's own type, found by search, read aloud
    "svg.hashsalt": "muse-sweep",  # ids, which are random otherwise
    "pdf.fonttype": 42,  # TrueType: journals refuse type 3
    "text.parse_math": False,  # a "$" in a name is a "$"
    "font.size": TEXT,
    "text.color": INK.light,
    "axes.labelcolor": MUTED.light,
    "axes.edgecolor": MUTED.light,
    "axes.facecolor": "none",
    "axes.linewidth": 0.8,
    "axes.titlesize": TEXT,
    "axes.titlelocation": "left",
    "axes.labelsize": SMALL,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": LINE.light,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED.light,
    "ytick.color": MUTED.light,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.frameon": False,
    "legend.fontsize": SMALL,
    "figure.facecolor": "none",
}


@contextmanager
def style() -> Iterator[None]:
    """Our style and nothing of a matplotlibrc; figures must be drawn and written inside."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield


def sheet(width: float, height: float) -> Figure:
    """An empty figure, in px."""
    return Figure(figsize=(width * _PX, height * _PX), dpi=72)


def panel(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at a place of a figure, in px from its top left."""
    across, down = figure.get_size_inches() / _PX
    return figure.add_axes((left / across, 1 - (top + height) / down, width / across, height / down))


def name_row(axes: Axes, name: str, across: float, down: float, coordinates: _Coordinates = "data") -> None:
    """Writes what a row is called, on one line or several, so that it ends a little left of a place.

    Every line is a text of its own, or it would begin where it does in matplotlib's type and not in the page's.
    """
    lines = name.split("\n")
    for number, line in enumerate(lines):
        offset = (-10, ((len(lines) - 1) / 2 - number) * _LINE)
        axes.annotate(
            line, (across, down), offset, coordinates, "offset points", ha="right", va="center_baseline", size=SMALL
        )


def unframed(axes: Axes) -> None:
    """Takes lines and ticks away; labels stay."""
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0)


def file_bytes(figure: Figure, kind: FileFormat, ground: str = GROUND.light) -> bytes:
    """A figure as a file; the same bytes for the same figure, with no date in it.

    Args:
        figure: drawn inside `style`.
        kind: of the file.
        ground: its colour, or "none".
    """
    undated: dict[FileFormat, dict[str, None]] = {
        "png": {"Software": None},
        "pdf": {"CreationDate": None},
        "svg": {"Date": None},
    }
    buffer = io.BytesIO()
    with style():
        figure.savefig(buffer, format=kind, dpi=_PNG_DOTS, facecolor=ground, metadata=undated[kind])
    return buffer.getvalue()


def wrapped(features: str, width: int) -> str:
    """A feature set on several lines, broken at its joints.

    Example:
        >>> wrapped("vggish+fau+bert~", 11)
        'vggish+fau+\\nbert~'
    """
    lines = [""]
    for term in re.findall(rf"[^{JOIN}]+[{JOIN}]?", features):
        if lines[-1] and len(lines[-1] + term) > width:
            lines.append("")
        lines[-1] += term
    return "\n".join(lines)
