import statistics

import pytest

from results.published import load
from results.records import Branch
from results.select import rank
from search_spaces.features import CATALOGUE, parse_feature_set


@pytest.mark.parametrize("target", ["arousal", "valence"])
def test_the_selection_rule_on_tables_ii_to_iv_gives_table_v(target: str) -> None:
    (main, _), (related, _), *_ = rank(load().grid_figures(target))
    row = next(row for row in load().multitask if row.target == target)
    assert (main, related) == (row.main, row.related)


def test_the_four_combinations_have_the_figures_the_paper_prints() -> None:
    chosen = {t: [(str(b), f) for b, f in rank(load().grid_figures(t))[:2]] for t in ("arousal", "valence")}
    assert chosen == {
        "arousal": [("vggish/way5", 0.3774), ("vggish+fau+bert~+vggface~/way4", 0.3721)],
        "valence": [("vggish+fau+bert~+vggface~/way2", 0.3347), ("vggish/way5", 0.3247)],
    }


def test_each_target_has_thirteen_feature_sets_and_six_ways() -> None:
    for target in ("arousal", "valence"):
        cells = [branch for branch, _ in load().grid_figures(target)]
        assert len(cells) == len(set(cells)) == 78
        assert {branch.way for branch in cells} == {f"way{n}" for n in range(1, 7)}


def test_figures_are_fractions_with_the_digits_as_printed() -> None:
    paper = load()
    assert paper.grid_figure("arousal", "fau", "way5") == 0.3630
    assert paper.grid_figure("valence", "vggish~", "way1") == 0.2006
    assert paper.grid_figure("dominance", "fau", "way5") is None
    assert paper.grid_figure("arousal", "lumin", "way5") is None
    assert all(0.1 < figure < 0.4 for t in ("arousal", "valence") for _, figure in paper.grid_figures(t))


def test_every_printed_feature_is_in_the_catalogue_with_its_width() -> None:
    assert {(w.feature, w.modality, w.width) for w in load().widths} == {
        (f.name, f.modality, f.width) for f in CATALOGUE
    }


def test_widths_after_pca_add_up_to_the_fusions_of_the_paper() -> None:
    def width(features: str) -> int:
        rows = ((load().width(term.feature), term.reduced) for term in parse_feature_set(features))
        return sum(row.reduced_width if reduced else row.width for row, reduced in rows if row)

    # 128 + 35 + 412; with VGGFace after PCA 34 more
    assert (width("vggish+fau+bert~"), width("vggish+fau+bert~+vggface~")) == (575, 609)


def test_the_published_combined_baseline_is_not_the_mean_but_the_proposed_one_is() -> None:
    paper = load()
    test = [row for row in paper.submissions if row.partition == "test"]
    assert statistics.fmean(row.proposed for row in test) == pytest.approx(paper.combined.proposed)
    assert statistics.fmean(row.baseline for row in test) == pytest.approx(0.34015)
    assert any("0.3282 is not the mean" in note for note in paper.notes_on("VI", ("arousal",)))


def test_the_bimodal_misprint_is_noted_and_true_of_the_table() -> None:
    paper = load()
    said = paper.grid_figure("arousal", "vggish+bert~", "way4")
    printed = paper.grid_figure("arousal", "fau+bert~", "way2")
    assert (said, printed) == (0.3460, 0.3478)
    assert any("34.78" in note for note in paper.notes_on("II", ("arousal",)))


def test_notes_without_a_table_are_kept() -> None:
    assert any("292" in note for note in load().notes_on("", ()))


def test_table_v_is_found_by_its_pair_only() -> None:
    main, related = Branch(features="vggish", way="way5"), Branch(features="vggish+fau+bert~+vggface~", way="way4")
    assert load().multitask_figure("arousal", main, related) == 0.3807
    assert load().multitask_figure("arousal", related, main) is None
