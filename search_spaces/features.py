"""The features we know by name (one row each) and the spelling of feature sets: "vggish+fau+bert~".

A term is a feature, or a feature with "~" for its PCA reduction (the paper's overline). A feature set is an ordered
fusion of terms. A data set may hold features that have no row here; then its tree must say their modality.
"""

import re
from dataclasses import dataclass
from functools import cache

from search_spaces.corpus import Modality
from search_spaces.errors import SweepError

REDUCED = "~"
JOIN = "+"
NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
"""What a feature may be called: lower case, no sign that the grammar, a file name or a table could trip over."""
ROLE_WORDS = ("best", "better", "next", "rest")
"""What no feature may be called: in a space these are roles, see `search_spaces.slots`."""


@dataclass(frozen=True)
class Feature:
    """One extractor's output."""

    name: str
    title: str  # as the paper prints it
    modality: Modality
    width: int  # columns in the real package (facts); a tree may differ, e.g. a sample
    aliases: tuple[str, ...] = ()  # other folder names seen on disk


CATALOGUE: tuple[Feature, ...] = (  # in the order of the paper's Table I
    Feature("deepspectrum", "DeepSpectrum", "audio", 4096, ("ds",)),
    Feature("vggish", "VGGish", "audio", 128),
    Feature("egemaps", "eGeMAPS", "audio", 88),
    Feature("xception", "Xception", "video", 2048),
    Feature("vggface", "VGGFace", "video", 512, ("vggface2",)),
    Feature("fau", "FAU", "video", 35, ("au", "fau_intensity", "faus")),
    Feature("bert", "BERT", "text", 768, ("bert-4",)),
)


@dataclass(frozen=True, order=True)
class Term:
    """A feature, raw or reduced by PCA."""

    feature: str
    reduced: bool = False

    def __str__(self) -> str:
        return self.feature + REDUCED * self.reduced


def parse_term(text: str) -> Term:
    """The term that a spelling means: "bert~" is bert after PCA.

    Raises:
        SweepError: not a feature name followed by at most one "~".
    """
    name = text.removesuffix(REDUCED)
    if not NAME.fullmatch(name):
        raise SweepError(
            f"Feature {text!r} is misspelled: expected lower-case letters, digits, '_', '.' or '-', "
            f"then '{REDUCED}' for its PCA reduction, like 'bert' or 'bert{REDUCED}'."
        )
    return Term(name, text.endswith(REDUCED))


@cache
def parse_feature_set(text: str) -> tuple[Term, ...]:
    """The terms of a feature set, in order of fusion.

    Raises:
        SweepError: an empty or misspelled term, or a term that stands twice.

    Example:
        >>> [str(term) for term in parse_feature_set("vggish+bert~")]
        ['vggish', 'bert~']
    """
    terms = tuple(parse_term(part) for part in text.split(JOIN))
    twice = sorted({str(term) for term in terms if terms.count(term) > 1})
    if twice:
        raise SweepError(f"Feature set {text!r} names {twice[0]!r} twice; each feature can be fused once.")
    return terms


def format_feature_set(terms: tuple[Term, ...]) -> str:
    """The one spelling of a feature set; the inverse of `parse_feature_set`."""
    return JOIN.join(str(term) for term in terms)


def title(name: str) -> str:
    """A feature's name as the paper prints it, or the name itself where it has no row."""
    return next((feature.title for feature in CATALOGUE if feature.name == name), name)
