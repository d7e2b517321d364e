import csv
import io
import random
import re

import pytest

from results import render_csv, render_latex, render_md
from results.footnotes import Gap
from results.run_results import RunResults
from results.run_results import TestScore as RunTest  # pytest would take it for tests
from results.table import Block, Column, Difference, FeatureSet, Figure, Row, Table, Text
from results.tables import NUMBERS, build_all, build_table
from results.tables._parts import with_places
from results.tables.table_6 import COMBINED
from search_spaces.errors import SweepError
from tests.report_factory import made_findings
from tests.results_factory import cell, complete_run, drawn, empty_run, holed_run, made_record, made_scores


def figures(table: Table, block: str = "grid", **where: str) -> list[Figure]:
    """The figures of one block whose column says all of `where`, row by row."""
    found = next(b for b in table.blocks if b.name == block)
    columns = [i for i, column in enumerate(found.columns) if where.items() <= column.where.items()]
    values = (row.values[i] for row in found.rows for i in columns)
    return [value for value in values if isinstance(value, Figure)]


def one(table: Table, features: str, **where: str) -> Figure:
    """The figure of one row and column of a grid table."""
    found = table.blocks[0]
    row = next(row for row in found.rows if row.values[0] == FeatureSet(features))
    column = next(i for i, column in enumerate(found.columns) if where.items() <= column.where.items() and column.where)
    value = row.values[column]
    assert isinstance(value, Figure)
    return value


def test_the_tables_are_the_papers_six_in_order() -> None:
    assert NUMBERS[:6] == ("I", "II", "III", "IV", "V", "VI")


@pytest.mark.parametrize("number", NUMBERS)
def test_a_complete_run_fills_every_cell(number: str) -> None:
    table = build_table(number, complete_run())
    assert {gap.state for gap in table.footnotes()} <= {"masked"}
    assert table.number == number


@pytest.mark.parametrize("number", NUMBERS)
def test_nothing_measured_is_a_mistake_told_for_each_table(number: str) -> None:
    with pytest.raises(SweepError, match=f"Table {number}: nothing measured yet; it needs"):
        build_table(number, empty_run())


def test_nothing_measured_at_all_names_every_table() -> None:
    with pytest.raises(SweepError, match=r"Table I: (.|\n)*Table VI: "):
        build_all(empty_run())


def test_an_unknown_table_lists_the_known_ones() -> None:
    with pytest.raises(SweepError, match=r"Table 'VII' is unknown. Known: I, II, III, IV, V, VI"):
        build_table("VII", complete_run())


def test_table_i_needs_widths_only() -> None:
    run = empty_run().model_copy(update={"features": complete_run().features})
    tables, missing = build_all(run)
    assert [table.number for table in tables] == ["I"]
    assert len(missing) == len(NUMBERS) - 1


def test_a_feature_that_pca_cannot_reduce_is_a_gap() -> None:
    run = complete_run()
    features = (run.features[0].model_copy(update={"reduced_width": None}), *run.features[1:])
    table = build_table("I", run.model_copy(update={"features": features}))
    assert list(table.footnotes()) == [Gap("failed", "PCA cannot reduce a feature that is constant on train")]


def test_a_cell_is_the_mean_over_its_seeds() -> None:
    run = complete_run()
    of = cell("valence", "fau/way4")
    others = tuple(record for record in run.records if record.cell != of)
    run = run.model_copy(update={"records": (*others, made_record(of, (0.30, 0.33, 0.36)))})
    assert one(build_table("II", run), "fau", target="valence", way="way4").value == pytest.approx(0.33)
    assert one(build_table("II", run, "best"), "fau", target="valence", way="way4").value == 0.36
    assert one(build_table("II", run, "median"), "fau", target="valence", way="way4").value == 0.33


def test_each_row_and_target_has_one_best_and_one_runner_up() -> None:
    table = build_table("II", complete_run())
    for target in ("arousal", "valence"):
        places = [figure.place for figure in figures(table, target=target)]
        rows = [places[i : i + 6] for i in range(0, len(places), 6)]
        assert len(rows) == 9
        assert all((row.count(1), row.count(2)) == (1, 1) for row in rows)
    best = max(figures(table, target="arousal")[:6], key=lambda figure: figure.value or 0)
    assert best.place == 1


@pytest.mark.parametrize(
    ("way", "features", "target", "gap"),
    [
        ("way3", "fau", "arousal", Gap("failed", "loss became nan in epoch 3, batch 2")),
        ("way6", "vggish", "valence", Gap("running", "being trained")),
        ("way1", "bert", "valence", Gap("pending", "not trained yet")),
    ],
)
def test_a_hole_is_a_gap_with_its_reason_and_never_ranked(way: str, features: str, target: str, gap: Gap) -> None:
    found = one(build_table("II", holed_run()), features, target=target, way=way)
    assert (found.value, found.gap, found.place) == (None, gap, None)


