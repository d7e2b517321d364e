"""The spelling of slots: feature sets whose terms may be roles, like "best(audio)+bert~+rest~".

A role stands for a feature that is not known until something was measured, so that one space fits any data set:

    best(audio)    the winner of the screening among the audio features
    next(audio)    its runner-up
    better(audio)  the winner, raw or reduced, whichever did better in an earlier stage of the grid
    rest           every feature that is not the best of its modality

"~" reduces what a role stands for, as it does a feature; better(…) chooses that by itself. This module knows the
spelling only; what a role becomes is `search_spaces.resolution`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import TypeAlias

from search_spaces.corpus import MODALITIES, Modality
from search_spaces.errors import SweepError, unknown
from search_spaces.features import JOIN, REDUCED, Term, parse_term

REST = "rest"
_CALL = re.compile(r"([^()]*)\(([^()]*)\)(.*)", re.DOTALL)


class Kind(Enum):
    """What a role asks of its modality."""

    BEST = "best"
    BETTER = "better"
    NEXT = "next"


@dataclass(frozen=True)
class Role:
    """One feature of a modality, by its place in the measurements."""

    kind: Kind
    modality: Modality
    reduced: bool = False  # never with BETTER, which chooses

    def __str__(self) -> str:
        return f"{self.kind.value}({self.modality}){REDUCED * self.reduced}"


@dataclass(frozen=True)
class Rest:
    """Every feature that is not the best of its modality."""

    reduced: bool = False

    def __str__(self) -> str:
        return REST + REDUCED * self.reduced


SlotTerm: TypeAlias = Term | Role | Rest
"""A feature by its name, or a role."""

_SPELLINGS = (*(f"{kind.value}(…)" for kind in Kind), REST)


@cache
def parse_slot(text: str) -> tuple[SlotTerm, ...]:
    """The terms of a slot, in order of fusion.

    Raises:
        SweepError: an empty or misspelled term, an unknown role or modality, or a term that stands twice.

    Example:
        >>> [str(term) for term in parse_slot("best(audio)+bert~+rest~")]
        ['best(audio)', 'bert~', 'rest~']
    """
    terms = tuple(_parse_slot_term(part) for part in text.split(JOIN))
    twice = sorted({str(term) for term in terms if terms.count(term) > 1})
    if twice:
        raise SweepError(f"Feature set {text!r} names {twice[0]!r} twice; each feature can be fused once.")
    return terms


def format_slot(terms: Iterable[SlotTerm]) -> str:
    """The one spelling of a slot; the inverse of `parse_slot`."""
    return JOIN.join(str(term) for term in terms)


def _parse_slot_term(text: str) -> SlotTerm:
    call = _CALL.fullmatch(text)
    if call:
        return _parse_role(text, *call.groups())
    word = text.removesuffix(REDUCED)
    if word == REST:
        return Rest(text.endswith(REDUCED))
    if word in {kind.value for kind in Kind}:
        raise SweepError(f"Role {text!r} lacks its modality: expected one of {_calls(word)}.")
    return parse_term(text)


def _parse_role(text: str, word: str, modality: str, tail: str) -> Role:
    kind = next((kind for kind in Kind if kind.value == word), None)
    if kind is None:
        raise unknown("Role", f"{word}(…)", _SPELLINGS)
    known = next((known for known in MODALITIES if known == modality), None)
    if known is None:
        raise unknown("Modality", modality, MODALITIES)
    if tail not in ("", REDUCED):
        raise SweepError(f"Role {text!r} is misspelled: expected '{REDUCED}' or nothing after ')', found {tail!r}.")
    if kind is Kind.BETTER and tail:
        raise SweepError(f"Role {text!r} has a '{REDUCED}' too many: better(…) itself chooses between raw and reduced.")
    return Role(kind, known, bool(tail))


def _calls(word: str) -> str:
    return ", ".join(f"{word}({modality})" for modality in MODALITIES)
