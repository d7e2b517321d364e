"""What a word from data or a title must never become in a table: markup, a command, a formula, a cell of its own."""

import csv
import html.parser
import io
import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from results import render_csv, render_html, render_latex, render_md
from results.footnotes import Gap
from results.table import Block, Column, Figure, Row, Table, Text
from search_spaces.features import NAME

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
nasty = st.sampled_from(
    (
        "=1+1",
        "+1",
        "-1+1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "[x]",
        "*",
        "<b>",
        "</td>",
        "&amp;",
        "\\input{x}",
        "%",
        "|",
    )
)


def table(word: str) -> Table:
    columns = (Column(word, "words", word), Column("F1", where={"target": "t"}))
    value = Figure(None, gap=Gap("failed", word))
    return Table("II", word, (Block("grid", columns, (Row((Text(word), value), word),), word),), notes=(word,))


class Page(html.parser.HTMLParser):
    """The tags and the text of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert {name for name, _ in attrs} <= {"class", "id", "scope", "colspan", "rowspan"}

    def handle_data(self, data: str) -> None:
        self.text += data


OURS = {
    "section",
    "table",
    "caption",
    "b",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "code",
    "wbr",
    "p",
    "br",
    "sup",
    "strong",
    "u",
    "small",
}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(words | nasty)
def test_html_shows_every_word_and_obeys_none(word: str) -> None:
    page = Page()
    page.feed(render_html.render(table(word)))
    page.close()
    assert page.tags <= OURS
    if word.isprintable():  # a parser reads carriage returns and the like in its own way
        assert page.text.count(word) >= 6


@settings(max_examples=60, deadline=None, derandomize=True)
@given(words | nasty)
def test_no_cell_of_a_csv_is_a_formula(word: str) -> None:
    for line in csv.reader(io.StringIO(render_csv.render(table(word)), newline="")):
        for cell in line:
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")), line


def test_a_word_that_is_no_formula_stays_as_it_is_in_a_csv_and_a_negative_number_a_number() -> None:
    columns = (Column("w", "word"), Column("F1", where={"target": "t"}))
    rows = (
        Row(
            (Text("a=b"), Figure(0.25, published=0.5)),
        ),
    )
    (line,) = csv.DictReader(io.StringIO(render_csv.render(Table("II", "", (Block("grid", columns, rows),)))))
    assert (line["word"], line["difference"]) == ("a=b", "-0.250000")


@given(st.from_regex(NAME, fullmatch=True))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_no_feature_or_target_can_be_called_like_a_formula_or_an_option(name: str) -> None:
    assert name[0].isalnum()
    assert not set(name) & set("\\/<>&'\"=@+~ \t\r\n")


@settings(max_examples=60, deadline=None, derandomize=True)
@given(words | nasty)
def test_latex_has_no_command_from_a_word(word: str) -> None:
    text = render_latex.render(table(word))
    harmless = render_latex.render(table("x"))
    body = text.replace("\\\\", "\n")
    for before, line in itertools.pairwise(text.splitlines()):
        if before.endswith(("\\\\", "rule")):  # both take an option, which the next cell must not be
            assert not line.startswith(("[", "*"))
    for command in ("\\input", "\\write", "\\csname", "\\catcode"):
        assert command not in body
    assert text.count("\\begin") == harmless.count("\\begin")
    assert unescaped(text, "%") == unescaped(harmless, "%")
    assert unescaped(text, "$") % 2 == 0
    assert unescaped(text, "{") == unescaped(text, "}")


def unescaped(text: str, sign: str) -> int:
    """How often a sign stands in LaTeX without a backslash before it."""
    return text.replace("\\\\", "").count(sign) - text.replace("\\\\", "").count("\\" + sign)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(words | nasty)
def test_markdown_has_no_tag_and_no_cell_from_a_word(word: str) -> None:
    text = render_md.render(table(word))
    tags = text.replace("\\<", "")
    assert "<" not in tags.replace("<u>", "").replace("</u>", "")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len({len(line.replace("\\|", "").split("|")) for line in rows}) == 1