def test_a_collapsed_cell_is_not_ranked_but_keeps_its_figures_for_the_csv() -> None:
    found = one(build_table("II", holed_run()), "vggish", target="arousal", way="way1")
    assert (found.value, found.place) == (None, None)
    assert found.gap is not None
    assert found.gap.state == "collapsed"
    assert found.summary is not None
    assert found.summary.best == 0.0905


def test_a_row_whose_roles_are_open_shows_its_slot_and_gaps() -> None:
    row = build_table("II", holed_run()).blocks[0].rows[-1]
    assert row.values[0] == Text("best(audio)+better(text)")
    assert {value.gap.state for value in row.values if isinstance(value, Figure) and value.gap} == {"pending"}


def test_the_order_of_records_does_not_change_a_table() -> None:
    run = complete_run()
    records = list(run.records)
    random.Random(5).shuffle(records)  # noqa: S311 # any order will do
    shuffled = run.model_copy(update={"records": tuple(records), "references": run.references[::-1]})
    for number in NUMBERS:
        assert build_table(number, shuffled) == build_table(number, run)


def test_references_stand_below_from_least_to_most_informed() -> None:
    block = build_table("II", complete_run()).blocks[1]
    titles = [row.values[0].text for row in block.rows if isinstance(row.values[0], Text)]
    assert [title.split()[0] for title in titles] == ["Constant", "Stratified", "Logistic"]
    assert len(build_table("II", complete_run().model_copy(update={"references": ()})).blocks) == 1


def test_any_targets_and_any_ways_work() -> None:
    run = complete_run(("dominance", "likability", "trust"), ("way2", "way9", "wayx"))
    tables, missing = build_all(run)
    assert missing == ()
    by_number = {table.number: table for table in tables}
    assert {c.group for c in by_number["III"].blocks[0].columns if c.group} == {"dominance"}
    assert {c.group for c in by_number["IV"].blocks[0].columns if c.group} == {"likability", "trust"}
    assert len(figures(by_number["II"])) == 9 * 3 * 3
    assert len(by_number["V"].blocks[0].rows) == 3


def test_one_target_has_no_table_iv_and_all_the_others() -> None:
    tables, missing = build_all(complete_run(("arousal",)))
    assert [table.number for table in tables] == ["I", "II", "III", "V", "VI"]
    assert missing == ("Table IV shows the second target of a run. Found one target only: arousal.",)


def multitask_run(arousal: tuple[float, ...]) -> RunResults:
    """The paper's arousal pair with the given multitask figures; the main cell alone has mean 0.37."""
    run = complete_run()
    main, related = "vggish/way5", "vggish+fau+bert~+vggface~/way4"
    alone = cell("arousal", main)
    records = (*(r for r in run.records if r.cell != alone), made_record(alone, (0.36, 0.38)))
    joint = made_record(cell("arousal", main, related), arousal)
    return run.model_copy(update={"records": records, "multitask": (joint, run.multitask[1])})


def test_table_v_sets_the_main_cell_alone_and_the_gain_beside_the_multitask_run() -> None:
    row = build_table("V", multitask_run((0.38, 0.40))).blocks[0].rows[0]
    words = [value for value in row.values if isinstance(value, Text | FeatureSet)]
    assert words == [
        Text("arousal"),
        FeatureSet("vggish"),
        Text("way5"),
        FeatureSet("vggish+fau+bert~+vggface~"),
        Text("way4"),
    ]
    joint, alone, gain = row.values[5:]
    assert isinstance(joint, Figure)
    assert isinstance(alone, Figure)
    assert isinstance(gain, Difference)
    assert (joint.value, alone.value, gain.value) == pytest.approx((0.39, 0.37, 0.02))
    assert (joint.place, alone.place) == (1, None)


def test_table_v_without_the_second_multitask_run_has_a_gap() -> None:
    table = build_table("V", holed_run())
    assert list(table.footnotes()) == [Gap("pending", "the grid is not complete")]


def test_a_target_without_a_chosen_pair_is_an_empty_row_of_table_v() -> None:
    run = holed_run()
    table = build_table("V", run.model_copy(update={"holes": ()}))
    assert list(table.footnotes()) == [Gap("pending", "not trained yet")]


