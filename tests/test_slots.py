"""The grammar of slots: every spelling has one meaning, every meaning one spelling, and nothing else gets through."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search_spaces.corpus import MODALITIES
from search_spaces.errors import SweepError
from search_spaces.features import NAME, Term
from search_spaces.slots import REST, Kind, Rest, Role, format_slot, parse_slot

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no defect
WORDS = {*(kind.value for kind in Kind), REST}
NAMES = st.from_regex(NAME, fullmatch=True).filter(lambda name: name not in WORDS)
TERMS = st.builds(Term, NAMES, st.booleans())
ROLES = st.builds(
    Role, st.sampled_from([Kind.BEST, Kind.NEXT]), st.sampled_from(MODALITIES), st.booleans()
) | st.builds(Role, st.just(Kind.BETTER), st.sampled_from(MODALITIES))
SLOTS = st.lists(TERMS | ROLES | st.builds(Rest, st.booleans()), min_size=1, max_size=6, unique=True).map(tuple)


@CALM
@given(SLOTS)
def test_a_slot_survives_being_written_and_read(slot):
    assert parse_slot(format_slot(slot)) == slot


@CALM
@given(st.text() | st.text("abest()~+rudio", max_size=20) | st.from_regex(r"[a-z]*\([a-z]*\)~*\+?.*"))
def test_any_text_is_a_slot_in_its_one_spelling_or_a_users_mistake(text):
    try:
        slot = parse_slot(text)
    except SweepError:
        return
    assert format_slot(slot) == text


def test_names_and_roles_mix_in_order():
    assert parse_slot("bert~+best(audio)~+better(video)+next(text)+rest~+rest") == (
        Term("bert", True),
        Role(Kind.BEST, "audio", True),
        Role(Kind.BETTER, "video"),
        Role(Kind.NEXT, "text"),
        Rest(True),
        Rest(),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("worst(audio)", r"Role 'worst\(…\)' is unknown. Known: best\(…\), better\(…\), next\(…\), rest."),
        ("best(smell)", "Modality 'smell' is unknown. Known: audio, text, video."),
        ("best( audio)", "Modality ' audio' is unknown"),
        ("best", r"Role 'best' lacks its modality: expected one of best\(audio\), best\(video\), best\(text\)"),
        ("next~", "Role 'next~' lacks its modality"),
        ("best(audio)~~", "expected '~' or nothing after '\\)', found '~~'"),
        ("better(audio)~", "'~' too many: better"),
        ("best(audio", r"Feature 'best\(audio' is misspelled"),
        ("vggish+", "Feature '' is misspelled"),
        ("best(audio)+best(audio)", r"names 'best\(audio\)' twice"),
        ("rest~+fau+rest~", "names 'rest~' twice"),
    ],
)
def test_a_misspelled_slot_says_what_was_expected(text, message):
    with pytest.raises(SweepError, match=message):
        parse_slot(text)
