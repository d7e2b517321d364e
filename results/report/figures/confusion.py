"""Which classes are taken for which: confusion matrices of the selected cells."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from results.records import Scores
from results.report.cell_facts import selected
from results.report.drawing import SMALL, WHOLE, panel, sheet
from results.report.material import Material
from results.report.palette import INK, MUTED, heat
from results.report.picture import Drawn, Missing, Picture

_LEFT, _TOP, _GUTTER, _RIGHT, _FOOT = 46, 50, 42, 10, 46
_Matrix = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class _Shown:
    """One matrix and what it is of."""

    heading: str
    below: str
    counts: _Matrix  # row = true class, column = predicted


def draw(material: Material) -> Iterator[Drawn]:
    """One figure for every target with a selected cell: a matrix a cell and partition."""
    for target in material.results.targets:
        shown = tuple(_matrices(material, target))
        if shown:
            yield _picture(target, shown)
        else:
            yield Missing(f"{target}: confusion matrices are drawn of the cells that lead, and none is finished yet.")


def _matrices(material: Material, target: str) -> Iterator[_Shown]:
    for role, record in selected(material.results, target):
        if role == "related":
            continue
        seeds = f"{len(record.seeds)} seeds" if len(record.seeds) > 1 else "one seed"
        yield _Shown(f"{role}, devel", f"sum of {seeds}", _total([seed.devel for seed in record.seeds]))
    for score in material.results.tests:
        if score.target == target and score.scores is not None:
            yield _Shown(f"{score.entry}, test", f"seed {score.seed}", score.scores.confusion)


def _total(scores: Sequence[Scores]) -> _Matrix:
    size = range(len(scores[0].confusion))
    return tuple(tuple(sum(each.confusion[row][column] for each in scores) for column in size) for row in size)


def _picture(target: str, shown: tuple[_Shown, ...]) -> Picture:
    width = (WHOLE - _LEFT - 3 * _GUTTER - _RIGHT) / 4  # room for four
    figure = sheet(WHOLE, _TOP + width + _FOOT)
    tips: dict[str, str] = {}
    for column, matrix in enumerate(shown[:4]):
        axes = panel(figure, _LEFT + column * (width + _GUTTER), _TOP, width, width)
        _draw(axes, matrix, tips)
        if column == 0:
            axes.set_ylabel("true class")
    return Picture(
        name=f"confusion-{target}",
        title=f"{target}: confusion matrices",
        caption=f"{target}. Share (%) of each true class that was predicted as each class: rows sum to 100.",
        description=" ".join(map(_sentence, shown)),
        figure=figure,
        tips=tips,
    )


def _draw(axes: Axes, matrix: _Shown, tips: dict[str, str]) -> None:
    size = len(matrix.counts)
    axes.set(xlim=(0, size), ylim=(size, 0), xlabel="predicted class", aspect="equal")
    axes.set_xticks([number + 0.5 for number in range(size)], list(map(str, range(size))))
    axes.set_yticks([number + 0.5 for number in range(size)], list(map(str, range(size))))
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_title(matrix.heading, pad=19, weight="bold", color=INK.light)
    axes.annotate(matrix.below, (0, 1), (0, 6), "axes fraction", "offset points", size=SMALL, color=MUTED.light)
    for true, row in enumerate(matrix.counts):
        for predicted, count in enumerate(row):
            share = count / sum(row) if sum(row) else 0.0
            ground, on = heat(share)
            name = f"share-{len(tips)}"
            tips[name] = f"{matrix.heading}: true class {true}, predicted {predicted}\n{count} of {sum(row)} segments"
            box = Rectangle((predicted + 0.02, true + 0.02), 0.96, 0.96, facecolor=ground.light, lw=0)
            box.set_gid(name)
            axes.add_patch(box)
            text = f"{100 * share:.0f}" if sum(row) else ""
            axes.text(predicted + 0.5, true + 0.5, text, ha="center", va="center_baseline", color=on.light)


def _sentence(matrix: _Shown) -> str:
    right = [row[true] / sum(row) for true, row in enumerate(matrix.counts) if sum(row)]
    shares = ", ".join(f"{100 * share:.0f}" for share in right)
    return f"{matrix.heading}: right for {shares} percent of the classes in order."
