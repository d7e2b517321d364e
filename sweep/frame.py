"""One picture of the live table: which form fits the terminal, and what all its parts share."""

from dataclasses import dataclass

from rich.text import Text

from results.records import Cell
from search_spaces.features import JOIN, REDUCED
from sweep.marks import Scale, Signs, mark
from sweep.tally import Tally

BETWEEN = "  "
"""Between the scores of two targets."""
_FORMS = (  # targets side by side, decimals, and how many columns a long feature set keeps (None: all)
    (True, 2, None),
    (False, 2, None),
    (True, 1, None),
    (True, 2, 24),
    (False, 2, 24),
    (True, 1, 16),
    (False, 1, 12),
)
_LONGEST_WAY = 8
_NARROW_LABEL = 8


@dataclass(frozen=True)
class Form:
    """How the table is laid out, in columns of the terminal.

    Attributes:
        blocks: the targets, those in one tuple side by side.
        ways: which Ways are shown, by their place.
        decimals: of a score in percent.
        label: of a feature set.
        column: of a score, with the space before it.
        width: of the terminal.
    """

    blocks: tuple[tuple[str, ...], ...]
    ways: tuple[int, ...]
    decimals: int
    label: int
    column: int
    width: int


@dataclass(frozen=True)
class Frame:
    """A form, and what is shown in it."""

    tally: Tally
    form: Form
    scales: dict[str, Scale]
    signs: Signs

    def mark(self, cell: Cell) -> Text:
        """What stands for a cell."""
        return mark(cell, self.tally, self.scales[cell.target], self.signs, self.form.decimals)

    def label(self, word: str) -> str:
        """A feature set or target in its columns: of one that is too long every term is cut, for all of them tell."""
        width = self.form.label
        terms = word.split(JOIN)
        for size in range(max(map(len, terms)), 0, -1):
            short = JOIN.join(_shortened(term, size) for term in terms)
            if len(short) <= width:
                return short.ljust(width)
        return word[: width - len(self.signs.cut)] + self.signs.cut


def _shortened(term: str, size: int) -> str:
    return term if len(term) <= size else term.removesuffix(REDUCED)[:size] + REDUCED * term.endswith(REDUCED)


def forms(tally: Tally, width: int) -> tuple[Form, ...]:
    """Every form for which there is room, the roomiest first; none where not even one column of scores fits."""
    sheet = tally.sheet
    everything, apart = (sheet.targets,), tuple((target,) for target in sheet.targets)
    longest = max(map(len, (*(line.label for stage in sheet.stages for line in stage.lines), *sheet.targets)))
    way = min(_LONGEST_WAY, max(map(len, sheet.ways)))
    found = []
    for beside, decimals, least in _FORMS:
        blocks = everything if beside else apart
        column = 1 + max(decimals + 3, way)
        scores = len(blocks[0]) * (len(sheet.ways) * column + len(BETWEEN)) - len(BETWEEN)
        label = min(longest, width - scores)
        if label >= min(longest, least or longest):
            found.append(Form(blocks, tuple(range(len(sheet.ways))), decimals, label, column, width))
    return tuple(found) or _with_fewer_ways(tally, width, longest, 1 + max(4, way))


def _with_fewer_ways(tally: Tally, width: int, longest: int, column: int) -> tuple[Form, ...]:
    """The form for a terminal without room for every Way: those under way first, then from the left."""
    sheet = tally.sheet
    label = min(longest, max(_NARROW_LABEL, width // 3))
    busy = {branch.way for cell in tally.running for branch in cell.branches}
    order = sorted(range(len(sheet.ways)), key=lambda place: (sheet.ways[place] not in busy, place))
    ways = tuple(sorted(order[: max(0, (width - label) // column)]))
    return (Form(tuple((t,) for t in sheet.targets), ways, 1, label, column, width),) if ways else ()
