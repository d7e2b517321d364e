"""The parts of the live table (stages of the grid, cells beside it), and which of them a low terminal shows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from rich.text import Text

from results.records import Cell
from sweep.frame import BETWEEN, Frame
from sweep.sheet import Line, Strip


@dataclass(frozen=True)
class Head:
    """The names of targets and Ways."""

    frame: Frame
    targets: tuple[str, ...]

    @property
    def height(self) -> int:
        """Lines."""
        return min(2, len(self.targets))

    def lines(self) -> Iterator[Text]:
        """What is printed."""
        form, sheet = self.frame.form, self.frame.tally.sheet
        ways = "".join(sheet.ways[place][: form.column - 1].rjust(form.column) for place in form.ways)
        if len(self.targets) == 1:
            yield Text(self.frame.label(self.targets[0]) + ways, "bold")
            return
        names = BETWEEN.join(target[: len(ways)].center(len(ways)) for target in self.targets)
        yield Text(" " * form.label + names, "bold")
        yield Text(" " * form.label + BETWEEN.join(ways for _ in self.targets), "bold")


@dataclass(frozen=True)
class Grid:
    """Feature sets by Ways, under the title of their stage."""

    frame: Frame
    title: str
    targets: tuple[str, ...]
    rows: tuple[Line, ...]
    left_out: int = 0

    @property
    def height(self) -> int:
        """Lines."""
        return 1 + len(self.rows) + bool(self.left_out)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Those that are known."""
        return tuple(chain.from_iterable(self._of(line) for line in self.rows))

    @property
    def is_open(self) -> bool:
        """Whether a feature set is not known yet."""
        return any(not line.cells for line in self.rows)

    def lines(self) -> Iterator[Text]:
        """What is printed."""
        yield Text(self.title, "italic")
        yield from (self._row(line) for line in self.rows)
        if self.left_out:
            yield Text(f"  {self.frame.signs.cut} {self.left_out} more feature sets", "dim")

    def lower(self, height: int) -> "Grid":
        """The part in so many lines, three at least: feature sets under way, then begun, then with the best scores."""
        if self.height <= height:
            return self
        room = max(1, height - 2)
        order = sorted(range(len(self.rows)), key=lambda place: self._rank(self.rows[place]))
        kept = set(order[:room])
        rows = tuple(line for place, line in enumerate(self.rows) if place in kept)
        return replace(self, rows=rows, left_out=len(self.rows) - len(rows))

    def _of(self, line: Line) -> Iterator[Cell]:
        return chain.from_iterable(line.cells.get(target, ()) for target in self.targets)

    def _rank(self, line: Line) -> tuple[int, float]:
        tally, cells = self.frame.tally, tuple(self._of(line))
        if any(cell in tally.running for cell in cells):
            return 0, 0.0
        scores = [tally.figures[cell].mean for cell in cells if cell in tally.figures]
        return (1 if 0 < len(scores) < len(cells) else 2), -max(scores, default=0.0)

    def _row(self, line: Line) -> Text:
        frame, form = self.frame, self.frame.form
        text = Text(frame.label(line.label), style="" if line.cells else "dim")
        for number, target in enumerate(self.targets):
            text.append(BETWEEN if number else "")
            cells = line.cells.get(target)
            for place in form.ways:
                found = Text(frame.signs.pending, "dim") if cells is None else frame.mark(cells[place])
                text.append(" " * (form.column - found.cell_len))
                text.append_text(found)
        return text


