"""How a run stands, as plain values: what `sweep status --json` prints. Keys may be added to it, none will change.

    run             the folder's name
    folder          its path; null where it is on another machine
    space           the space's name
    complete        whether everything is done and nobody is at work
    cells           how many are done, running, pending and failed; those that are known to be wanted by now
    feature_sets_open   feature sets that depend on results still to come
    joint_runs_open     targets whose multitask run is not selected yet
    trained_s       seconds of one worker that the cells done took
    eta_s           seconds until everything is done, from what was measured; null while nothing was, or nobody trains
    coordinator     the process at work: pid, host, since (ISO 8601, UTC); null where there is none
    running         of each cell under way: cell, attempt; of its last epoch seed, epoch, devel_f1, best_f1, else null
    best            target -> its best cells, best first: cell, macro_f1
    failed          of each cell that has failed: cell, reason, attempts
    every_cell      of each cell: cell, target, features, ways, state, attempts, reason; of those done, else null:
                    macro_f1, macro_f1_std, seeds, collapsed, wall_s
    predictions_lost    of each cell whose predictions cannot be read: cell, reason

F1 is macro-F1 on devel, as a fraction, mean over seeds. `cell` is spelled as everywhere: "arousal vggish+fau/way2".
"""

from collections import Counter
from collections.abc import Iterable

from pydantic import JsonValue

from results.records import Cell, Hole
from results.scored import Scored
from results.select import ranked
from results.summary import is_collapsed, summarize
from sweep.follow import Finished, Look, Underway
from sweep.lost_predictions import Lost
from sweep.seen_run import SeenRun

BEST = 3
"""Cells that are named for each target."""


def best_cells(look: Look, targets: Iterable[str]) -> dict[str, tuple[Scored, ...]]:
    """The best cells of each target's grid, best first; the official baseline's and joint runs are no part of it."""
    in_grid = [each.trial for each in look.finished.values() if each.study in targets]
    return {target: ranked(in_grid, target)[:BEST] for target in targets}


def standing(run: SeenRun, look: Look, eta_s: float | None, lost: Iterable[Lost]) -> JsonValue:
    """A run at one moment, under the keys above.

    Args:
        run: what was looked at.
        look: at it.
        eta_s: of a `Tally`.
        lost: predictions.
    """
    known, identity = look.progress, run.identity
    holes = {hole.cell: hole for hole in known.holes}
    return {
        "run": run.name,
        "folder": str(run.folder.path) if run.folder else None,
        "space": identity.space.name,
        "complete": look.complete,
        "cells": dict(counts(look)),
        "feature_sets_open": known.rows_open,
        "joint_runs_open": len(known.unpaired),
        "trained_s": round(sum(cost.wall_s for cost in known.costs.values()), 1),
        "eta_s": None if eta_s is None or look.holder is None else round(eta_s, 1),
        "coordinator": look.holder.model_dump() if look.holder else None,
        "running": [_running(cell, each) for cell, each in look.running.items()],
        "best": {
            target: [{"cell": str(record.cell), "macro_f1": summarize(record).mean} for record in records]
            for target, records in best_cells(look, identity.targets).items()
        },
        "failed": [{"cell": str(h.cell), "reason": h.reason, "attempts": h.attempts} for h in known.failed],
        "every_cell": [_cell(cell, look, holes.get(cell)) for cell in known.wanted],
        "predictions_lost": [{"cell": str(each.cell), "reason": each.reason} for each in lost],
    }


def counts(look: Look) -> dict[str, int]:
    """How many cells are in each state."""
    states = Counter(hole.state for hole in look.progress.holes)
    return {"done": look.progress.done, **{state: states[state] for state in ("running", "pending", "failed")}}


def _running(cell: Cell, each: Underway) -> dict[str, JsonValue]:
    epoch = each.last.model_dump() if each.last else dict.fromkeys(("seed", "epoch", "devel_f1", "best_f1"))
    return {"cell": str(cell), "attempt": each.attempt, **epoch}


def _cell(cell: Cell, look: Look, hole: Hole | None) -> JsonValue:
    return {
        "cell": str(cell),
        "target": cell.target,
        "features": [branch.features for branch in cell.branches],
        "ways": [branch.way for branch in cell.branches],
        "state": hole.state if hole else "done",
        **_measured(look.finished.get(cell)),
        "attempts": look.attempts.get(str(cell), 0),
        "reason": hole.reason if hole else "",
    }


def _measured(each: Finished | None) -> dict[str, JsonValue]:
    if each is None:
        return dict.fromkeys(("macro_f1", "macro_f1_std", "seeds", "collapsed", "wall_s"))
    summary = summarize(each.trial)
    return {
        "macro_f1": summary.mean,
        "macro_f1_std": summary.std,
        "seeds": len(summary.seeds),
        "collapsed": is_collapsed(each.trial),
        "wall_s": each.cost.wall_s,
    }
