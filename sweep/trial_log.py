"""The line that a trial leaves in its log after every epoch: written by the worker, read by who looks from outside."""

import re
from dataclasses import dataclass
from pathlib import Path

from sweep.job import EpochEvent

_END = 2**18  # bytes that are read: hundreds of epochs, however much else a trial has printed
_LINE = re.compile(rb"^seed (\d+), epoch (\d+): loss \S+, devel F1 (\S+) \(best (\S+)\)$|^--- ", re.MULTILINE)
"""An epoch, or where an attempt begins."""


@dataclass(frozen=True)
class LogEnd:
    """How far the last attempt in a log is.

    Attributes:
        last: its last epoch; scores to a hundredth of a percent.
        epochs: how many it has trained; None where they do not fit into what was read.
        at: when the log was last written, seconds since 1970.
    """

    last: EpochEvent
    epochs: int | None
    at: float


def epoch_line(event: EpochEvent, loss: float) -> str:
    """One epoch, as the log has it."""
    score, best = 100 * event.devel_f1, 100 * event.best_f1
    return f"seed {event.seed}, epoch {event.epoch}: loss {loss:.4f}, devel F1 {score:.2f} (best {best:.2f})\n"


def read_end(log: Path) -> LogEnd | None:
    """The last epoch of the last attempt in a log; None where it has none yet, or cannot be read."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _END))
            text, at = file.read(), log.stat().st_mtime
    except OSError:
        return None
    lines = list(_LINE.finditer(text))
    headers = [number for number, line in enumerate(lines) if line[1] is None]
    attempt = lines[headers[-1] + 1 :] if headers else lines
    if not attempt:
        return None
    seed, epoch, score, best = attempt[-1].groups()
    try:
        last = EpochEvent(seed=int(seed), epoch=int(epoch), devel_f1=float(score) / 100, best_f1=float(best) / 100)
    except ValueError:  # something that looks like our line
        return None
    return LogEnd(last, len(attempt) if headers else None, at)
