"""What the cells took: seconds by Way, a dot a cell."""

import statistics
from collections.abc import Iterator

from matplotlib.ticker import LogLocator, NullLocator

from results.report.cell_facts import kind_of
from results.report.drawing import HALF, panel, sheet
from results.report.material import Material
from results.report.palette import ACCENT, INK
from results.report.picture import Drawn, Missing, Picture

_LABELS, _TOP, _ROW, _FOOT = 96, 14, 34, 42


def draw(material: Material) -> Iterator[Drawn]:
    """One figure of all finished cells, screening included."""
    by_way: dict[str, list[tuple[str, float]]] = {}
    for cell in material.standing.wanted:
        cost = material.standing.costs.get(str(cell))
        if cost is not None:
            by_way.setdefault(kind_of(cell), []).append((str(cell), cost.wall_s))
    if by_way:
        yield _picture(dict(sorted(by_way.items(), key=lambda item: (item[0] == "multitask", item[0]))))
    else:
        yield Missing("No cell is finished yet.")


def _picture(by_way: dict[str, list[tuple[str, float]]]) -> Picture:
    height = _ROW * len(by_way)
    figure = sheet(HALF, _TOP + height + _FOOT)
    axes = panel(figure, _LABELS, _TOP, HALF - _LABELS - 20, height)
    axes.set(ylim=(height, 0), xscale="log", xlabel="seconds a cell, all its seeds")
    axes.set_yticks([_ROW * (row + 0.5) for row in range(len(by_way))], list(by_way))
    axes.tick_params(axis="y", length=0, labelcolor=INK.light)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    tips: dict[str, str] = {}
    middles = []
    for row, (kind, cells) in enumerate(by_way.items()):
        for number, (cell, wall_s) in enumerate(sorted(cells, key=lambda item: item[1])):
            place = _ROW * (row + 0.5) + (number % 3 - 1) * 5  # three lanes, so that neighbours do not hide each other
            (dot,) = axes.plot(wall_s, place, "o", ms=4.4, mew=0, color=ACCENT.light, alpha=0.7)
            dot.set_gid(name := f"cost-{len(tips)}")
            tips[name] = f"{cell}\n{wall_s:.1f} s"
        middle = statistics.median(wall_s for _, wall_s in cells)
        axes.plot([middle] * 2, [_ROW * row + 5, _ROW * (row + 1) - 5], color=INK.light, lw=2)
        middles.append(f"{kind} {middle:.1f}")
    return Picture(
        name="training-time",
        title="Training time of each cell",
        caption="A dot is a cell, the bar the median of its Way. Cells trained side by side slow each other down.",
        description=f"Median seconds a cell: {', '.join(middles)}.",
        figure=figure,
        tips=tips,
    )
