"""How the multitask runs weighted their two losses: δ by epoch (paper, eqs. 12 and 13)."""

from collections.abc import Iterator

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from results.records import TrialRecord
from results.report.cell_facts import joint_of
from results.report.drawing import HALF, panel, sheet
from results.report.material import Material
from results.report.palette import MUTED, SERIES
from results.report.picture import Drawn, Missing, Picture

_LEFT, _TOP, _HEIGHT, _FOOT = 58, 40, 210, 44
_Dashes = tuple[int, tuple[int, ...]]
_ROLES: tuple[tuple[str, str, _Dashes], ...] = (
    ("main head", SERIES[0].light, (0, ())),
    ("related head", SERIES[1].light, (0, (5, 2))),
)


def draw(material: Material) -> Iterator[Drawn]:
    """One figure for every target whose multitask run learned δ."""
    for target in material.results.targets:
        record = next((record for record in material.results.multitask if record.cell.target == target), None)
        if record is None:
            waiting = "is not trained yet" if joint_of(material.results, target) else "follows a complete grid"
            yield Missing(f"{target}: the multitask run, which learns δ, {waiting}.")
        elif all(value == 1 for seed in record.seeds for epoch in seed.delta for value in epoch):
            yield Missing(f"{target}: the weighting of this run learns no δ: every head counts the same.")
        else:
            yield _picture(target, record)


def _picture(target: str, record: TrialRecord) -> Picture:
    figure = sheet(HALF, _TOP + _HEIGHT + _FOOT)
    axes = panel(figure, _LEFT, _TOP, HALF - _LEFT - 12, _HEIGHT)
    axes.set(xlabel="epoch", ylabel="δ")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y")
    axes.axhline(1, color=MUTED.light, lw=1, ls=(0, (1, 2)))
    last: list[str] = []
    for head, (role, colour, dashes) in enumerate(_ROLES):
        ends = _lines(axes, record, head, colour, dashes)
        axes.plot([], [], color=colour, ls=dashes, lw=1.4, label=role)
        last.append(f"of the {role} it ends between {min(ends):.2f} and {max(ends):.2f}")
    figure.legend(loc="upper left", ncols=2, borderpad=0, bbox_to_anchor=(_LEFT / HALF - 0.02, 1))
    return Picture(
        name=f"delta-{target}",
        title=f"{target}: δ of the multitask run",
        caption=f"{target}. One line a seed and head, 1 at the start; the loss of a head weighs 1/(2δ²), so a larger δ "
        "counts less.",
        description=f"δ starts at 1; {'; '.join(last)}.",
        figure=figure,
    )


def _lines(axes: Axes, record: TrialRecord, head: int, colour: str, dashes: _Dashes) -> list[float]:
    """Draws one head's lines; the value each ends with."""
    ends = []
    for seed in record.seeds:
        values = [epoch[head] for epoch in seed.delta]
        axes.plot(range(1, len(values) + 1), values, color=colour, ls=dashes, lw=1.2)
        axes.plot(seed.best_epoch, values[seed.best_epoch - 1], "o", ms=5, mfc="none", mec=colour, mew=1.2)
        ends.append(values[-1])
    return ends
