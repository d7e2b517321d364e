"""Feature sets down, Ways across, F1 as colour: one map a target."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from results._cells import DASH, percent
from results.report.cell_facts import CellFacts, facts_of, probe_of, single, tip
from results.report.drawing import HALF, SMALL, TEXT, name_row, panel, sheet, unframed, wrapped
from results.report.material import Material
from results.report.palette import HEAT, INK, LINE, MUTED, SURFACE, heat
from results.report.picture import Drawn, Missing, Picture

_LABELS, _HEAD, _GAP, _LINE_HEIGHT, _FOOT = 222, 26, 9, 13, 52
_DOT = 4.4  # px across


@dataclass(frozen=True)
class _Band:
    """One feature set: where its row lies, in px, and its cells."""

    label: str
    top: float
    height: float
    cells: tuple[CellFacts, ...]


def draw(material: Material) -> Iterator[Drawn]:
    """One map for every target with a figure."""
    for target in material.results.targets:
        bands = tuple(_bands(material, target))
        figures = [cell for band in bands for cell in band.cells if cell.value is not None]
        if figures:
            yield _picture(material, target, bands, figures)
        else:
            yield Missing(f"{target}: no cell of the grid has a figure yet.")


def _bands(material: Material, target: str) -> Iterator[_Band]:
    results, top = material.results, float(_HEAD)
    for _, rows in groupby((row for row in results.rows if row.features), key=lambda row: row.group):
        for row in rows:
            features = row.features or ""
            label = wrapped(features, 29)
            height = max(30, _LINE_HEIGHT * (label.count("\n") + 1) + 8)
            cells = tuple(facts_of(results, single(target, features, way)) for way in results.ways)
            yield _Band(label, top, height, cells)
            top += height
        top += _GAP


def _picture(material: Material, target: str, bands: tuple[_Band, ...], figures: list[CellFacts]) -> Picture:
    results, bottom = material.results, bands[-1].top + bands[-1].height
    figure = sheet(HALF, bottom + _FOOT)
    axes = panel(figure, 0, 0, HALF, bottom + _FOOT)
    axes.set(xlim=(0, HALF), ylim=(bottom + _FOOT, 0))
    unframed(axes)
    axes.set_axis_off()
    scale = _Scale.of(figures, probe_of(results, target))
    width = (HALF - _LABELS) / len(results.ways)
    tips: dict[str, str] = {}
    for column, way in enumerate(results.ways):
        axes.text(_LABELS + (column + 0.5) * width, _HEAD - 9, way, ha="center", color=MUTED.light)
    for band in bands:
        middle = band.top + band.height / 2
        name_row(axes, band.label, _LABELS, middle)
        for column, cell in enumerate(band.cells):
            name = f"cell-{len(tips)}"
            tips[name] = tip(material, cell)
            _cell(axes, name, cell, scale, (_LABELS + column * width, band.top, width, band.height))
    scale.draw(axes, _LABELS, bottom + 22, HALF - _LABELS)
    best = max(figures, key=lambda cell: cell.value or 0)
    branch = best.cell.branches[0]
    return Picture(
        name=f"heat-map-{target}",
        title=f"{target}: devel macro-F1 of feature sets and Ways",
        caption=f"{target}. Devel macro-F1 in %, mean over seeds; the best cell is framed"
        + ("." if scale.probe is None else ", a dot marks cells above the linear probe."),
        description=f"{len(figures)} cells with a figure, from {percent(scale.low)} to {percent(scale.high)} percent; "
        f"the best is {branch}. {scale.above(figures)}The figures stand in Tables II to IV.",
        figure=figure,
        tips=tips,
    )


@dataclass(frozen=True)
class _Scale:
    """From the lowest figure of a target to its highest."""

    low: float
    high: float
    probe: float | None

    @classmethod
    def of(cls, figures: list[CellFacts], probe: float | None) -> "_Scale":
        values = [cell.value for cell in figures if cell.value is not None]
        return cls(min(values), max(values), probe)

    def share(self, value: float) -> float:
        return 1.0 if self.high == self.low else (value - self.low) / (self.high - self.low)

    def above(self, figures: list[CellFacts]) -> str:
        if self.probe is None:
            return ""
        count = sum(cell.value is not None and cell.value > self.probe for cell in figures)
        return f"{count} of them stand above the linear probe, {percent(self.probe)}. "

    def draw(self, axes: Axes, left: float, top: float, width: float) -> None:
        """A strip of the steps with what they stand for."""
        step, strip = min(30.0, width / len(HEAT)), 9
        for number, colour in enumerate(HEAT):
            axes.add_patch(Rectangle((left + number * step, top), step, strip, facecolor=colour.light, lw=0))
        end = left + step * len(HEAT)
        for place, text in ((left, percent(self.low)), (end, percent(self.high))):
            axes.text(place, top + strip + 12, text, ha="center", size=SMALL, color=MUTED.light)
        if self.probe is not None and self.low < self.probe < self.high:
            place = left + self.share(self.probe) * (end - left)
            axes.plot([place, place], [top - 3, top + strip + 3], color=INK.light, lw=1.2)
            axes.text(place, top - 6, f"probe {percent(self.probe)}", ha="center", size=SMALL, color=MUTED.light)


def _cell(axes: Axes, name: str, cell: CellFacts, scale: _Scale, place: tuple[float, float, float, float]) -> None:
    left, top, width, height = place
    middle = (left + width / 2, top + height / 2)
    inset = 4 if cell.value == scale.high else 1  # between the best cell and its frame
    box = Rectangle((left + inset, top + inset), width - 2 * inset, height - 2 * inset, lw=0)
    box.set_gid(name)
    axes.add_patch(box)
    if cell.value is None:
        box.set(facecolor=SURFACE.light, edgecolor=LINE.light, lw=0.8)
        axes.text(*middle, DASH, ha="center", va="center_baseline", color=MUTED.light)
        return
    ground, on = heat(scale.share(cell.value))
    box.set(facecolor=ground.light)
    axes.text(*middle, percent(cell.value), ha="center", va="center_baseline", color=on.light, size=TEXT)
    if scale.probe is not None and cell.value > scale.probe:
        axes.plot(left + width - 8, top + 8, "o", ms=_DOT, color=on.light, mew=0)
    if cell.value == scale.high:
        axes.add_patch(Rectangle((left + 1, top + 1), width - 2, height - 2, fill=False, edgecolor=INK.light, lw=1.8))
