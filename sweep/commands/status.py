"""`sweep status`: how far a run is, read from its study; changes nothing."""

import json
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from results.records import Hole, TrialRecord
from results.select import ranked
from results.summary import summarize
from sweep.collect import Progress, progress, run_results
from sweep.lock import Holder, holder
from sweep.lost_predictions import Lost, lost
from sweep.opened import open_run, open_studies
from sweep.pace import clock
from sweep.plain import tell

_BEST = 3


@dataclass(frozen=True)
class _Status:
    """What is shown, in one place for both forms."""

    run: str
    space: str
    progress: Progress
    best: dict[str, tuple[TrialRecord, ...]]
    holder: Holder | None
    lost: tuple[Lost, ...]


def status(path: Path, as_json: bool, console: Console) -> None:
    """Prints counts per state, the best cells of each target, and every failure with its reason.

    Raises:
        SweepError: no run, or a damaged one.
    """
    folder, identity = open_run(path)
    with open_studies(folder) as studies:
        results = run_results(folder, identity, studies)
        best = {target: ranked(results.records, target)[:_BEST] for target in results.targets}
        known, missing = progress(identity, studies), lost(folder, studies)
        found = _Status(folder.name, identity.space.name, known, best, holder(folder), missing)
    if as_json:
        console.out(json.dumps(_plain(found), indent=1, ensure_ascii=False), highlight=False)
    else:
        _print(found, console)


def _print(found: _Status, console: Console) -> None:
    known = found.progress
    counts = ", ".join(f"{count} {state}" for state, count in _counts(known).items() if count)
    counts = counts or "no cell is known yet"
    more = f"; {known.rows_open} feature sets depend on results still to come" if known.rows_open else ""
    took = clock(sum(cost.wall_s for cost in known.costs.values()))
    tell(console, f"Run {found.run} (space {found.space}): {counts}{more}.")
    tell(console, f"Training so far: {took} of one worker.")
    working = f"{found.holder} is working on it." if found.holder else "Nobody is working on it."
    tell(console, working)
    for target, records in found.best.items():
        if records:
            console.print(_best(target, records))
    for hole in _failures(known):
        tell(console, f"failed: {hole.cell}: {hole.reason}")
    for each in found.lost:
        tell(console, f"predictions lost: {each}")
    if found.lost:
        tell(console, "What they scored is kept. `sweep resume RUN --retry-failed` makes the predictions again.")


def _counts(known: Progress) -> dict[str, int]:
    counts = {"done": known.done, "running": 0, "pending": 0, "failed": 0}
    for hole in known.holes:
        counts[hole.state] += 1
    return counts


def _failures(known: Progress) -> list[Hole]:
    return [hole for hole in known.holes if hole.state == "failed"]


def _best(target: str, records: tuple[TrialRecord, ...]) -> Table:
    table = Table(title=f"Best of {target}, macro-F1 on devel in %", title_justify="left")
    table.add_column("features")
    table.add_column("Way")
    for name in ("mean", "std", "best seed"):
        table.add_column(name, justify="right")
    for record in records:
        summary, branch = summarize(record), record.cell.branches[0]
        std = f"{100 * summary.std:.2f}" if summary.std is not None else "-"
        table.add_row(branch.features, branch.way, f"{100 * summary.mean:.2f}", std, f"{100 * summary.best:.2f}")
    return table


def _plain(found: _Status) -> dict[str, object]:
    known = found.progress
    return {
        "run": found.run,
        "space": found.space,
        "cells": _counts(known),
        "feature_sets_open": known.rows_open,
        "trained_s": round(sum(cost.wall_s for cost in known.costs.values()), 1),
        "coordinator": found.holder.model_dump() if found.holder else None,
        "best": {
            target: [{"cell": str(record.cell), "macro_f1": summarize(record).mean} for record in records]
            for target, records in found.best.items()
        },
        "failed": [{"cell": str(hole.cell), "reason": hole.reason} for hole in _failures(known)],
        "predictions_lost": [{"cell": str(each.cell), "reason": each.reason} for each in found.lost],
    }
