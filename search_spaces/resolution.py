"""What is known of a data set at some moment of a run, and the feature sets that slots become by it.

First only the features are known. The screening ranks them inside each modality, which settles best, next and rest;
the stage that trains a winner both raw and reduced settles better. Values in, values out: what to train, and when, is
the run's own business, which records the Resolution so that it can be read again.

Ties are broken the same way everywhere: in the screening the name that sorts first wins; between a feature and its
reduction the raw one wins, since it needs no further step.
"""

import contextlib
import itertools
from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import Literal

from pydantic import BaseModel, ConfigDict, FiniteFloat

from search_spaces.corpus import Modality
from search_spaces.errors import SweepError
from search_spaces.features import CATALOGUE, Term, format_feature_set, parse_term
from search_spaces.slots import Kind, Rest, Role, SlotTerm, parse_slot

REST_ORDER: tuple[Modality, ...] = ("video", "audio", "text")
"""Paper, Tables III and IV: Xception, VGGFace, DeepSpectrum, eGeMAPS; inside a modality as in Table I."""


class UnfillableError(SweepError):
    """A slot that no measurement can turn into a feature set of this data set; the message is the reason."""


class Resolution(BaseModel):
    """The features of a data set, and what was measured about them so far.

    Attributes:
        format: of this record.
        modalities: feature -> modality, every feature of the data set.
        figures: feature -> its figure in the screening; empty before the screening.
        better: modality -> the better of its winner and the winner's reduction ("vggish", "bert~"), where decided.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    modalities: dict[str, Modality]
    figures: dict[str, FiniteFloat] = {}
    better: dict[Modality, str] = {}

    @property
    def screened(self) -> bool:
        """Whether the screening has been done."""
        return bool(self.figures)

    def members(self, modality: Modality) -> tuple[str, ...]:
        """The features of one modality, in the order of the paper's Table I, then by name."""
        return tuple(sorted((name for name, of in self.modalities.items() if of == modality), key=_by_catalogue))

    def ranking(self, modality: Modality) -> tuple[str, ...]:
        """The features of one modality, best first, after the screening."""
        return tuple(sorted(self.members(modality), key=lambda name: (-self.figures[name], name)))


def figure(by_target: Mapping[str, Iterable[float]]) -> float:
    """What one row is judged by: its best Way per target, averaged over the targets.

    The paper judges a feature by its row of Table II and by both targets at once ("the quality of BERT~ is
    significantly improved, while the performance of the other two is just the opposite"); it does not say how. This
    reading gives the paper's three choices from the paper's own figures.

    Args:
        by_target: target -> mean devel macro-F1 of each cell of the row (the screening has one cell a target).
    """
    return fmean(max(cells) for cells in by_target.values())


def screen(figures: Mapping[str, float], modalities: Mapping[str, Modality]) -> Resolution:
    """What the screening settles.

    Args:
        figures: feature -> its `figure` with the screening's Way.
        modalities: feature -> modality, every feature that takes part.

    Raises:
        SweepError: a feature without a figure.
    """
    missing = sorted(modalities.keys() - figures.keys())
    if missing:
        raise SweepError(f"The screening is not complete: no figure for {', '.join(missing)}.")
    return Resolution(modalities=dict(modalities), figures={name: figures[name] for name in modalities})


def decide_better(resolution: Resolution, figures: Mapping[str, float]) -> Resolution:
    """The resolution with better(…) decided in every modality whose winner was measured raw and reduced.

    What is decided stays decided, so that a recorded choice cannot change under the cells that were trained by it.

    Args:
        resolution: what is known so far.
        figures: feature set -> its `figure`, of the rows that are complete.
    """
    better = dict(resolution.better)
    for modality in REST_ORDER if resolution.screened else ():
        for winner in resolution.ranking(modality)[:1]:
            raw, reduced = str(Term(winner)), str(Term(winner, reduced=True))
            if modality not in better and raw in figures and reduced in figures:
                better[modality] = reduced if figures[reduced] > figures[raw] else raw
    return resolution.model_copy(update={"better": better})


def resolve(slot: str, resolution: Resolution) -> str | None:
    """The feature set that a slot stands for, or None while one of its roles is not known yet.

    Raises:
        UnfillableError: the data set lacks what a role asks for, or one feature would be fused twice.
        SweepError: the slot is misspelled.
    """
    filled = [_fill(term, resolution) for term in parse_slot(slot)]
    known = [part for part in filled if part is not None]
    if len(known) < len(filled):
        return None
    terms = tuple(term for part in known for term in part)
    text = format_feature_set(terms)
    if len(set(terms)) < len(terms):
        raise UnfillableError(f"it becomes {text!r}, which fuses one feature twice")
    return text


def candidates(slot: str, resolution: Resolution) -> tuple[str, ...]:
    """Every feature set a slot can still become after the screening, whatever better(…) turns out to be.

    What was decided already is left aside, so that the choices of a study are the same from its first day to its last.

    Args:
        slot: as the space spells it.
        resolution: after the screening, where the slot has roles.

    Returns:
        Feature sets without duplicates, raw before reduced; none where the slot cannot be filled.
    """
    terms = parse_slot(slot)
    if not resolution.screened and not all(isinstance(term, Term) for term in terms):
        raise ValueError(f"The candidates of {slot!r} are known only after the screening.")
    open_roles = [term for term in terms if isinstance(term, Role) and term.kind is Kind.BETTER]
    winners = [(role.modality, winner) for role in open_roles for winner in resolution.ranking(role.modality)[:1]]
    found: list[str | None] = []
    for cuts in itertools.product((False, True), repeat=len(winners)):
        better = {modality: str(Term(winner, cut)) for (modality, winner), cut in zip(winners, cuts, strict=True)}
        with contextlib.suppress(UnfillableError):
            found.append(resolve(slot, resolution.model_copy(update={"better": better})))
    return tuple(dict.fromkeys(features for features in found if features is not None))


def _fill(term: SlotTerm, resolution: Resolution) -> tuple[Term, ...] | None:
    """The features a term stands for; None while that is not known."""
    match term:
        case Term():
            return (term,)
        case Rest(reduced):
            return _fill_rest(reduced, resolution)
        case Role(kind, modality, reduced):
            return _fill_role(kind, modality, reduced, resolution)


def _fill_rest(reduced: bool, resolution: Resolution) -> tuple[Term, ...] | None:
    if all(len(resolution.members(modality)) < 2 for modality in REST_ORDER):
        raise UnfillableError("every feature of the data set is the best of its modality, so that none is left")
    if not resolution.screened:
        return None
    return tuple(
        Term(name, reduced)
        for modality in REST_ORDER
        for name in resolution.members(modality)
        if name != resolution.ranking(modality)[0]
    )


def _fill_role(kind: Kind, modality: Modality, reduced: bool, resolution: Resolution) -> tuple[Term, ...] | None:
    members = resolution.members(modality)
    if not members:
        raise UnfillableError(f"the data set has no {modality} feature")
    if kind is Kind.NEXT and len(members) == 1:
        raise UnfillableError(f"the data set has no {modality} feature besides {members[0]!r}")
    if not resolution.screened:
        return None
    ranking = resolution.ranking(modality)
    match kind:
        case Kind.BEST:
            return (Term(ranking[0], reduced),)
        case Kind.NEXT:
            return (Term(ranking[1], reduced),)
        case Kind.BETTER:
            choice = resolution.better.get(modality)
            return None if choice is None else (parse_term(choice),)


def _by_catalogue(name: str) -> tuple[int, str]:
    known = [feature.name for feature in CATALOGUE]
    return (known.index(name) if name in known else len(known), name)
