"""The figures of a report in the order of the page: one row a chapter."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from results.report import drawing, listings
from results.report.figures import (
    confusion,
    cost,
    curves,
    delta,
    heat_map,
    intervals,
    ranks,
    seed_scatter,
    spectra,
)
from results.report.listings import Listing
from results.report.material import Material
from results.report.picture import Drawn, Missing, Picture


@dataclass(frozen=True)
class _Kind:
    """What a chapter is called and who draws it."""

    anchor: str
    short: str  # in the contents
    title: str
    lead: str
    draw: Callable[[Material], Iterator[Drawn]]
    width: Literal["half", "whole"] = "half"
    lists: tuple[Callable[[Material], Iterator[Listing]], ...] = ()


@dataclass(frozen=True)
class Chapter:
    """A chapter of the page, drawn."""

    anchor: str
    short: str
    title: str
    lead: str
    width: Literal["half", "whole"]
    pictures: tuple[Picture, ...]
    missing: tuple[str, ...]
    listings: tuple[Listing, ...]


_KINDS = (
    _Kind(
        "heat-maps",
        "Heat maps",
        "Feature sets and Ways",
        "The grid at a glance: feature sets down, Ways across, F1 as colour. Point at a cell for its seeds.",
        heat_map.draw,
    ),
    _Kind(
        "seeds",
        "Seeds",
        "Seeds",
        "Every seed of every cell. Where the lines of two cells overlap, another seed could have turned them round.",
        seed_scatter.draw,
    ),
    _Kind(
        "intervals",
        "Intervals",
        "How sure the order is",
        "What other videos would change, from the stored predictions.",
        intervals.draw,
    ),
    _Kind(
        "ranks", "Ranks", "Ranks of the Ways", "Whether one Way is better than another over feature sets.", ranks.draw
    ),
    _Kind(
        "curves",
        "Curves",
        "Learning curves",
        "How the cells that lead were trained.",
        curves.draw,
        "whole",
    ),
    _Kind(
        "confusion",
        "Confusion",
        "Confusion matrices",
        "What macro-F1 is made of: which classes are told apart, and which are not.",
        confusion.draw,
        "whole",
    ),
    _Kind(
        "delta",
        "δ",
        "Weights of the multitask losses",
        "How the multitask run weighted its two heads while it learned (paper, eqs. 12 and 13).",
        delta.draw,
    ),
    _Kind(
        "spectra",
        "PCA",
        "PCA spectra",
        "How few directions hold most of what a feature says.",
        spectra.draw,
        "whole",
    ),
    _Kind("cost", "Cost", "Cost", "What the run took.", cost.draw, lists=(listings.costs, listings.cells)),
)


def chapters(material: Material) -> tuple[Chapter, ...]:
    """All chapters, drawn as far as there is something to draw."""
    with drawing.style():
        return tuple(_chapter(kind, material) for kind in _KINDS)


def _chapter(kind: _Kind, material: Material) -> Chapter:
    drawn = tuple(kind.draw(material))
    return Chapter(
        anchor=kind.anchor,
        short=kind.short,
        title=kind.title,
        lead=kind.lead,
        width=kind.width,
        pictures=tuple(each for each in drawn if isinstance(each, Picture)),
        missing=tuple(each.sentence for each in drawn if isinstance(each, Missing)),
        listings=tuple(listing for listed in kind.lists for listing in listed(material)),
    )
