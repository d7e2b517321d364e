"""How far the leading cells' F1 would move with other videos, and which of them can be told from the best."""

from collections.abc import Iterator
from itertools import cycle

from matplotlib.axes import Axes

from results._cells import percent
from results.findings import CellInterval, Findings
from results.report.cell_facts import REFERENCES, references_of
from results.report.drawing import HALF, SMALL, name_row, panel, sheet, wrapped
from results.report.material import Material
from results.report.palette import ACCENT, GROUND, INK, MUTED
from results.report.picture import Drawn, Missing, Picture

_LABELS, _TOP, _ROW, _FOOT = 232, 56, 25, 42
_SHOWN = 20


def draw(material: Material) -> Iterator[Drawn]:
    """One figure for every target with statistics."""
    found = {findings.target: findings for findings in material.results.findings}
    for target in material.results.targets:
        if target in found and found[target].intervals:
            yield _picture(material, found[target])
        else:
            reason = material.results.no_findings or "statistics wait for the whole grid of a target."
            yield Missing(f"{target}: no intervals yet: {reason}")


def _picture(material: Material, findings: Findings) -> Picture:
    cells = [each for each in findings.intervals if len(each.cell.branches) == 1]
    joint = [each for each in findings.intervals if len(each.cell.branches) > 1]
    rows = [*cells[:_SHOWN], *joint]
    apart = {each.other for each in findings.against_best if each.separable}
    if findings.multitask is not None and findings.multitask.separable:
        apart.add(findings.multitask.cell)
    heights = [max(_ROW, 13 * (_label(each).count("\n") + 1) + 6) for each in rows]
    places = [sum(heights[:row]) + heights[row] / 2 for row in range(len(rows))]
    figure = sheet(HALF, _TOP + sum(heights) + _FOOT)
    axes = panel(figure, _LABELS, _TOP, HALF - _LABELS - 16, sum(heights))
    axes.set(ylim=(sum(heights), 0), xlabel="devel macro-F1 (%)")
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    for number, (each, place) in enumerate(zip(rows, places, strict=True)):
        name_row(axes, _label(each), 0, place, ("axes fraction", "data"))
        _interval(axes, f"interval-{number}", each, place, is_apart=each.cell in apart)
    _references(axes, material, findings.target)
    return Picture(
        name=f"intervals-{findings.target}",
        title=f"{findings.target}: how far F1 would move with other videos",
        caption=f"{findings.target}: {_shown(cells)}{' and the multitask run' if joint else ''}. "
        f"{100 * findings.level:.0f} % intervals by bootstrap over the {findings.videos} devel videos; filled: not "
        f"separable from the best{', the multitask run from its main cell' if joint else ''}; hollow: separable. "
        "They do not take out the luck of having been chosen.",
        description=_description(
            rows[0], sum(each.separable for each in findings.against_best), len(findings.against_best)
        ),
        figure=figure,
        tips={f"interval-{number}": _tip(each) for number, each in enumerate(rows)},
    )


def _label(interval: CellInterval) -> str:
    branches = interval.cell.branches
    return "multitask run" if len(branches) > 1 else wrapped(str(branches[0]), 32)


def _tip(interval: CellInterval) -> str:
    cell = " & ".join(map(str, interval.cell.branches))
    return f"{cell}\nF1 {percent(interval.f1)}, {percent(interval.low)} to {percent(interval.high)}"


def _shown(cells: list[CellInterval]) -> str:
    return f"all {len(cells)} cells" if len(cells) <= _SHOWN else f"the best {_SHOWN} of {len(cells)} cells"


def _description(best: CellInterval, apart: int, others: int) -> str:
    low, high = percent(best.low), percent(best.high)
    return (
        f"The best, {' & '.join(map(str, best.cell.branches))}, has {percent(best.f1)}, with other videos {low} to "
        f"{high}. {apart} of {others} others are separable from it."
    )


def _interval(axes: Axes, name: str, interval: CellInterval, place: float, *, is_apart: bool) -> None:
    joint = len(interval.cell.branches) > 1
    colour = INK.light if joint else ACCENT.light
    values = [100 * value for value in (interval.low, interval.f1, interval.high)]
    (line,) = axes.plot(values, [place] * 3, "D-" if joint else "o-", color=colour, lw=1.6, ms=6, markevery=[1])
    line.set(mfc=GROUND.light if is_apart else colour, mec=colour, mew=1.5, solid_capstyle="butt", gid=name)


def _references(axes: Axes, material: Material, target: str) -> None:
    low, high = axes.get_xlim()
    levels = cycle((0, 12))
    for score in sorted(references_of(material.results, target), key=lambda score: score.devel):
        place = 100 * score.devel
        if not low <= place <= high:
            continue  # the scale belongs to the intervals
        axes.axvline(place, color=MUTED.light, lw=1, ls=(0, (4, 3)))
        words = f"{REFERENCES[score.name]} {percent(score.devel)}"
        axes.text(place, -5 - next(levels), words, ha="center", size=SMALL, color=MUTED.light)
