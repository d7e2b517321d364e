"""The study under any interleaving of what a sweep does to it, with a coordinator that may die at every commit.

A death is real for SQLite: the commit that was about to happen does not, and the next ledger opens what is on disk.
"""

import json
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import Connection, Engine, event

from results.records import Cell
from sweep._trials import Cause
from sweep.folder import RunFolder
from sweep.ledger import Ledger, Ticket, sqlite_url
from tests.fake_run import CHOICES, figures
from tests.fake_trial import cells, fake_outcome

STUDY = "arousal"
CELLS = cells(3)
EXPECTED = figures(tuple(fake_outcome(of).record for of in CELLS))
MAX_ATTEMPTS = 2
_EMPTY: dict[str, bytes] = {}  # a database with the empty study; making one takes half a second


@dataclass(frozen=True)
class Row:
    """One trial as it is on disk."""

    cell: str
    state: str
    cause: str
    attempt: int
    record: str

    @classmethod
    def of(cls, state: str, attributes: dict[str, Any]) -> Self:
        attempt, cause = attributes["attempt"], attributes.get("cause", "")
        return cls(attributes["cell"], state, cause, attempt, attributes.get("record", ""))


class Killed(BaseException):
    """Stands for SIGKILL: nothing after it runs, and what was not committed never was."""


