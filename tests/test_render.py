import csv
import html.parser
import io
import re
from typing import Literal

import pytest
from rich.console import Console

from results import render_terminal
from results.records import Hole
from results.render import FORMATS, SUFFIXES, Format, render
from results.table import Block, Column, Difference, FeatureSet, Figure, Row, Table, Text
from results.tables import NUMBERS, build_all, build_table
from search_spaces.errors import SweepError
from tests.golden.make import HERE, golden, terminal
from tests.results_factory import MULTIMODAL, cell, complete_run, drawn, empty_run, holed_run, made_record

NASTY = 'a_b & 50% <b>#1</b> | ~x^2 \\cmd {y} $z$ "q" *s*'


GOLDEN = golden()


def nasty_table() -> Table:
    columns = (Column(NASTY, "word", NASTY), Column("F1", where={"target": "t"}))
    rows = (Row((Text(NASTY), Figure(0.3)), NASTY),)
    return Table("II", NASTY, (Block("grid", columns, rows, NASTY),), notes=(NASTY,))


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_a_table_is_what_the_golden_file_says(name: str) -> None:
    assert GOLDEN[name] == (HERE / name).read_text(encoding="utf-8")


def test_every_golden_file_is_still_made() -> None:
    assert {path.name for path in HERE.iterdir() if path.is_file() and path.suffix != ".py"} == set(GOLDEN)


def test_percent_is_rounded_once_from_the_fraction() -> None:
    record = made_record(cell("arousal", "fau/way1"), (0.123449, 0.123449))
    table = build_table("II", empty_run().model_copy(update={"records": (record,)}))
    assert "| 12.34 ± 0.00 |" in re.sub(" +", " ", render(table, "md"))
    assert ",0.123449," in render(table, "csv")


def test_csv_holds_every_cell_once_as_plain_fractions() -> None:
    lines = list(csv.DictReader(io.StringIO(render(build_table("II", complete_run()), "csv"))))
    grid = [line for line in lines if line["block"] == "grid"]
    assert len({(line["features"], line["way"], line["target"]) for line in grid}) == len(grid) == 9 * 6 * 2
    numbers = ("macro_f1_mean", "macro_f1_std", "macro_f1_best", "weighted_f1_mean", "micro_f1_mean")
    assert all(0 < float(line[number]) < 1 for line in grid for number in numbers)
    assert {line["seeds"] for line in grid} == {"3"}
    assert {line["best_seed"] for line in grid} == {"101", "102", "103"}
    assert sum(line["block"] == "references" for line in lines) == 3 * 2


def test_csv_of_a_collapsed_cell_has_its_figures_and_its_state() -> None:
    lines = csv.DictReader(io.StringIO(render(build_table("II", holed_run()), "csv")))
    found = next(line for line in lines if line["state"] == "collapsed")
    assert (found["macro_f1_best"], found["place"]) == ("0.090500", "")


def test_csv_of_table_v_has_multitask_and_alone_with_the_gain_in_fractions() -> None:
    lines = list(csv.DictReader(io.StringIO(render(build_table("V", complete_run()), "csv"))))
    joint, alone = lines[:2]
    assert (joint["trained"], alone["trained"]) == ("multitask", "main alone")
    gain = float(joint["macro_f1_mean"]) - float(alone["macro_f1_mean"])
    assert float(joint["gain"]) == pytest.approx(gain, abs=2e-6)


@pytest.mark.parametrize("number", NUMBERS)
def test_markdown_rows_all_have_the_same_cells_and_width(number: str) -> None:
    text = render(build_table(number, holed_run(), compare="paper"), "md")
    for block in re.findall(r"(?:^\|.*\|\n)+", text, flags=re.MULTILINE):
        lines = block.splitlines()
        assert len({len(line) for line in lines}) == 1
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1


@pytest.mark.parametrize("number", NUMBERS)
def test_latex_has_balanced_braces_environments_and_columns(number: str) -> None:
    text = render(build_table(number, holed_run(), compare="paper"), "latex")
    assert text.count("{") == text.count("}")
    for environment in ("table", "table*", "tabular", "adjustbox"):
        assert text.count(f"\\begin{{{environment}}}") == text.count(f"\\end{{{environment}}}")
    for columns, body in re.findall(r"\\begin{tabular}{(\w+)}\n(.*?)\\end{tabular}", text, flags=re.DOTALL):
        for line in (line for line in body.splitlines() if line.endswith(r"\\")):
            spans = [int(span) - 1 for span in re.findall(r"\\multicolumn{(\d+)}", line)]
            assert len(re.findall(r"(?<!\\)&", line)) + sum(spans) + 1 == len(columns)
    assert text.isascii()


