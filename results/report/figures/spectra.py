"""How much of a feature's variance its first components hold: a small panel a feature."""

from collections.abc import Iterator

from matplotlib.axes import Axes

from results.report.drawing import SMALL, WHOLE, panel, sheet
from results.report.material import Material
from results.report.palette import ACCENT, INK, MUTED
from results.report.picture import Drawn, Missing, Picture
from results.run_results import FeatureRow

_LEFT, _TOP, _HEIGHT, _DOWN, _FOOT, _GUTTER = 46, 40, 110, 84, 44, 26
_COLUMNS = 5


def draw(material: Material) -> Iterator[Drawn]:
    """One figure of all features whose spectrum the run holds."""
    known = [row for row in material.results.features if row.kept_variance]
    if known:
        yield _picture(known)
    elif any(row.reduced_width for row in material.results.features):
        yield Missing("This run was begun by a version that kept the widths after PCA (Table I) and no spectra.")
    else:
        yield Missing("No feature has been reduced by PCA yet.")


def _picture(rows: list[FeatureRow]) -> Picture:
    down = -(-len(rows) // _COLUMNS)
    figure = sheet(WHOLE, _TOP + down * _HEIGHT + (down - 1) * _DOWN + _FOOT)
    width = (WHOLE - _LEFT - 12 - (_COLUMNS - 1) * _GUTTER) / _COLUMNS
    for number, row in enumerate(rows):
        at = divmod(number, _COLUMNS)
        axes = panel(figure, _LEFT + at[1] * (width + _GUTTER), _TOP + at[0] * (_HEIGHT + _DOWN), width, _HEIGHT)
        _spectrum(axes, row, is_first=at[1] == 0)
    kept = "; ".join(f"{row.name}: {row.reduced_width} of {row.width}" for row in rows)
    return Picture(
        name="pca-spectra",
        title="Variance kept by the first components of each feature",
        caption="Share (%) of the train variance in the first 1, 2, … components, up to the number that is kept.",
        description=f"Components kept: {kept}.",
        figure=figure,
    )


def _spectrum(axes: Axes, row: FeatureRow, *, is_first: bool) -> None:
    shares = [0.0, *(100 * share for share in row.kept_variance)]
    axes.fill_between(range(len(shares)), shares, color=ACCENT.light, alpha=0.15, lw=0)
    axes.plot(range(len(shares)), shares, color=ACCENT.light, lw=1.5)
    axes.set(xlim=(0, len(shares) - 1), ylim=(0, 104))
    axes.set_yticks([0, 50, 100], ["0", "50", "100"] if is_first else ["", "", ""])
    axes.set_xticks([len(shares) - 1])
    axes.grid(axis="y")
    axes.set_xlabel("components" if len(shares) > 2 else "component")
    axes.set_title(row.name, pad=18, weight="bold", color=INK.light)
    words = f"{row.width} columns → {row.reduced_width}"
    axes.annotate(words, (0, 1), (0, 5), "axes fraction", "offset points", size=SMALL, color=MUTED.light)
