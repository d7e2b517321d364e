"""One figure with the words that belong to it, or the sentence that says why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from matplotlib.figure import Figure


@dataclass(frozen=True)
class Picture:
    """One figure.

    Attributes:
        name: its file's, and its id in the page: "heat-map-arousal".
        title: what it shows.
        caption: how to read it.
        description: what it says, for a reader who does not see it.
        figure: drawn.
        tips: id of a part of the drawing (its gid) -> what the part stands for.
    """

    name: str
    title: str
    caption: str
    description: str
    figure: Figure
    tips: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Missing:
    """What there is no figure of, and why: one sentence."""

    sentence: str


Drawn = Picture | Missing