def test_latex_prints_the_papers_overline() -> None:
    text = render(build_table("III", complete_run()), "latex")
    assert r"VGGish+FAU+$\overline{\mbox{BERT}}$ & A+V+T" in text
    assert "Way1 & Way2" in text


def test_latex_escapes_every_special_sign() -> None:
    text = render(nasty_table(), "latex")
    assert r"a\_b \& 50\% \textless{}b\textgreater{}\#1" in text
    assert r"\textasciitilde{}x\textasciicircum{}2 \textbackslash{}cmd \{y\} \$z\$ ''q''" in text


class Tags(html.parser.HTMLParser):
    """Collects tags, and fails on one that closes what is not open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 # the base class has it
        self.seen.add(tag)
        if tag not in ("br", "wbr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_html_is_well_formed_escaped_and_ascii() -> None:
    for table in (nasty_table(), *build_all(holed_run(), compare="paper")[0]):
        text = render(table, "html")
        tags = Tags()
        tags.feed(text)
        assert tags.open == []
        assert "script" not in tags.seen
        assert text.isascii()
    assert "&lt;b&gt;#1&lt;/b&gt;" in render(nasty_table(), "html")


def test_markdown_keeps_a_pipe_from_splitting_a_cell() -> None:
    row = render(nasty_table(), "md").splitlines()[-3]
    assert r"\| \~x^2" in row
    assert len(re.findall(r"(?<!\\)\|", row)) == 4  # three cells


def test_a_reason_with_line_breaks_stays_one_footnote() -> None:
    run = complete_run()
    gone = run.records[0].cell
    holes = (Hole(cell=gone, state="failed", reason="line one\nline | two"),)
    table = build_table("II", run.model_copy(update={"records": run.records[1:], "holes": holes}))
    assert r"¹ failed: line one line \| two" in render(table, "md")


def test_gaps_with_one_reason_share_one_footnote() -> None:
    text = render(build_table("II", holed_run()), "md")
    assert text.count("—⁵") == 12
    assert "⁶" not in text


def test_a_difference_has_its_sign() -> None:
    columns = (Column("Gain", "gain"), Column("Features", "features"))
    rows = (Row((Difference(-0.0033), FeatureSet("a"))), Row((Difference(0.0033), FeatureSet("b"))))
    text = render(Table("V", "", (Block("b", columns, rows),)), "md")
    assert "−0.33" in text
    assert "+0.33" in text


def test_the_terminal_shows_every_table_within_its_columns_and_cuts_no_word() -> None:
    for width in (120, 100, 80):
        text = terminal(width)
        assert max(len(line) for line in text.splitlines()) <= width
        assert "…" not in text


@pytest.mark.parametrize("width", [120, 80])
@pytest.mark.parametrize("compare", [None, "paper"])
def test_the_longest_feature_sets_fit_a_terminal_term_by_term(width: int, compare: Literal["paper"] | None) -> None:
    run = complete_run()
    pairs = (cell(target, f"{MULTIMODAL[3]}/way1", f"{MULTIMODAL[2]}/way6") for target in run.targets)
    probe = "+".join(feature.name for feature in run.features)
    references = tuple(r.model_copy(update={"features": r.features and probe}) for r in run.references)
    long = run.model_copy(update={"multitask": tuple(map(drawn, pairs)), "references": references})
    for number in ("II", "III", "V", "VI"):
        console = Console(width=width, record=True, file=io.StringIO())
        console.print(render_terminal.render(build_table(number, long, compare=compare)))
        text = console.export_text()
        assert max(map(len, text.splitlines())) <= width
        assert "…" not in text
        words = set(re.split(r"[\s+]+", text))
        assert {feature.name for feature in run.features} <= {word.removesuffix("~") for word in words}
        if number == "V":
            assert {"Multitask", "alone", "Gain"} <= words


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_has_a_suffix_and_ends_in_one_newline(format_: Format) -> None:
    text = render(build_table("I", complete_run()), format_)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert SUFFIXES[format_].startswith(".")


def test_an_unknown_format_lists_the_known_ones() -> None:
    with pytest.raises(SweepError, match=r"Format 'pdf' is unknown. Known: csv, html, latex, md"):
        render(nasty_table(), "pdf")  # type: ignore[arg-type] # what a caller without types may do
