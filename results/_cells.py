"""Numbers of a table as text: the one place where a fraction becomes percent, rounded once. No markup."""

from dataclasses import dataclass

from results.footnotes import Footnote
from results.table import Blank, Count, Difference, FeatureSet, Figure, Text, Value, notes_of

DASH = "—"
MINUS = "−"
DAGGER = "†"
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Parts:
    """A cell's text in pieces, so that each format can set them off in its own way.

    Attributes:
        main: the figure, word or dash.
        note: a dagger above the linear probe, and the footnotes' numbers: "†", "1", "†1,2"; "" without either.
        spread: " ± 0.52", or "" for one seed.
        best: " (38.21)", the best seed; "" where it is the figure itself.
        published: "34.67", the paper's figure; "" when not compared.
        difference: "+3.07", ours minus the paper's.
        place: 1 best, 2 runner-up.
    """

    main: str
    note: str = ""
    spread: str = ""
    best: str = ""
    published: str = ""
    difference: str = ""
    place: int | None = None

    @property
    def paper(self) -> str:
        """ " [34.67, +3.07]", or "" when not compared."""
        inside = ", ".join(word for word in (self.published, self.difference) if word)
        return f" [{inside}]" if inside else ""


def parts(value: Value, footnotes: dict[Footnote, int]) -> Parts:
    """The pieces of one cell.

    Args:
        value: the cell.
        footnotes: the table's, from `Table.footnotes`.
    """
    note = ",".join(str(footnotes[each]) for each in notes_of(value))
    if isinstance(value, Figure) and value.above_probe:
        note = DAGGER + note
    match value:
        case Text(text=text) | FeatureSet(text):
            return Parts(text)
        case Blank():
            return Parts("")
        case Count(number, _, published):
            return Parts(
                DASH if number is None else str(number),
                note,
                published="" if published is None else str(published),
                difference=_count_difference(number, published),
            )
        case Difference(fraction):
            return Parts(DASH if fraction is None else signed(fraction), note)
        case Figure():
            return _figure(value, note)


def percent(fraction: float) -> str:
    """0.37741 -> "37.74"."""
    return f"{100 * fraction:.2f}"


def signed(fraction: float) -> str:
    """0.0033 -> "+0.33"; the minus is a minus sign, as wide as the plus."""
    return f"{100 * fraction:+.2f}".replace("-", MINUS)


def superscript(numbers: int | str) -> str:
    """12 -> "¹²", "1,2" -> "¹,²"."""
    return str(numbers).translate(_SUPERSCRIPTS)


def _figure(figure: Figure, note: str) -> Parts:
    published = "" if figure.published is None else percent(figure.published)
    if figure.value is None:
        return Parts(DASH, note, published=published)
    summary = figure.summary
    # The spread belongs to the mean, and the best seed beside itself would say the same twice.
    spread = summary.std if summary and figure.aggregate == "mean" else None
    best = summary.best if summary and len(summary.seeds) > 1 and figure.value != summary.best else None
    return Parts(
        percent(figure.value),
        note,
        spread="" if spread is None else f" ± {percent(spread)}",
        best="" if best is None else f" ({percent(best)})",
        published=published,
        difference="" if figure.difference is None else signed(figure.difference),
        place=figure.place,
    )


def _count_difference(ours: int | None, published: int | None) -> str:
    return "" if ours is None or published is None else f"{ours - published:+d}".replace("-", MINUS)