@contextmanager
def killed_after(commits: int | None) -> Iterator[None]:
    """After so many commits that wrote something the next one does not happen; None lets all of them happen."""
    left = commits

    def before_statement(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("SELECT"):
            connection.info["wrote"] = True

    def before_commit(connection: Connection) -> None:
        nonlocal left
        wrote = connection.info.pop("wrote", False)
        if left is not None and wrote:
            if left == 0:
                raise Killed
            left -= 1

    event.listen(Engine, "before_cursor_execute", before_statement)
    event.listen(Engine, "commit", before_commit)
    try:
        yield
    finally:
        event.remove(Engine, "commit", before_commit)
        event.remove(Engine, "before_cursor_execute", before_statement)


def _empty_study() -> bytes:
    if not _EMPTY:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "study.db"
            with Ledger(sqlite_url(path)) as ledger:
                ledger.open_study(STUDY, CHOICES)
            _EMPTY[STUDY] = path.read_bytes()
    return _EMPTY[STUDY]


some_cells = st.lists(st.sampled_from(CELLS), min_size=1, max_size=3)
one_cell = st.sampled_from(CELLS)
# Most steps commit once, recovering once a trial. A coordinator lives through most of them, or nothing would happen.
deaths = st.one_of(*[st.none()] * 7, st.integers(0, 3))


class LedgerMachine(RuleBasedStateMachine):
    """A coordinator with its workers, the ledger under test, and what must be true of it."""

    def __init__(self) -> None:
        super().__init__()
        # In memory where the system can: a real disk's thousands of syncs would prove the same in two minutes.
        self._place = tempfile.TemporaryDirectory(dir=memory if (memory := Path("/dev/shm")).is_dir() else None)  # noqa: S108
        self.folder = RunFolder(Path(self._place.name) / "run")
        self.folder.create()
        self.folder.study_db.write_bytes(_empty_study())
        self.ledger: Ledger | None = None
        self.running: dict[Cell, Ticket] = {}  # what workers have in hand
        self.lost_workers: Counter[Cell] = Counter()  # since the cell's last fresh start
        self.finished: dict[str, str] = {}  # every record that was ever seen

    def teardown(self) -> None:
        try:
            self._ends_complete()
        finally:
            self._die()
            self._place.cleanup()

    # What happens. Each may be the last thing that this coordinator does.

    @initialize()
    def first_start(self) -> None:
        self._resume(None)

    @precondition(lambda self: self.ledger is None)
    @rule(death=deaths)
    def resume(self, death: int | None) -> None:
        self._resume(death)

    @precondition(lambda self: self.ledger)
    @rule(wanted=some_cells, retry_failed=st.booleans(), death=deaths)
    def enqueue(self, wanted: list[Cell], retry_failed: bool, death: int | None) -> None:
        self._enqueue(wanted, retry_failed, death)

    def _enqueue(self, wanted: list[Cell], retry_failed: bool, death: int | None) -> None:
        holes = {of for of in wanted if self._is_a_hole(of)}
        self._do(lambda ledger: ledger.enqueue(STUDY, wanted, retry_failed=retry_failed), death)
        waiting = {of for of in wanted if self._last(of).state == "WAITING"}
        assert retry_failed or not holes & waiting, "a hole is tried again without being asked to"
        for of in holes & waiting:
            self.lost_workers[of] = 0
        if death is None:
            assert {of for of in wanted if self._last(of).state == "FAIL"} == (set() if retry_failed else holes)

    @precondition(lambda self: self.ledger)
    @rule(of=one_cell, death=deaths)
    def ask(self, of: Cell, death: int | None) -> None:
        self._ask(of, death)

    def _ask(self, of: Cell, death: int | None) -> None:
        def claim(ledger: Ledger) -> None:
            ticket = ledger.ask(STUDY, of)
            if ticket is not None:
                assert of not in self.running, "handed out while it is trained"
                self._count_attempt(ticket)
                self.running[of] = ticket

        self._do(claim, death)

    @precondition(lambda self: self.ledger and self.running)
    @rule(data=st.data(), death=deaths)
    def a_trial_ends_well(self, data: st.DataObject, death: int | None) -> None:
        ticket = self._some_running(data)
        self._do(lambda ledger: self._complete(ledger, ticket), death)

    @precondition(lambda self: self.ledger and self.running)
    @rule(data=st.data(), cause=st.sampled_from(("died", "failed", "interrupted")), death=deaths)
    def a_trial_ends_badly(self, data: st.DataObject, cause: Cause, death: int | None) -> None:
        self._fail(self._some_running(data), cause, death)

    @precondition(lambda self: self.ledger and self.running)
    @rule(data=st.data(), death=deaths)
    def a_worker_dies_and_another_takes_the_cell(self, data: st.DataObject, death: int | None) -> None:
        ticket = self._some_running(data)
        self._fail(ticket, "died", None)
        self._enqueue([ticket.cell], False, death)
        if self.ledger is not None:
            self._ask(ticket.cell, None)

    def _fail(self, ticket: Ticket, cause: Cause, death: int | None) -> None:
        self._do(lambda ledger: ledger.fail(ticket, cause, f"{cause} on purpose"), death)
        last = self._last(ticket.cell)
        if (last.state, last.cause) == ("FAIL", "died"):  # it was told before the coordinator died, if that died
            self.lost_workers[ticket.cell] += 1

    @precondition(lambda self: self.ledger and self.running)
    @rule(data=st.data(), wrote=st.booleans())
    def coordinator_dies(self, data: st.DataObject, wrote: bool) -> None:
        """At rest, or between an artifact and its record."""
        of = self._some_running(data).cell
        if wrote:
            self.folder.write_artifact(of, fake_outcome(of).predictions)
        self._die()

    # What must be true, whatever happened.

    @invariant()
    def no_cell_is_open_twice_or_done_twice(self) -> None:
        assert all(count == 1 for count in Counter(row.cell for row in self._rows() if row.state != "FAIL").values())

    @invariant()
    def no_finished_record_is_lost_or_changed(self) -> None:
        now = {row.cell: row.record for row in self._rows() if row.state == "COMPLETE"}
        assert self.finished.items() <= now.items()
        assert now.items() <= EXPECTED.items()
        self.finished = now

    @invariant()
    def a_cell_loses_no_more_workers_than_allowed(self) -> None:
        assert all(lost <= MAX_ATTEMPTS for lost in self.lost_workers.values())
        assert all(1 <= row.attempt <= MAX_ATTEMPTS for row in self._rows())

    # How it is done.

    def _do(self, step: Callable[[Ledger], object], death: int | None) -> None:
        """One step of the living coordinator, which dies in it or right after, or lives on."""
        assert self.ledger is not None
        with suppress(Killed), killed_after(death):
            step(self.ledger)
        if death is not None:
            self._die()

    def _die(self) -> None:
        """The workers die with it."""
        self.running.clear()
        if self.ledger is not None:
            self.ledger.close()
            self.ledger = None

    def _resume(self, death: int | None) -> None:
        whole = {row.cell for row in self._rows() if row.state == "RUNNING" and row.record}
        self.ledger = Ledger(sqlite_url(self.folder.study_db), max_attempts=MAX_ATTEMPTS)

        def recover(ledger: Ledger) -> None:
            ledger.open_study(STUDY, CHOICES)
            ledger.recover(STUDY, self.folder)
            done = {str(record.cell) for record in ledger.records(STUDY)}
            assert whole <= done, "a stored record was thrown away"
            assert not any(row.state == "RUNNING" for row in self._rows())

        self._do(recover, death)

    def _complete(self, ledger: Ledger, ticket: Ticket) -> None:
        outcome = fake_outcome(ticket.cell)
        artifact = self.folder.write_artifact(ticket.cell, outcome.predictions)
        ledger.complete(ticket, outcome.record, outcome.cost, artifact)

    def _some_running(self, data: st.DataObject) -> Ticket:
        of = data.draw(st.sampled_from(list(self.running)))
        return self.running.pop(of)

    def _count_attempt(self, ticket: Ticket) -> None:
        assert str(ticket.cell) not in self.finished, "a finished cell was handed out"
        assert ticket.attempt == self.lost_workers[ticket.cell] + 1

    def _rows(self) -> list[Row]:
        """Every trial, oldest first, as the file itself says it."""
        with closing(sqlite3.connect(self.folder.study_db)) as database:
            trials = database.execute("SELECT trial_id, state FROM trials ORDER BY number").fetchall()
            stored = database.execute("SELECT trial_id, key, value_json FROM trial_user_attributes").fetchall()
        attributes: dict[int, dict[str, Any]] = {trial: {} for trial, _ in trials}
        for trial, key, value in stored:
            attributes[trial][key] = json.loads(value)
        return [Row.of(state, attributes[trial]) for trial, state in trials]

    def _last(self, of: Cell) -> Row:
        """A cell's newest trial."""
        rows = [row for row in self._rows() if row.cell == str(of)]
        return rows[-1] if rows else Row(str(of), "NONE", "", 1, "")

    def _is_a_hole(self, of: Cell) -> bool:
        last = self._last(of)
        out_of_attempts = last.cause == "died" and self.lost_workers[of] == MAX_ATTEMPTS
        return last.state == "FAIL" and (last.cause == "failed" or out_of_attempts)

    def _ends_complete(self) -> None:
        """Whatever happened, one more coordinator that is left in peace trains what is missing, once."""
        if self.ledger is None:
            self._resume(None)
        assert self.ledger is not None
        self.ledger.enqueue(STUDY, CELLS, retry_failed=True)
        for of in CELLS:
            ticket = self.running.pop(of, None) or self.ledger.ask(STUDY, of)
            assert (ticket is None) == (self._last(of).state == "COMPLETE")
            if ticket is not None:
                self._complete(self.ledger, ticket)
        assert sorted(row.cell for row in self._rows() if row.state == "COMPLETE") == sorted(map(str, CELLS))
        assert figures(self.ledger.records(STUDY)) == EXPECTED
        artifacts = {of: self.folder.read_artifact(each) for of, each in self.ledger.artifacts(STUDY).items()}
        assert artifacts == {str(of): fake_outcome(of).predictions for of in CELLS}


TestLedgerMachine = pytest.mark.slow(LedgerMachine.TestCase)
TestLedgerMachine.settings = settings(max_examples=8, stateful_step_count=25)


@pytest.mark.parametrize("commits", [0, 1])
def test_a_result_is_stored_in_one_step(commits: int) -> None:
    machine = LedgerMachine()
    try:
        machine.first_start()
        machine.enqueue([CELLS[0]], False, None)
        machine.ask(CELLS[0], None)
        ticket = machine.running.pop(CELLS[0])
        machine._do(lambda ledger: machine._complete(ledger, ticket), commits)
        machine.resume(None)
        machine.no_finished_record_is_lost_or_changed()
        assert (str(CELLS[0]) in machine.finished) == bool(commits)
    finally:
        machine.teardown()
