"""What the statistics come to, in sentences: the same below Table V and at the top of the report."""

from collections.abc import Iterator

from results._cells import MINUS, percent, signed
from results.findings import BestOfMany, Comparison, Findings, LateFusion

RULES = {"top": "mean of the best", "greedy": "greedy selection"}


def conclusions(findings: Findings) -> tuple[str, ...]:
    """The sentences of one target, in reading order."""
    return tuple(_sentences(findings))


def fusion_name(fusion: LateFusion) -> str:
    """How a late fusion chose its members: "mean of the best 5"."""
    return f"{RULES[fusion.rule]} {len(fusion.members)}" if fusion.rule == "top" else RULES[fusion.rule]


def _sentences(found: Findings) -> Iterator[str]:
    target = found.target
    if found.left_out:
        many = f"{len(found.left_out)} cells are" if len(found.left_out) > 1 else f"{found.left_out[0]} is"
        yield f"{target}: {many} left out of these statistics: their predictions are lost, as `sweep status` says."
    if found.best is not None:
        yield f"{target}: {_best(found.best)}"
    if found.against_best:
        yield f"{target}: {_separable(found)}"
    if found.multitask is not None:
        yield f"{target}: multitask {_against(found.multitask)} its main cell alone."
    if found.ranks is not None:
        alike = "the Ways differ" if found.ranks.p < 0.05 else "the Ways cannot be told apart"
        sets = found.ranks.feature_sets
        yield f"{target}: {alike} over {sets} feature sets (Friedman's test, p {_p(found.ranks.p)})."


def _best(best: BestOfMany) -> str:
    luck = percent(best.naive - best.corrected).replace("-", MINUS)
    return (
        f"the best of {best.candidates} cells, {best.cell.branches[0]}, has F1 {percent(best.naive)}; corrected for "
        f"having been chosen on the same segments {percent(best.corrected)}, {luck} less. "
        f"It wins in {100 * best.chosen:.0f} % of resamples of the videos."
    )


def _separable(found: Findings) -> str:
    others = len(found.against_best)
    alike = sum(not each.separable for each in found.against_best)
    runner_up = found.against_best[0]
    every = found.best is None or others == found.best.candidates - 1
    whom = f"{others} others" if every else f"the {others} next best"
    all_of_them = "every other cell" if every else whom
    said = f"is separable from {all_of_them}" if alike == 0 else f"is not separable from {alike} of {whom}"
    return (
        f"the best cell {said}; from the runner-up, {runner_up.other.branches[0]}, it differs by "
        f"{_difference(runner_up)} (videos swapped at random, {found.videos} videos, Holm)."
    )


def _against(compared: Comparison) -> str:
    verdict = "is separable from" if compared.separable else "is not separable from"
    return f"differs by {_difference(compared)} and {verdict}"


def _difference(compared: Comparison) -> str:
    low, high = signed(compared.low), signed(compared.high)
    return f"{signed(compared.difference)} [{low}, {high}], p {_p(compared.p_adjusted)}"


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"
