"""Figures measured under other versions than the run's are marked, in every table and every format."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from results import render_terminal
from results.footnotes import Mark
from results.records import TrialRecord
from results.render import FORMATS, Format, render
from results.run_results import RunResults
from results.table import Count, Difference, Figure, Table
from results.tables import NUMBERS, build_all, build_table
from results.versions import differences, marks
from sweep import environment, identity
from tests.conftest import Sweep
from tests.results_factory import VERSIONS, cell, complete_run, made_record
from tests.tiny_run import NAMES, TinyRun, copied, tiny_run

OTHER = VERSIONS | {"torch": "2.13.1"}
MARK = "trained under torch 2.13.1, the run's is 2.13.0"


def retrained(run: RunResults, which: Callable[[TrialRecord], bool], versions: dict[str, str] = OTHER) -> RunResults:
    """The run with some of its records made under other versions."""

    def changed(records: tuple[TrialRecord, ...]) -> tuple[TrialRecord, ...]:
        return tuple(r.model_copy(update={"versions": versions}) if which(r) else r for r in records)

    kinds = {kind: changed(getattr(run, kind)) for kind in ("records", "baselines", "multitask")}
    return run.model_copy(update=kinds)


def printed(table: Table, format_: Format | None) -> str:
    if format_ is not None:
        return render(table, format_)
    out = io.StringIO()
    Console(file=out, width=120, color_system=None).print(render_terminal.render(table))
    return out.getvalue()


def marked(table: Table) -> list[Figure | Difference | Count]:
    values = (value for block in table.blocks for row in block.rows for value in row.values)
    return [value for value in values if isinstance(value, Figure | Difference | Count) and value.marks]


def test_every_version_that_differs_is_named_in_one_sentence() -> None:
    assert marks(VERSIONS, VERSIONS) == ()
    assert marks({}, VERSIONS) == ()  # not recorded
    both = {"numpy": "2.4.0", "torch": "2.13.1", "extra": "1"}
    assert marks(both, VERSIONS) == (
        Mark(
            "trained under extra 1, the run's is unknown; numpy 2.4.0, the run's is 2.5.1; "
            "python unknown, the run's is 3.11.2; torch 2.13.1, the run's is 2.13.0"
        ),
    )
    assert differences(OTHER, VERSIONS) == ("torch 2.13.1, the run's is 2.13.0",)


def test_one_figure_of_a_grid_carries_the_mark_and_no_other() -> None:
    of = cell("valence", "fau/way4")
    table = build_table("II", retrained(complete_run(), lambda record: record.cell == of))
    assert len(marked(table)) == 1
    assert [str(note) for note in table.footnotes()] == [MARK]
    plain = build_table("II", complete_run())
    assert [len(marked(plain)), plain.footnotes()] == [0, {}]


@pytest.mark.parametrize(
    ("format_", "figure", "note"),
    [
        ("md", "¹ ± ", f"¹ {MARK}"),
        ("latex", "\\textsuperscript{1}", f"\\textsuperscript{{1}}\\,{MARK}"),
        ("html", "<sup>1</sup> <small>", "<sup>1</sup> " + MARK.replace("'", "&#x27;")),
        ("csv", f",measured,,{MARK[:7]}", MARK),
        (None, "¹ ±", f"¹ {MARK}"),
    ],
)
def test_every_format_prints_number_and_note(format_: Format | None, figure: str, note: str) -> None:
    of = cell("valence", "fau/way4")
    text = printed(build_table("II", retrained(complete_run(), lambda record: record.cell == of)), format_)
    assert figure in text.replace('"', "")
    assert note in text


def test_other_versions_of_several_libraries_have_a_footnote_each() -> None:
    run = retrained(complete_run(), lambda r: r.cell == cell("arousal", "vggish/way1"), OTHER | {"numpy": "2.4.0"})
    run = retrained(run, lambda r: r.cell == cell("arousal", "vggish/way2"))
    assert list(map(str, build_table("II", run).footnotes())) == [
        "trained under numpy 2.4.0, the run's is 2.5.1; torch 2.13.1, the run's is 2.13.0",
        MARK,
    ]


def test_a_collapsed_cell_has_both_footnotes_and_its_remark_in_the_csv() -> None:
    of = cell("arousal", "vggish/way1")
    run = complete_run()
    others = tuple(record for record in run.records if record.cell != of)
    collapsed = made_record(of, (0.09, 0.09), predicted_classes=1)
    run = retrained(run.model_copy(update={"records": (*others, collapsed)}), lambda record: record.cell == of)
    table = build_table("II", run)
    assert "—¹,²" in render(table, "md")
    assert "—\\textsuperscript{1,2}".replace("—", "---") in render(table, "latex")
    line = next(line for line in csv.DictReader(io.StringIO(render(table, "csv"))) if line["state"] == "collapsed")
    assert line["remark"] == MARK


def test_table_v_marks_the_joint_run_the_cell_alone_and_the_gain() -> None:
    run = complete_run()
    joint = build_table("V", retrained(run, lambda r: r.cell.target == "arousal" and len(r.cell.branches) == 2))
    assert [type(value) for value in marked(joint)] == [Figure, Difference]
    main = run.multitask[0].cell.branches[:1]
    alone = build_table("V", retrained(run, lambda r: r.cell.target == "arousal" and r.cell.branches == main))
    assert [type(value) for value in marked(alone)] == [Figure, Difference]


def test_table_vi_marks_devel_test_and_the_mean_of_each_entry() -> None:
    run = complete_run(("arousal",))
    table = build_table("VI", retrained(run, lambda record: len(record.cell.branches) == 2))
    devel, test = (row.values for row in table.blocks[0].rows)
    proposed = [values[3] for values in (devel, test)]
    assert all(isinstance(value, Figure) and value.marks == (Mark(MARK),) for value in proposed)
    tested = run.tests[0].cell
    table = build_table("VI", retrained(run, lambda record: record.cell == tested))
    assert [row.values[2].marks for row in table.blocks[0].rows if isinstance(row.values[2], Figure)][1] == (
        Mark(MARK),
    )
    both = build_table("VI", retrained(complete_run(), lambda record: record.cell.target == "valence"))
    mean = both.blocks[0].rows[4].values[3]
    assert isinstance(mean, Figure)
    assert mean.marks == (Mark(MARK),)


def test_references_and_reduced_widths_are_marked_too() -> None:
    run = complete_run()
    references = tuple(score.model_copy(update={"versions": OTHER}) for score in run.references)
    features = tuple(row.model_copy(update={"versions": OTHER}) for row in run.features[:1]) + run.features[1:]
    run = run.model_copy(update={"references": references, "features": features})
    assert list(map(str, build_table("I", run).footnotes())) == [MARK.replace("trained", "reduced")]
    assert list(map(str, build_table("II", run).footnotes())) == [MARK.replace("trained", "computed")]
    first = next(csv.DictReader(io.StringIO(render(build_table("I", run), "csv"))))
    assert first["remark"] == MARK.replace("trained", "reduced")


def test_a_version_that_is_no_version_breaks_no_format() -> None:
    nasty = 'a_b & <b>#1</b> | \\cmd {y} "q" \x1b[2J\nline'
    of = cell("valence", "fau/way4")
    run = retrained(complete_run(), lambda record: record.cell == of, VERSIONS | {"torch": nasty})
    table = build_table("II", run)
    assert "<b>#1" not in render(table, "html").split("</table>")[-1]
    assert r"a\_b \& \textless{}b\textgreater{}\#1" in render(table, "latex")
    assert "\x1b" not in printed(table, None)
    assert len(list(csv.DictReader(io.StringIO(render(table, "csv"))))) == 9 * 6 * 2 + 3 * 2


@pytest.mark.parametrize("format_", [*FORMATS, None])
@pytest.mark.parametrize("number", NUMBERS)
def test_a_run_under_one_set_of_versions_shows_no_mark(number: str, format_: Format | None) -> None:
    text = printed(build_table(number, complete_run()), format_)
    assert "under" not in text.replace("underline", "")
    assert "remark" not in text


def test_a_resume_under_other_versions_is_refused_unless_told_and_then_told_in_one_line(
    finished: TinyRun, tmp_path: Path, sweep: Sweep
) -> None:
    run = copied(finished, tmp_path)
    stored = json.loads(run.folder.run_json.read_text())
    now, stored["versions"]["torch"] = stored["versions"]["torch"], "1.0"
    run.folder.run_json.write_text(json.dumps(stored))
    refused = sweep("resume", run.folder.path)
    assert refused.code == 2
    assert f'versions.torch: the run has "1.0", here it is "{now}"' in refused.err
    assert "--other-versions" in refused.err
    said = sweep("resume", run.folder.path, "--other-versions")
    assert said.code == 0
    notice = f"notice: trains under other versions: torch {now}, the run's is 1.0; the tables mark it\n"
    assert said.err.count(notice) == 1
    again = ("run", run.space, "--data", run.tree, "--run", run.folder.path, "--cache", run.cache)
    assert sweep(*again).code == 2
    assert sweep(*again, "--other-versions").code == 0
    tables = sweep("tables", run.folder.path, "--format", "md").out
    assert tables.count(f"trained under torch {now}, the run's is 1.0") == 5  # II to VI; I is of no training
    assert f"reduced under torch {now}, the run's is 1.0" in tables


def test_what_was_trained_under_other_versions_is_marked_and_nothing_else(
    tmp_path: Path, tree: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, sweep: Sweep
) -> None:
    run = tiny_run(tmp_path, tree, cache, NAMES.replace("epochs = 8", "epochs = 1"))
    run.failing = ("arousal fau/way4",)
    run.carry_out()
    made = run.folder.run_json.read_bytes()
    run.failing = ()
    monkeypatch.setattr(environment, "versions", lambda: identity.read(run.folder).versions | {"torch": "1.0"})
    assert len(run.carry_out(retry_failed=True)) == 3  # the cell, and the joint runs that waited for it
    run.folder.run_json.write_bytes(made)
    lines = _csv_of(sweep, run, "II")
    assert [(line["target"], line["features"], line["way"]) for line in lines if line["remark"]] == [
        ("arousal", "fau", "way4")
    ]
    assert {line["trained"] for line in _csv_of(sweep, run, "V") if line["remark"]} >= {"multitask"}
    marked = {line["entry"] for line in _csv_of(sweep, run, "VI") if line["remark"]}
    assert marked >= {"multitask", "mean of the best"}  # of five cells, that one among them
    assert "baseline" not in marked
    assert "remark" not in _csv_of(sweep, run, "I")[0]


def _csv_of(sweep: Sweep, run: TinyRun, number: str) -> list[dict[str, str]]:
    text = sweep("tables", run.folder.path, "--table", number, "--format", "csv").out
    return list(csv.DictReader(io.StringIO(text)))


def test_the_golden_runs_tables_are_built_with_marks_everywhere() -> None:
    tables, _ = build_all(retrained(complete_run(), lambda _: True))
    for table in tables[1:]:
        grid = [value for row in table.blocks[0].rows for value in row.values if isinstance(value, Figure)]
        assert all(figure.marks for figure in grid if figure.summary)
