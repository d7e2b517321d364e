"""What stands below a table about its cells: why one shows no figure, and what to know about one that does."""

from dataclasses import dataclass
from typing import Literal

GapState = Literal["pending", "running", "failed", "masked", "collapsed"]


@dataclass(frozen=True)
class Gap:
    """Why a cell shows no figure; printed as a footnote."""

    state: GapState
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.state}: {self.reason}" if self.reason else self.state


@dataclass(frozen=True)
class Mark:
    """What to know about a figure that stands there, such as other versions; printed as a footnote."""

    text: str

    def __str__(self) -> str:
        return self.text


Footnote = Gap | Mark