@dataclass(frozen=True)
class Beside:
    """Cells that are no part of the grid, one after the other: each by its name."""

    frame: Frame
    strip: Strip

    @property
    def title(self) -> str:
        """Of the strip."""
        return self.strip.title

    @property
    def targets(self) -> tuple[str, ...]:
        """The one whose cells these are."""
        return (self.strip.target,)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All."""
        return tuple(cell for _, cell in self.strip.cells)

    @property
    def is_open(self) -> bool:
        """Whether a cell is not known yet: none."""
        return False

    @property
    def height(self) -> int:
        """Lines."""
        return len(self._wrapped())

    def lines(self) -> Iterator[Text]:
        """What is printed."""
        for number, items in enumerate(self._wrapped()):
            text = Text("" if number else f"{self.title}, {self.strip.target}:", "italic")
            for name, cell in items:
                text.append(f"  {name} ", "not italic")
                text.append_text(self.frame.mark(cell))
            yield text

    def _wrapped(self) -> list[list[tuple[str, Cell]]]:
        """The cells line by line, each with room for a score."""
        lines: list[list[tuple[str, Cell]]] = [[]]
        used = len(f"{self.title}, {self.strip.target}:")
        for name, cell in self.strip.cells:
            needed = len(name) + 3 + self.frame.form.decimals + 3
            if used + needed > self.frame.form.width and (lines[-1] or used):
                lines.append([])
                used = 0
            lines[-1].append((name, cell))
            used += needed
        return lines


@dataclass(frozen=True)
class Folded:
    """One line in place of a part: how much is done, and the best of each target."""

    part: "Grid | Beside"
    height: int = 1

    def lines(self) -> Iterator[Text]:
        """What is printed."""
        part, tally = self.part, self.part.frame.tally
        of = f", {part.targets[0]}" if len(part.targets) == 1 else ""
        text = Text(f"{part.title}{of}: ", "italic")
        if not part.cells:
            yield text.append("not known yet", "not italic dim")
            return
        text.append(f"{sum(cell in tally.done for cell in part.cells)} of {len(part.cells)}", "not italic")
        for target in part.targets:
            measured = [cell for cell in part.cells if cell.target == target and cell in tally.figures]
            ranked = [cell for cell in measured if not tally.figures[cell].collapsed]
            if ranked:
                best = max(ranked, key=lambda cell: tally.figures[cell].mean)
                whose = f" {target}" if len(part.targets) > 1 else ""
                name = " & ".join(map(str, best.branches))
                text.append(f"; best{whose} {100 * tally.figures[best].mean:.2f} {name}", "not italic")
        yield text


Part = Head | Grid | Beside | Folded


def parts_of(frame: Frame) -> tuple[Head | Grid | Beside, ...]:
    """Everything, in order: the grid block by block, then what stands beside it."""
    sheet = frame.tally.sheet
    parts: list[Head | Grid | Beside] = []
    for targets in frame.form.blocks:
        parts.append(Head(frame, targets))
        parts += [Grid(frame, stage.title, targets, stage.lines) for stage in sheet.stages]
    return (*parts, *(Beside(frame, strip) for strip in sheet.strips))


def height_of(parts: Sequence[Part]) -> int:
    """Lines of all parts together."""
    return sum(part.height for part in parts)


def fitted(parts: Sequence[Head | Grid | Beside], height: int) -> tuple[Part, ...]:
    """The parts in at most so many lines.

    What has not begun is folded into a line first, then what is done, and so on to what is under way, which is made
    lower instead; if that is not enough, folded lines go in the same order.
    """
    shown: dict[int, Part] = dict(enumerate(parts))
    foldable = {place: part for place, part in enumerate(parts) if not isinstance(part, Head)}
    *order, last = sorted(foldable, key=lambda place: (_urgency(foldable[place]), -place))
    for place in order:
        if _height(shown) > height:
            shown[place] = Folded(foldable[place])
    for place in order:
        if _height(shown) > height:
            del shown[place]
    if isinstance(part := foldable[last], Grid):
        shown[last] = part.lower(part.height - max(0, _height(shown) - height))
    return tuple(_useful(shown).values()) if _height(shown) <= height else ()


def _useful(shown: dict[int, Part]) -> dict[int, Part]:
    """Without heads that have no grid below them."""
    kept: dict[int, Part] = {}
    below = False
    for place, part in sorted(shown.items(), reverse=True):
        if isinstance(part, Head):
            if below:
                kept[place] = part
            below = False
            continue
        below |= isinstance(part, Grid)
        kept[place] = part
    return dict(sorted(kept.items()))


def _height(shown: dict[int, Part]) -> int:
    return height_of(tuple(_useful(shown).values()))


def _urgency(part: Grid | Beside) -> int:
    """3 where something is under way, 2 where something is done and something not, 1 all done, 0 not begun."""
    tally, cells = part.frame.tally, part.cells
    if any(cell in tally.running for cell in cells):
        return 3
    over = sum(cell in tally.done or cell in tally.failed for cell in cells)
    if not over:
        return 0
    return 1 if over == len(cells) and not part.is_open else 2
