"""How the selected cells learned: training loss and devel F1 by epoch, one line a seed."""

from collections.abc import Iterator

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from results._cells import percent
from results.records import TrialRecord
from results.report.cell_facts import selected
from results.report.drawing import SMALL, WHOLE, panel, sheet
from results.report.material import Material
from results.report.palette import INK, MUTED, SERIES
from results.report.picture import Drawn, Missing, Picture

_LEFT, _TOP, _HEIGHT, _BETWEEN, _FOOT = 52, 44, 150, 26, 42
_GUTTER = 46


def draw(material: Material) -> Iterator[Drawn]:
    """One figure for every target with a selected cell: a column a cell."""
    for target in material.results.targets:
        chosen = selected(material.results, target)
        if chosen:
            yield _picture(target, chosen)
        else:
            yield Missing(f"{target}: learning curves are drawn of the cells that lead, and none is finished yet.")


def _picture(target: str, chosen: tuple[tuple[str, TrialRecord], ...]) -> Picture:
    figure = sheet(WHOLE, _TOP + 2 * _HEIGHT + _BETWEEN + _FOOT)
    width = (WHOLE - _LEFT - 12 - 2 * _GUTTER) / 3  # room for three, also where one is still to come
    upper: list[Axes] = []
    lower: list[Axes] = []
    for column, (role, record) in enumerate(chosen):
        left = _LEFT + column * (width + _GUTTER)
        upper.append(panel(figure, left, _TOP, width, _HEIGHT))
        lower.append(panel(figure, left, _TOP + _HEIGHT + _BETWEEN, width, _HEIGHT))
        _column(upper[-1], lower[-1], record)
        _heading(upper[-1], role, record)
    for row, name in ((upper, "train loss"), (lower, "devel macro-F1 (%)")):
        row[0].set_ylabel(name)
    highest = max(axes.get_ylim()[1] for axes in lower)
    longest = max(seed.epochs for _, record in chosen for seed in record.seeds)
    for above, below in zip(upper, lower, strict=True):
        below.set(ylim=(0, highest), xlim=(0, longest + 1))
        above.set_xlim(0, longest + 1)
        above.tick_params(labelbottom=False)
    return Picture(
        name=f"curves-{target}",
        title=f"{target}: learning curves of the selected cells",
        caption=f"{target}. One line a seed; the ring is the epoch whose weights were kept. The loss of a multitask "
        "run is the weighted total, and cannot be compared with the others.",
        description=" ".join(map(_sentence, chosen)),
        figure=figure,
    )


def _column(loss: Axes, score: Axes, record: TrialRecord) -> None:
    for number, seed in enumerate(record.seeds):
        colour = SERIES[number % len(SERIES)].light
        epochs = range(1, seed.epochs + 1)
        for axes, values in ((loss, seed.train_loss), (score, [100 * value for value in seed.devel_f1])):
            axes.plot(epochs, values, color=colour, lw=1.3, label=f"seed {seed.seed}")
            axes.plot(seed.best_epoch, values[seed.best_epoch - 1], "o", ms=6, mfc="none", mec=colour, mew=1.4)
            axes.grid(axis="y")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    score.set_xlabel("epoch")


def _heading(axes: Axes, role: str, record: TrialRecord) -> None:
    names = " & ".join(map(str, record.cell.branches)) if len(record.cell.branches) == 1 else "both together"
    axes.set_title(role, pad=18, color=INK.light, weight="bold")
    axes.annotate(names, (0, 1), (0, 5), "axes fraction", "offset points", size=SMALL, color=MUTED.light)


def _sentence(chosen: tuple[str, TrialRecord]) -> str:
    role, record = chosen
    epochs = [seed.epochs for seed in record.seeds]
    kept = sorted(seed.best_epoch for seed in record.seeds)
    best = percent(max(seed.devel.macro_f1 for seed in record.seeds))
    ended = f"{min(epochs)} to {max(epochs)}" if min(epochs) < max(epochs) else f"{epochs[0]}"
    return (
        f"The {role} ({record.cell}) trained {ended} epochs; its best epochs are {', '.join(map(str, kept))}, the best "
        f"devel F1 is {best}."
    )
