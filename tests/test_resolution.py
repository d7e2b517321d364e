"""What roles become: by hand, by the paper's own figures, and on data sets with fewer features."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search_spaces.corpus import MODALITIES
from search_spaces.errors import SweepError
from search_spaces.features import CATALOGUE
from search_spaces.resolution import Resolution, UnfillableError, candidates, decide_better, figure, resolve, screen

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no defect
MUSE = {feature.name: feature.modality for feature in CATALOGUE}
# Places inside a modality as the paper found or used them: VGGish, FAU and BERT win, then eGeMAPS and VGGFace.
PLACES = {"vggish": 3, "egemaps": 2, "deepspectrum": 1, "fau": 3, "vggface": 2, "xception": 1, "bert": 1}
SCREENED = screen({name: place / 10 for name, place in PLACES.items()}, MUSE)
TABLE_II = {  # the paper's unimodal rows, percent: arousal Way1…6, valence Way1…6
    "vggish": ([17.42, 31.35, 26.28, 34.67, 37.74, 21.62], [18.08, 26.83, 17.94, 31.72, 32.47, 17.29]),
    "fau": ([14.19, 26.27, 26.28, 27.45, 36.30, 26.40], [14.78, 24.65, 23.26, 27.14, 30.75, 28.01]),
    "bert": ([18.29, 30.26, 26.72, 26.41, 26.40, 26.40], [16.97, 31.31, 20.78, 24.66, 23.36, 24.87]),
    "vggish~": ([17.85, 30.11, 26.41, 34.32, 36.14, 26.40], [20.06, 31.59, 17.41, 30.59, 31.38, 17.55]),
    "fau~": ([14.17, 26.28, 26.42, 26.53, 29.72, 26.40], [14.89, 24.72, 23.30, 25.40, 25.44, 26.55]),
    "bert~": ([19.12, 34.78, 26.40, 35.03, 26.49, 31.67], [17.03, 32.38, 23.34, 25.85, 23.49, 23.30]),
}
PAPER_FIGURES = {name: figure({"arousal": row[0], "valence": row[1]}) for name, row in TABLE_II.items()}


def test_a_figure_is_the_mean_over_targets_of_the_best_way():
    assert figure({"arousal": [0.25, 0.5], "valence": [0.25, 0.125]}) == 0.375  # (0.5 + 0.25) / 2


def test_the_papers_figures_give_the_papers_choice_between_raw_and_reduced():
    better = decide_better(SCREENED, PAPER_FIGURES).better
    assert better == {"audio": "vggish", "video": "fau", "text": "bert~"}  # paper IV-D: only BERT gains


@pytest.mark.parametrize(
    ("slot", "features"),
    [
        ("best(audio)", "vggish"),
        ("best(video)~", "fau~"),
        ("better(audio)+better(text)", "vggish+bert~"),
        ("next(audio)~", "egemaps~"),
        ("next(video)", "vggface"),
        ("rest~", "xception~+vggface~+deepspectrum~+egemaps~"),
        ("fau+bert~", "fau+bert~"),
    ],
)
def test_a_slot_becomes_the_feature_set_its_roles_stand_for(slot, features):
    assert resolve(slot, decide_better(SCREENED, PAPER_FIGURES)) == features


def test_a_role_is_open_until_it_was_measured():
    before = Resolution(modalities=MUSE)
    assert [resolve(slot, before) for slot in ("best(audio)", "rest~", "better(text)", "fau")] == [
        None,
        None,
        None,
        "fau",
    ]
    assert [resolve(slot, SCREENED) for slot in ("best(audio)", "better(text)+fau")] == ["vggish", None]


def test_ties_go_to_the_first_name_and_to_the_raw_feature():
    level = screen(dict.fromkeys(MUSE, 0.3), MUSE)
    assert level.ranking("audio") == ("deepspectrum", "egemaps", "vggish")
    assert decide_better(level, {"bert": 0.3, "bert~": 0.3}).better == {"text": "bert"}


def test_better_needs_both_figures_and_stays_as_it_was_decided():
    assert decide_better(SCREENED, {"bert~": 0.4, "fau": 0.3}).better == {}
    decided = decide_better(SCREENED, {"bert": 0.3, "bert~": 0.4})
    assert decide_better(decided, {"bert": 0.5, "bert~": 0.4}) == decided


def test_a_feature_without_a_figure_stops_the_screening():
    with pytest.raises(SweepError, match="no figure for bert, fau"):
        screen({name: 0.1 for name in MUSE if name not in ("fau", "bert")}, MUSE)


@pytest.mark.parametrize(
    ("slot", "reason"),
    [
        ("best(text)", "has no text feature"),
        ("fau+better(text)", "has no text feature"),
        ("next(video)~", "has no video feature besides 'fau'"),
        ("rest~", "none is left"),
    ],
)
@pytest.mark.parametrize("figures", [{}, {"fau": 0.2, "rms": 0.1}])
def test_a_data_set_that_lacks_what_a_role_asks_for_says_so_before_and_after_the_screening(slot, reason, figures):
    small = Resolution(modalities={"fau": "video", "rms": "audio"}, figures=figures)
    with pytest.raises(UnfillableError, match=reason):
        resolve(slot, small)


def test_a_slot_that_would_fuse_one_feature_twice_is_unfillable():
    with pytest.raises(UnfillableError, match=r"'vggish\+vggish', which fuses one feature twice"):
        resolve("vggish+best(audio)", SCREENED)
    assert resolve("best(audio)+best(audio)~", SCREENED) == "vggish+vggish~"


def test_candidates_are_every_outcome_of_better_in_order_raw_first():
    assert candidates("better(audio)+better(text)+next(video)~", SCREENED) == (
        "vggish+bert+vggface~",
        "vggish+bert~+vggface~",
        "vggish~+bert+vggface~",
        "vggish~+bert~+vggface~",
    )
    assert candidates("best(audio)+better(audio)", SCREENED) == ("vggish+vggish~",)
    assert candidates("fau+bert~", Resolution(modalities=MUSE)) == ("fau+bert~",)


def test_candidates_of_a_role_before_the_screening_are_a_bug_of_the_caller():
    with pytest.raises(ValueError, match="known only after the screening"):
        candidates("best(audio)", Resolution(modalities=MUSE))


FIGURES = st.floats(0, 1)
DATA_SETS = st.dictionaries(st.sampled_from("abcdefgh"), st.tuples(st.sampled_from(MODALITIES), FIGURES), min_size=1)
SLOT = "better(audio)+better(video)+better(text)+rest~"


@CALM
@given(DATA_SETS, st.lists(FIGURES, min_size=16, max_size=16))
def test_what_a_slot_becomes_was_among_its_candidates_and_does_not_depend_on_order(data_set, measured):
    modalities = {name: modality for name, (modality, _) in data_set.items()}
    screened = screen({name: value for name, (_, value) in data_set.items()}, modalities)
    figures = dict(zip((n + cut for n, cut in itertools.product("abcdefgh", ("", "~"))), measured, strict=True))
    known = decide_better(screened, figures)
    assert candidates(SLOT, known) == candidates(SLOT, screened)
    backwards = Resolution(modalities=dict(reversed(modalities.items())), figures=known.figures, better=known.better)
    try:
        features = resolve(SLOT, known)
    except UnfillableError:
        assert candidates(SLOT, screened) == ()
        return
    assert features in candidates(SLOT, screened)
    assert features == resolve(SLOT, backwards)


@CALM
@given(DATA_SETS)
def test_a_resolution_survives_json(data_set):
    modalities = {name: modality for name, (modality, _) in data_set.items()}
    resolution = screen({name: value for name, (_, value) in data_set.items()}, modalities)
    assert Resolution.model_validate_json(resolution.model_dump_json()) == resolution
