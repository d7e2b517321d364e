"""Every seed of every cell as a dot: how far seeds of one cell lie apart, beside how far cells do."""

from collections.abc import Iterator
from itertools import cycle

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from results._cells import percent
from results.report.cell_facts import REFERENCES, CellFacts, facts_of, references_of, single, tip
from results.report.drawing import HALF, MARKERS, SMALL, name_row, panel, sheet, wrapped
from results.report.material import Material
from results.report.palette import LINE, MUTED, SERIES
from results.report.picture import Drawn, Missing, Picture

_LABELS, _TOP, _FOOT, _LANE, _BETWEEN = 222, 62, 40, 6.5, 7


def draw(material: Material) -> Iterator[Drawn]:
    """One figure for every target with a finished cell."""
    for target in material.results.targets:
        rows = [row.features for row in material.results.rows if row.features]
        found = {name: _finished(material, target, name) for name in rows}
        if any(found.values()):
            yield _picture(material, target, found)
        else:
            yield Missing(f"{target}: no cell of the grid is finished yet.")


def _finished(material: Material, target: str, features: str) -> list[tuple[int, CellFacts]]:
    """The cells of a row that have seeds, each with the number of its Way."""
    ways = enumerate(material.results.ways)
    cells = ((number, facts_of(material.results, single(target, features, way))) for number, way in ways)
    return [(number, cell) for number, cell in cells if cell.seeds]


def _picture(material: Material, target: str, found: dict[str, list[tuple[int, CellFacts]]]) -> Picture:
    ways = material.results.ways
    band = max(len(ways) * _LANE + _BETWEEN, 34)
    height = band * len(found)
    figure = sheet(HALF, _TOP + height + _FOOT)
    axes = panel(figure, _LABELS, _TOP, HALF - _LABELS - 12, height)
    axes.set(ylim=(height, 0), xlabel="devel macro-F1 (%)")
    axes.set_yticks([])
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)
    tips: dict[str, str] = {}
    for row, (features, cells) in enumerate(found.items()):
        if row:
            axes.axhline(row * band, color=LINE.light, lw=0.8)
        middle = (row + 0.5) * band
        name_row(axes, wrapped(features, 29), 0, middle, ("axes fraction", "data"))
        for number, cell in cells:
            name = f"seeds-{len(tips)}"
            tips[name] = tip(material, cell)
            _cell(axes, name, cell, middle + (number - (len(ways) - 1) / 2) * _LANE, number)
    _references(axes, material, target)
    handles = [_handle(number, way) for number, way in enumerate(ways)]
    figure.legend(handles=handles, loc="upper left", ncols=len(ways), handletextpad=0.1, columnspacing=1.2, borderpad=0)
    spreads = sorted(max(cell.seeds) - min(cell.seeds) for cells in found.values() for _, cell in cells)
    return Picture(
        name=f"seeds-{target}",
        title=f"{target}: devel macro-F1 of every seed",
        caption=f"{target}. One dot a seed, one line a cell from its worst seed to its best; dashed: the reference "
        "predictors.",
        description=f"{len(tips)} cells. Between the best and the worst seed of a cell lie {percent(spreads[0])} to "
        f"{percent(spreads[-1])} points, {percent(spreads[len(spreads) // 2])} in the middle.",
        figure=figure,
        tips=tips,
    )


def _cell(axes: Axes, name: str, cell: CellFacts, place: float, number: int) -> None:
    colour = SERIES[number % len(SERIES)].light
    marker = MARKERS[number % len(MARKERS)]
    values = sorted(100 * value for value in cell.seeds)
    (line,) = axes.plot(values, [place] * len(values), marker=marker, ms=3.8, mew=0, lw=0.9, color=colour, alpha=0.85)
    line.set_gid(name)


def _handle(number: int, way: str) -> Line2D:
    colour, marker = SERIES[number % len(SERIES)].light, MARKERS[number % len(MARKERS)]
    return Line2D([], [], marker=marker, ms=5, mew=0, lw=0, color=colour, label=way)


def _references(axes: Axes, material: Material, target: str) -> None:
    """A line for every reference; labels that would touch stand above one another, and none leaves the figure."""
    for score in references_of(material.results, target):
        axes.axvline(100 * score.devel, color=MUTED.light, lw=1, ls=(0, (4, 3)))
    axes.margins(x=0.06)
    low, high = axes.get_xlim()
    levels = cycle((0, 12))
    for score in sorted(references_of(material.results, target), key=lambda score: score.devel):
        place = 100 * score.devel
        side = "right" if place > high - (high - low) / 5 else "left" if place < low + (high - low) / 5 else "center"
        label = f"{REFERENCES[score.name]} {percent(score.devel)}"
        axes.text(
            place,
            -4 - next(levels),
            label,
            ha=side,
            size=SMALL,
            color=MUTED.light,
        )
