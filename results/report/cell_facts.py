"""The cells of a run's grid as figures and tooltips need them: a value or the reason for none, and the words."""

from dataclasses import dataclass

from results._cells import percent
from results.findings import CellInterval
from results.records import Branch, Cell, TrialRecord
from results.report.material import Material
from results.run_results import ReferenceScore, RunResults
from results.select import ranked
from results.summary import collapse, summarize
from search_spaces.printable import one_line

REFERENCES = {"logistic": "linear probe", "stratified": "random", "constant": "constant"}
"""Short names for figures, in the order in which they usually stand."""


@dataclass(frozen=True)
class CellFacts:
    """One cell of the grid.

    Attributes:
        cell: which.
        value: mean devel macro-F1 over seeds; None where it has no figure or has collapsed.
        seeds: the F1 of every seed; () where there is no record.
        why: why there is no value; "" where there is one.
    """

    cell: Cell
    value: float | None
    seeds: tuple[float, ...]
    why: str


def single(target: str, features: str, way: str) -> Cell:
    """A cell of one branch."""
    return Cell(target=target, branches=(Branch(features=features, way=way),))


def kind_of(cell: Cell) -> str:
    """The Way of a cell, or "multitask"."""
    return "multitask" if len(cell.branches) > 1 else cell.branches[0].way


def facts_of(results: RunResults, cell: Cell) -> CellFacts:
    """What is known of one cell of the grid by now."""
    record = results.record(cell)
    if record is None:
        hole = next((hole for hole in results.holes if hole.cell == cell), None)
        words = (hole.state, one_line(hole.reason)) if hole else ("pending", "")
        return CellFacts(cell, None, (), ": ".join(word for word in words if word))
    summary, collapsed = summarize(record), collapse(record)
    if collapsed is not None:
        return CellFacts(cell, None, summary.macro_f1, f"collapsed at {percent(summary.mean)}: {collapsed}")
    return CellFacts(cell, summary.mean, summary.macro_f1, "")


def tip(material: Material, facts: CellFacts) -> str:
    """What a part of a figure stands for, line by line."""
    results, branch = material.results, facts.cell.branches[0]
    lines = [f"{facts.cell.target}: {branch.features}, {branch.way}"]
    record = results.record(facts.cell)
    if facts.why:
        lines.append(facts.why)
    if record is not None:
        lines += _record_lines(results, record)
    cost = material.standing.costs.get(str(facts.cell))
    if cost is not None:
        lines.append(f"trained in {cost.wall_s:.1f} s")
    return "\n".join(lines)


def _record_lines(results: RunResults, record: TrialRecord) -> list[str]:
    summary = summarize(record)
    spread = "" if summary.std is None else f" ± {percent(summary.std)}"
    seeds = ", ".join(map(percent, summary.macro_f1))
    lines = [f"F1 {percent(summary.mean)}{spread} (seeds: {seeds})"]
    interval = interval_of(results, record.cell)
    if interval is not None:
        lines.append(f"with other videos {percent(interval.low)} to {percent(interval.high)}")
    return lines


def interval_of(results: RunResults, cell: Cell) -> CellInterval | None:
    """A cell's interval, where the statistics are there."""
    found = (each for findings in results.findings for each in findings.intervals)
    return next((each for each in found if each.cell == cell), None)


def references_of(results: RunResults, target: str) -> tuple[ReferenceScore, ...]:
    """The reference predictors of a target, those with a short name, best known first."""
    known = {score.name: score for score in results.references if score.target == target}
    return tuple(known[name] for name in REFERENCES if name in known)


def probe_of(results: RunResults, target: str) -> float | None:
    """The linear probe's devel F1."""
    return next((score.devel for score in references_of(results, target) if score.name == "logistic"), None)


def joint_of(results: RunResults, target: str) -> Cell | None:
    """The multitask cell of a target, trained or not; None before the selection."""
    cells = [record.cell for record in results.multitask] + [hole.cell for hole in results.holes]
    return next((cell for cell in cells if cell.target == target and len(cell.branches) > 1), None)


def selected(results: RunResults, target: str) -> tuple[tuple[str, TrialRecord], ...]:
    """The cells that were selected and have a record, each with what it is: best, runner-up, multitask."""
    joint = joint_of(results, target)
    if joint is None:
        best = ranked(results.records, target)[:2]
        return tuple(zip(("best cell", "second"), best, strict=False))
    cells = [single(target, branch.features, branch.way) for branch in joint.branches]
    found = [(role, results.record(cell)) for role, cell in zip(("main", "related"), cells, strict=True)]
    found.append(("multitask", next((record for record in results.multitask if record.cell == joint), None)))
    return tuple((role, record) for role, record in found if record is not None)
