"""The rows of a space on a data set: the paper's, the protocol's, and what is left out with which reason."""

import pytest

from search_spaces.errors import SweepError
from search_spaces.features import CATALOGUE
from search_spaces.grid import expand, expand_baseline
from search_spaces.resolution import Resolution, decide_better, screen
from search_spaces.space import load_space

MUSE = {feature.name: feature.modality for feature in CATALOGUE}
PLACES = {"vggish": 3, "egemaps": 2, "deepspectrum": 1, "fau": 3, "vggface": 2, "xception": 1, "bert": 1}
AS_IN_PAPER = {"vggish": 0.3, "vggish~": 0.2, "fau": 0.3, "fau~": 0.2, "bert": 0.2, "bert~": 0.3}


def _known(modalities, figures):
    return decide_better(screen({name: figures.get(name, 0.0) for name in modalities}, modalities), AS_IN_PAPER)


def test_the_paper_has_78_cells_a_target_and_156_in_all():
    paper = load_space("paper")
    grid = expand(paper, Resolution(modalities=MUSE))
    cells = {(row.features, way) for row in grid.rows for way in paper.ways}
    assert (len(grid.rows), len(paper.ways), len(cells), 2 * len(cells)) == (13, 6, 78, 156)
    assert grid.resolved
    assert grid.left_out == ()


def test_the_rows_know_their_tables_and_modalities():
    rows = {row.features: row for row in expand(load_space("paper"), Resolution(modalities=MUSE)).rows}
    assert rows["fau+bert~"].modalities == ("video", "text")  # paper, Table II: V+T
    assert rows["fau+bert~"].tables == ("II",)
    assert rows["vggish+fau+bert~"].tables == ("III", "IV")
    assert [sum(table in row.tables for row in rows.values()) for table in ("II", "III", "IV")] == [9, 4, 4]


def test_the_protocol_becomes_the_papers_grid_where_the_features_rank_as_in_the_paper():
    paper = expand(load_space("paper"), Resolution(modalities=MUSE))
    protocol = expand(load_space("protocol"), _known(MUSE, PLACES))
    assert [(r.features, r.stage, r.title, r.tables, r.modalities) for r in protocol.rows] == [
        (r.features, r.stage, r.title, r.tables, r.modalities) for r in paper.rows
    ]
    assert protocol.left_out == ()


def test_the_protocol_opens_stage_by_stage():
    protocol = load_space("protocol")
    before = expand(protocol, Resolution(modalities=MUSE))
    assert (len(before.rows), before.resolved, before.ready("unimodal")) == (13, False, ())
    screened = expand(protocol, screen({name: float(place) for name, place in PLACES.items()}, MUSE))
    assert screened.ready("unimodal") == ("vggish", "fau", "bert", "vggish~", "fau~", "bert~")
    assert screened.ready("bimodal") == ()
    assert {row.modalities for row in screened.rows if row.features is None} == {()}


def test_a_missing_modality_leaves_its_slots_out_with_the_reason():
    no_text = {name: modality for name, modality in MUSE.items() if modality != "text"}
    grid = expand(load_space("protocol"), _known(no_text, PLACES))
    assert [row.features for row in grid.rows] == ["vggish", "fau", "vggish~", "fau~", "vggish+fau"]
    assert len(grid.left_out) == 8
    assert {left.reason for left in grid.left_out} == {"the data set has no text feature"}
    baseline = expand_baseline(load_space("protocol"), _known(no_text, PLACES))
    assert [row.features for row in baseline.rows] == ["vggish", "fau"]
    assert str(baseline.left_out[0]) == "best(text): the data set has no text feature"


def test_slots_that_become_one_feature_set_keep_the_first():
    four = {"vggish": MUSE["vggish"], "fau": MUSE["fau"], "vggface": MUSE["vggface"], "bert": MUSE["bert"]}
    grid = expand(load_space("protocol"), _known(four, PLACES))
    assert [row.features for row in grid.rows][-2:] == ["vggish+fau+bert~", "vggish+fau+bert~+vggface~"]
    first = "better(audio)+better(video)+better(text)+next(video)~"
    assert [left.reason for left in grid.left_out] == [
        "the data set has no audio feature besides 'vggish'",
        f"it becomes 'vggish+fau+bert~+vggface~', the feature set of {first!r}",
    ]


def test_a_data_set_that_fills_no_slot_is_a_users_mistake(tmp_path):
    own = tmp_path / "text.toml"
    own.write_text(
        'title = "t"\nways = ["way1"]\nscreening = { way = "way2" }\n'
        '[[stage]]\nname = "u"\ntitle = "U"\ntables = ["II"]\nfeatures = ["best(text)", "next(audio)"]\n'
    )
    with pytest.raises(
        SweepError, match=r"(?s)'text' has no feature set .*best\(text\): .*next\(audio\): .* besides 'rms'"
    ):
        expand(load_space(str(own)), Resolution(modalities={"rms": "audio"}))


def test_a_space_without_a_baseline_has_no_baseline_rows():
    space = load_space("paper").model_copy(update={"baseline": None})
    assert expand_baseline(space, Resolution(modalities=MUSE)).rows == ()


@pytest.mark.parametrize("name", ["protocol", "smoke"])
@pytest.mark.parametrize("feature", ["vggish", "fau", "bert"])
def test_the_spaces_by_roles_run_on_a_single_feature(name, feature):
    only = {feature: MUSE[feature]}
    assert expand(load_space(name), _known(only, PLACES)).resolved