def test_compare_sets_the_papers_figure_and_the_difference_beside_the_same_cell_only() -> None:
    run = multitask_run((0.38, 0.40))
    found = one(build_table("II", run, compare="paper"), "vggish", target="arousal", way="way5")
    assert found.published == 0.3774
    assert found.difference == pytest.approx(0.37 - 0.3774)
    assert one(build_table("II", run), "vggish", target="arousal", way="way5").published is None
    joint = figures(build_table("V", run, compare="paper"), "multitask", trained="multitask")
    assert [figure.published for figure in joint] == [0.3807, None]  # our valence pair is not the paper's


def test_compare_knows_nothing_of_other_features_or_targets() -> None:
    run = complete_run(("dominance",))
    for number in ("II", "III", "VI"):
        table = build_table(number, run, compare="paper")
        found = [value for block in table.blocks for row in block.rows for value in row.values]
        assert all(value.published is None for value in found if isinstance(value, Figure))


def test_table_vi_averages_the_targets_and_a_gap_stays_a_gap() -> None:
    table = build_table("VI", complete_run(), compare="paper")
    rows = {
        tuple(v.text for v in row.values[:2] if isinstance(v, Text)): row.values[2:] for row in table.blocks[0].rows
    }
    arousal, valence, mean = (
        [v for v in rows[name, "devel"] if isinstance(v, Figure)] for name in ("arousal", "valence", COMBINED)
    )
    for one_target, other, combined in zip(arousal, valence, mean, strict=True):
        assert combined.value == pytest.approx(((one_target.value or 0) + (other.value or 0)) / 2)
    test = [v for v in rows[COMBINED, "test"] if isinstance(v, Figure)]
    assert {v.gap.state for v in test if v.gap} == {"masked"}
    assert [v.published for v in test] == pytest.approx([0.34015, 0.3362])


def test_the_baseline_of_table_vi_is_the_best_of_its_features_on_devel() -> None:
    run = empty_run().model_copy(
        update={
            "baselines": (
                made_record(cell("arousal", "fau/baseline"), (0.20,)),
                made_record(cell("arousal", "bert/baseline"), (0.30,)),
                made_record(cell("arousal", "vggish/baseline"), (0.90,), predicted_classes=1),
            )
        }
    )
    table = build_table("VI", run)
    assert figures(table, "submission", entry="baseline")[0].value == 0.30
    assert "Baseline: arousal bert/baseline." in table.notes


def test_the_baseline_of_table_vi_stays_the_one_that_test_was_opened_for() -> None:
    opened, better = (
        made_record(cell("arousal", "fau/baseline"), (0.20,)),
        made_record(cell("arousal", "bert/baseline"), (0.30,)),
    )
    score = RunTest(target="arousal", entry="baseline", cell=opened.cell, seed=101, scores=made_scores(0.25))
    run = empty_run(("arousal",)).model_copy(update={"baselines": (opened, better), "tests": (score,)})
    table = build_table("VI", run)
    assert [figure.value for figure in figures(table, "submission", entry="baseline")] == [0.20, 0.25]
    assert "Baseline: arousal fau/baseline." in table.notes


@pytest.mark.parametrize("number", ["II", "III", "IV", "V", "VI"])
def test_the_references_stand_under_every_table_of_figures(number: str) -> None:
    table = build_table(number, complete_run())
    assert table.blocks[-1].name == "references"
    assert all(row.values for row in table.blocks[-1].rows)


def test_table_v_says_which_figures_are_above_the_probe() -> None:
    table = build_table("V", complete_run())
    probe = 0.29
    found = figures(table, "multitask")
    assert found
    assert [figure.above_probe for figure in found] == [(figure.value or 0) > probe for figure in found]
    assert "above the logistic regression below" in table.caption


def test_a_space_without_a_baseline_has_no_column_for_one() -> None:
    run = complete_run()
    without = run.model_copy(update={"baselines": (), "tests": ()})
    assert [column.title for column in build_table("VI", without).blocks[0].columns][2:] == ["Proposed"]
    assert not build_table("VI", without).notes[0].startswith("Baseline")
    unknown = holed_run().model_copy(update={"baselines": ()})
    assert [column.title for column in build_table("VI", unknown).blocks[0].columns][2:4] == ["Baseline", "Proposed"]


OTHER = {"torch": "9.9"}


