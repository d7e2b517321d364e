"""What the trials of a study say about a cell: done, running, waiting, or a hole. Part of the ledger."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from results.records import Cell, Hole
from sweep._stored import State, Stored

Cause = Literal["interrupted", "died", "failed"]
"""Why a trial has no record: the sweep stopped, its worker died, or the training itself failed."""


@dataclass(frozen=True)
class Row:
    """One trial of a study."""

    number: int
    state: State
    cell: str
    attempt: int  # 1-based; one more than before only where a worker died
    cause: Cause
    reason: str


def rows_by_cell(trials: Iterable[Stored]) -> dict[str, list[Row]]:
    """Every cell's trials, oldest first; without those that were added by hand."""
    rows: dict[str, list[Row]] = {}
    for trial in trials:
        attributes = trial.user_attrs
        if not isinstance(attributes.get("cell"), str):
            continue
        row = Row(
            trial.number,
            trial.state,
            attributes["cell"],
            attributes.get("attempt", 1),
            # A trial that somebody ended by hand, say in the dashboard, is as if it had been interrupted.
            cast(Cause, attributes.get("cause", "interrupted")),
            attributes.get("reason", ""),
        )
        rows.setdefault(row.cell, []).append(row)
    return rows


def in_state(rows: Sequence[Row], *states: State) -> Row | None:
    """The oldest trial in one of these states."""
    return next((row for row in rows if row.state in states), None)


def next_attempt(rows: Sequence[Row], max_attempts: int, retry_failed: bool) -> int | None:
    """The attempt that a cell's next trial would be, or None where it needs none or may have none.

    Args:
        rows: the cell's trials, oldest first.
        max_attempts: how many workers a cell may lose.
        retry_failed: give failed cells a fresh start.
    """
    if not rows:
        return 1
    if in_state(rows, State.COMPLETE, State.RUNNING, State.WAITING):
        return None
    last = rows[-1]
    if last.cause == "interrupted":
        return last.attempt
    if last.cause == "died" and last.attempt < max_attempts:
        return last.attempt + 1
    return 1 if retry_failed else None


def attempts(rows: Sequence[Row]) -> int:
    """How many trials of a cell were begun."""
    return sum(row.state != State.WAITING for row in rows)


def interruptions(rows: Sequence[Row]) -> int:
    """How often the sweep stopped while this cell ran."""
    return sum(row.state == State.FAIL and row.cause == "interrupted" for row in rows)


def hole(cell: Cell, rows: Sequence[Row], max_attempts: int) -> Hole | None:
    """The hole that a cell is, or None where it has a record."""
    if in_state(rows, State.COMPLETE):
        return None
    begun = attempts(rows)
    reason = next((row.reason for row in reversed(rows) if row.reason), "")
    if in_state(rows, State.RUNNING):
        return Hole(cell=cell, state="running", reason="", attempts=begun)
    waits = in_state(rows, State.WAITING) is not None
    if waits or next_attempt(rows, max_attempts, retry_failed=False) is not None:
        return Hole(cell=cell, state="pending", reason=reason, attempts=begun)
    return Hole(cell=cell, state="failed", reason=reason, attempts=begun)
