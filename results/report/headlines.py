"""What a run says, in plain words: a headline a target and the sentences below it."""

from collections.abc import Iterator
from dataclasses import dataclass

from results._cells import percent
from results.conclusions import conclusions, fusion_name
from results.findings import Findings
from results.records import TrialRecord
from results.report.cell_facts import joint_of, probe_of, references_of
from results.report.material import Material
from results.run_results import RunResults
from results.select import ranked
from results.summary import is_collapsed, summarize
from search_spaces.stages import BASELINE_WAY


@dataclass(frozen=True)
class Headline:
    """What is to be said of one target first.

    Attributes:
        target: which.
        cell: the leading cell, "" before there is one.
        figure: its F1, mean over seeds: "42.55".
        spread: "± 2.34 over 3 seeds; 37.43 corrected".
        sentences: in reading order.
    """

    target: str
    cell: str
    figure: str
    spread: str
    sentences: tuple[str, ...]


def headlines(material: Material) -> Iterator[Headline]:
    """One a target, of whatever there is by now."""
    for target in material.results.targets:
        order = ranked(material.results.records, target)
        found = next((each for each in material.results.findings if each.target == target), None)
        sentences = tuple(_sentences(material.results, target, order, found))
        if order:
            yield Headline(target, str(order[0].cell.branches[0]), *_figure(order[0], found), sentences)
        else:
            yield Headline(target, "", "", "", sentences)


def _figure(record: TrialRecord, found: Findings | None) -> tuple[str, str]:
    summary = summarize(record)
    seeds = f"{len(summary.seeds)} seeds" if len(summary.seeds) > 1 else "one seed"
    spread = seeds if summary.std is None else f"± {percent(summary.std)} over {seeds}"
    best = found.best if found is not None else None
    if best is not None and best.cell == record.cell:
        spread += f"; {percent(best.corrected)} corrected"
    return percent(summary.mean), spread


def _sentences(
    results: RunResults, target: str, order: tuple[TrialRecord, ...], found: Findings | None
) -> Iterator[str]:
    if not order:
        yield "No cell can be ranked yet."
        return
    if found is None:
        yield from _so_far(results, target, order)
    else:
        yield from (_capital(sentence.removeprefix(f"{target}: ")) for sentence in conclusions(found))
    yield from _references(results, target, order)
    yield from _collapsed(results, target)
    if found is not None:
        yield from _fusions(found)
    yield from _test(results, target)


def _so_far(results: RunResults, target: str, order: tuple[TrialRecord, ...]) -> Iterator[str]:
    best, *others = (summarize(record).mean for record in order)
    holes = (hole.cell for hole in results.holes if hole.cell.target == target)
    open_cells = sum(len(cell.branches) == 1 and cell.branches[0].way != BASELINE_WAY for cell in holes)
    others_open = f"; cells without a figure yet: {open_cells}" if open_cells else ""
    yield f"The best of {len(order)} ranked cells has F1 {percent(best)}{others_open}."
    if others:
        second = order[1].cell.branches[0]
        yield f"The next, {second}, is {percent(best - others[0])} points below it."
    why = results.no_findings or "statistics are computed when the grid of a target is complete"
    yield f"Whether that is separable is not known: {why.rstrip('.')}."


def _references(results: RunResults, target: str, order: tuple[TrialRecord, ...]) -> Iterator[str]:
    probe, known = probe_of(results, target), {score.name: score for score in references_of(results, target)}
    if probe is not None:
        above = sum(summarize(record).mean > probe for record in order)
        many = f"{above} of {len(order)} cells stand" if above > 1 else f"one of {len(order)} cells stands"
        count = many if above else f"none of {len(order)} cells stands"
        yield _capital(f"{count} above the linear probe on segment statistics, which has {percent(probe)}.")
    if "constant" in known and "stratified" in known:
        constant, random = percent(known["constant"].devel), percent(known["stratified"].devel)
        yield f"Always the majority class scores {constant}, random by class shares {random}."


def _collapsed(results: RunResults, target: str) -> Iterator[str]:
    count = sum(record.cell.target == target and is_collapsed(record) for record in results.records)
    if count:
        yield f"Not ranked, because collapsed: {count} {'cells' if count > 1 else 'cell'}."


def _fusions(found: Findings) -> Iterator[str]:
    for fusion in found.fusions:
        mean = sum(scores.macro_f1 for scores in fusion.devel) / len(fusion.devel)
        yield (
            f"Late fusion, {fusion_name(fusion)}: {percent(mean)}, corrected for the choice of its members "
            f"{percent(fusion.corrected)}."
        )


def _test(results: RunResults, target: str) -> Iterator[str]:
    scored = {test.entry: test.scores for test in results.tests if test.target == target}
    known = {entry: scores.macro_f1 for entry, scores in scored.items() if scores is not None}
    if "multitask" in known:
        beside = f", the official baseline's network {percent(known['baseline'])}" if "baseline" in known else ""
        yield f"On test, opened once, the multitask run has {percent(known['multitask'])}{beside}."
    elif scored:
        yield "The test labels are not given, so nothing is said of test."
    elif joint_of(results, target) is not None:
        yield "Test is evaluated once, after the multitask run."


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