def test_whatever_comes_from_a_cell_of_other_versions_is_marked() -> None:
    run = fused_run()
    main = next(record for record in run.records if record.cell.branches == run.multitask[0].cell.branches[:1])
    odd = main.model_copy(update={"versions": {**main.versions, **OTHER}})
    records = tuple(odd if record is main else record for record in run.records)
    marked = run.model_copy(update={"records": records, "versions": {**run.versions, "torch": "1"}})
    fives, sixes = build_table("V", marked), build_table("VI", marked)
    assert figures(fives, "multitask", trained="main alone, corrected")[0].marks
    assert all(each[0].marks for each in (figures(fives, "late fusion", trained="late fusion"),))
    assert figures(fives, "late fusion", trained="late fusion, corrected")[0].marks
    assert figures(sixes, "submission", entry="greedy selection")[0].marks


def fused_run() -> RunResults:
    run = complete_run(("arousal",))
    return run.model_copy(update={"findings": (made_findings(run, "arousal"),)})


def test_a_late_fusion_shows_the_figure_that_was_asked_for() -> None:
    run = fused_run()
    found = (
        run.findings[0]
        .fusions[0]
        .model_copy(update={"seeds": (101, 102), "devel": (made_scores(0.4), made_scores(0.6))})
    )
    run = run.model_copy(update={"findings": (run.findings[0].model_copy(update={"fusions": (found,)}),)})
    for aggregate, expected in (("mean", 0.5), ("best", 0.6)):
        for number, block, where in (("V", "late fusion", "trained"), ("VI", "submission", "entry")):
            name = "late fusion" if number == "V" else "greedy selection"
            figure = figures(build_table(number, run, aggregate=aggregate), block, **{where: name})[0]
            assert figure.value == pytest.approx(expected)
            assert figure.summary is not None
            assert figure.summary.best_seed == 102


def test_the_spread_stands_beside_the_mean_alone() -> None:
    two = made_record(cell("arousal", "fau/way1"), (0.3, 0.4))  # whose mean is their median
    run = complete_run().model_copy(update={"records": (two,)})
    assert re.search(r"35\.00\S* ± 7\.07 \(40\.00\)", render_md.render(build_table("II", run)))
    median = render_md.render(build_table("II", run, aggregate="median"))
    assert re.search(r"35\.00\S* \(40\.00\)", median)
    assert "±" not in median


def test_the_mean_of_targets_is_in_the_column_of_what_was_asked_for() -> None:
    lines = list(csv.DictReader(io.StringIO(render_csv.render(build_table("VI", complete_run(), aggregate="best")))))
    of = [line for line in lines if line["partition"] == "devel" and line["entry"] == "baseline"]
    *targets, mean = of
    assert mean["target"] == COMBINED
    assert mean["macro_f1_mean"] == ""
    assert float(mean["macro_f1_best"]) == pytest.approx(
        sum(float(line["macro_f1_best"]) for line in targets) / 2, abs=1e-6
    )


def test_latex_leaves_the_names_of_fused_cells_as_they_are() -> None:
    run = fused_run()
    assert "vggish" in run.findings[0].fusions[0].members[0].cell.branches[0].features
    latex = render_latex.render(build_table("V", run))
    assert "Vggish" not in latex.split("Late fusion", 1)[1]


def test_notes_on_the_papers_arousal_do_not_stand_under_valence() -> None:
    run = complete_run(("valence",))
    assert not any("26.5" in note for note in build_table("III", run, compare="paper").notes)
    assert any("26.5" in note for note in build_table("III", complete_run(("arousal",)), compare="paper").notes)


def test_what_nothing_stands_beside_is_not_explained() -> None:
    assert "In brackets" in build_table("II", complete_run(), compare="paper").aside
    assert "In brackets" not in build_table("II", complete_run(("dominance",)), compare="paper").aside


def test_a_run_with_one_seed_says_so() -> None:
    run = empty_run().model_copy(update={"records": (made_record(cell("arousal", "fau/way1"), (0.3,)),)})
    table = build_table("II", run)
    assert "one seed" in table.caption
    assert table.aside == ""


def test_seeds_that_differ_in_number_are_told_as_a_range() -> None:
    records = (drawn(cell("arousal", "fau/way1")), made_record(cell("arousal", "fau/way2"), (0.3,)))
    assert "over 1 to 3 seeds" in build_table("II", empty_run().model_copy(update={"records": records})).caption


def test_equal_figures_share_a_place_and_a_lone_one_has_none() -> None:
    places = [figure.place for figure in with_places(tuple(map(Figure, (0.3, 0.3, 0.2, 0.1))))]
    assert places == [1, 1, 2, None]
    assert [figure.place for figure in with_places((Figure(0.3), Figure(None)))] == [None, None]


def test_a_row_must_fit_its_columns() -> None:
    with pytest.raises(ValueError, match="must hold 1 values"):
        Block("grid", (Column("a"),), (Row((Text("x"), Text("y"))),))
