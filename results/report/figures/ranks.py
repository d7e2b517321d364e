"""Which Ways rank alike over feature sets: the critical-difference diagram of Demšar (2006)."""

from collections.abc import Iterator

import pandas as pd
from matplotlib.axes import Axes
from scikit_posthocs import critical_difference_diagram

from results.findings import WayRanks
from results.report.drawing import HALF, panel, sheet
from results.report.material import Material
from results.report.palette import INK, MUTED
from results.report.picture import Drawn, Missing, Picture

_SPACE = "\N{EN SPACE}"  # which a browser keeps at the end of a text
_SIDE, _TOP, _LEVEL, _FOOT = 118, 62, 24, 18


def draw(material: Material) -> Iterator[Drawn]:
    """One diagram for every target whose Ways could be ranked."""
    found = {findings.target: findings for findings in material.results.findings}
    for target in material.results.targets:
        if target not in found:
            reason = material.results.no_findings or "statistics wait for the whole grid of a target."
            yield Missing(f"{target}: the Ways are not ranked yet: {reason}")
        elif (ranks := found[target].ranks) is None:
            yield Missing(
                f"{target}: ranking Ways needs three of them, and two feature sets for which each has a figure."
            )
        else:
            yield _picture(target, ranks)


def _picture(target: str, ranks: WayRanks) -> Picture:
    height = _LEVEL * (len(ranks.ways) // 2 + 3)
    figure = sheet(HALF, _TOP + height + _FOOT)
    axes = panel(figure, _SIDE, _TOP, HALF - 2 * _SIDE, height)
    _diagram(axes, ranks)
    order = sorted(zip(ranks.mean_ranks, ranks.ways, strict=True))
    listed = ", ".join(f"{way} {rank:.2f}" for rank, way in order)
    difference = f"{ranks.critical_difference:.2f}"
    return Picture(
        name=f"ranks-{target}",
        title=f"{target}: mean ranks of the Ways",
        caption=f"{target}. Mean rank of each Way over {ranks.feature_sets} feature sets, 1 is best; Ways that a bar "
        f"joins cannot be told apart (Nemenyi, critical difference {difference}; Friedman's test: p = {ranks.p:.2g}).",
        description=f"Mean ranks: {listed}. The critical difference is {difference}.",
        figure=figure,
    )


def _diagram(axes: Axes, ranks: WayRanks) -> None:
    # Numbers for names: the library walks sets, and the order of words in a set differs from process to process.
    numbers = range(len(ranks.ways))
    drawn = critical_difference_diagram(
        pd.Series(ranks.mean_ranks, index=numbers),
        pd.DataFrame(ranks.pairwise_p, index=numbers, columns=numbers),
        cd=None,
        ax=axes,
        label_fmt_left="{label}",
        label_fmt_right="{label}",
        marker_props={"color": INK.light, "s": 26},
        elbow_props={"color": MUTED.light, "lw": 1},
        crossbar_props={"color": INK.light, "linewidth": 4, "solid_capstyle": "round"},
        text_h_margin=0.05,
    )
    axes.spines["top"].set_visible(True)
    for text in drawn["labels"]:
        number = int(text.get_text())
        rank = f"{ranks.mean_ranks[number]:.2f}"
        name = ranks.ways[number]
        pair = (name, rank) if text.get_ha() == "right" else (rank, name)
        text.set(text=f"{_SPACE}{_SPACE.join(pair)}{_SPACE}", color=INK.light)
    low, high = min(ranks.mean_ranks), max(ranks.mean_ranks)
    axes.set_xlim(low - 0.1, max(high, low + ranks.critical_difference) + 0.1)
    above = 1.9
    axes.plot(
        [low, low + ranks.critical_difference], [above, above], color=MUTED.light, lw=1.4, clip_on=False, marker="|"
    )
    words = f"critical difference {ranks.critical_difference:.2f}"
    axes.text(low + ranks.critical_difference / 2, above + 0.25, words, ha="center", va="bottom", color=MUTED.light)
