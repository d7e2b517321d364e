"""The spelling of feature sets, and the catalogue of the features known by name."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search_spaces.corpus import MODALITIES
from search_spaces.errors import SweepError
from search_spaces.features import (
    CATALOGUE,
    NAME,
    Term,
    format_feature_set,
    parse_feature_set,
    parse_term,
    title,
)

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no defect
TERMS = st.builds(Term, st.from_regex(NAME, fullmatch=True), st.booleans())


@CALM
@given(st.lists(TERMS, min_size=1, max_size=7, unique=True).map(tuple))
def test_a_feature_set_survives_being_written_and_read(terms):
    assert parse_feature_set(format_feature_set(terms)) == terms


@CALM
@given(st.text() | st.text("ab~+._-1", max_size=12))
def test_any_text_is_a_feature_set_in_its_one_spelling_or_a_users_mistake(text):
    try:
        terms = parse_feature_set(text)
    except SweepError:
        return
    assert format_feature_set(terms) == text


@pytest.mark.parametrize("text", ["", "~", "bert~~", "Bert", "be rt", "bert\n", "-bert", "bert/1", "a" * 65, "bért"])
def test_a_misspelled_term_is_refused_with_an_example(text):
    with pytest.raises(SweepError, match=r"is misspelled: expected .* like 'bert' or 'bert~'"):
        parse_term(text)


def test_a_feature_may_be_fused_with_its_own_reduction_but_not_with_itself():
    assert parse_feature_set("bert+bert~") == (Term("bert"), Term("bert", True))
    with pytest.raises(SweepError, match=r"'fau\+bert~\+bert~' names 'bert~' twice"):
        parse_feature_set("fau+bert~+bert~")


def test_the_catalogue_is_table_one_with_one_meaning_a_name():
    names = [name for feature in CATALOGUE for name in (feature.name, *feature.aliases)]
    assert len(set(names)) == len(names)
    assert all(NAME.fullmatch(name) for name in names)
    assert {feature.modality for feature in CATALOGUE} == set(MODALITIES)
    paper = {  # Table I
        "DeepSpectrum": 4096,
        "VGGish": 128,
        "eGeMAPS": 88,
        "Xception": 2048,
        "VGGFace": 512,
        "FAU": 35,
        "BERT": 768,
    }
    assert paper.items() <= {feature.title: feature.width for feature in CATALOGUE}.items()


def test_a_title_is_the_papers_or_the_name_itself():
    assert (title("egemaps"), title("phash")) == ("eGeMAPS", "phash")
