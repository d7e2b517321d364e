"""The one process that owns a run's studies: queues what is missing, keeps the executor busy, stores what comes back.

Slots are refilled one by one. A worker that dies costs its cell one attempt; a training that fails leaves a hole; an
interruption leaves a state from which the next call goes on.
"""

import queue
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass

from results.records import Cell
from search_spaces.errors import SweepError
from sweep._signals import signals_to
from sweep.events import CellDone, CellEpoch, CellFailed, CellStarted, Event
from sweep.executors import Executor, TrialCrashed, WorkerDied
from sweep.folder import RunFolder
from sweep.job import EpochEvent, Job, Outcome, TrialFailed
from sweep.ledger import Ledger, Ticket
from sweep.patience import StorageLost
from sweep.study_reader import MAX_ATTEMPTS

__all__ = ["CellDone", "CellEpoch", "CellFailed", "CellStarted", "Event", "Interrupted", "run_cells"]


_LOOK_S = 1.0  # the most that a worker waits that joined while nothing else happened


class Interrupted(Exception):
    """The user stopped the sweep; what was finished is stored, what was running goes on from its last epoch."""


def run_cells(
    ledger: Ledger,
    plan: Sequence[tuple[str, Cell]],
    *,
    make_job: Callable[[Cell], Job],
    executor: Executor,
    folder: RunFolder,
    on_event: Callable[[Event], None],
    retry_failed: bool = False,
) -> None:
    """Trains every cell of the plan that has no record yet, each exactly once.

    The caller holds the run's lock and owns the executor; only when this function raises is the executor shut down.

    Args:
        ledger: its studies are open.
        plan: study and cell, the most urgent first; cells of all studies share the workers.
        make_job: what a worker needs for a cell.
        executor: where trials run.
        folder: where their artifacts go.
        on_event: told what happens, in this thread.
        retry_failed: give cells that failed before a fresh start.

    Raises:
        Interrupted: SIGINT or SIGTERM came; a second one ends the process at once.
        SweepError: no cell could go on, such as changed data or a full disk.
    """
    _Coordinator(ledger, make_job, executor, folder, on_event).run(plan, retry_failed)


@dataclass(frozen=True)
class _Epoch:
    ticket: Ticket
    progress: EpochEvent


@dataclass(frozen=True)
class _Ended:
    future: Future[Outcome]


_Message = _Epoch | _Ended | None  # None only wakes the coordinator up


class _Coordinator:
    def __init__(
        self,
        ledger: Ledger,
        make_job: Callable[[Cell], Job],
        executor: Executor,
        folder: RunFolder,
        on_event: Callable[[Event], None],
    ) -> None:
        self._ledger = ledger
        self._make_job = make_job
        self._executor = executor
        self._folder = folder
        self._on_event = on_event
        self._pending: deque[tuple[str, Cell]] = deque()
        self._in_flight: dict[Future[Outcome], Ticket] = {}
        # Everything that happens elsewhere arrives here, so that one thread alone talks to the ledger. A SimpleQueue
        # may be filled from a signal handler.
        self._inbox: queue.SimpleQueue[_Message] = queue.SimpleQueue()
        self._stopped_by = ""

    def run(self, plan: Sequence[tuple[str, Cell]], retry_failed: bool) -> None:
        with signals_to(self._stop):
            try:
                self._prepare(plan, retry_failed)
                self._fill()
                while self._in_flight:
                    message = self._next()
                    if self._stopped_by:  # before whatever else has arrived
                        raise Interrupted(self._stopped_by)
                    self._fill()  # first, so that no worker waits while we store what another one measured
                    self._handle(message)
                    self._fill()  # again: a cell may have been queued anew
                if self._stopped_by:  # while the last cell was being stored, or nothing was open
                    raise Interrupted(self._stopped_by)
            except KeyboardInterrupt:
                self._abandon()
                raise Interrupted("SIGINT") from None
            except StorageLost:
                self._abandon()
                if self._stopped_by:  # while it was waited for
                    raise Interrupted(self._stopped_by) from None
                raise
            except BaseException:
                self._abandon()
                raise

    def _next(self) -> "_Message":
        """The next message, or None when it is time to look for workers that have joined."""
        with suppress(queue.Empty):
            return self._inbox.get(timeout=_LOOK_S)
        return None

    def _stop(self, signal_name: str) -> None:
        self._stopped_by = signal_name
        self._ledger.stop_waiting()
        self._inbox.put(None)

    def _prepare(self, plan: Sequence[tuple[str, Cell]], retry_failed: bool) -> None:
        self._folder.remove_leftovers()
        waiting, last, measured = set(), set(), set()
        for study in dict.fromkeys(study for study, _ in plan):
            cells = [cell for name, cell in plan if name == study]
            self._ledger.recover(study, self._folder)
            self._ledger.enqueue(study, cells, retry_failed=retry_failed)
            interruptions = self._ledger.interruptions(study)
            holes = self._ledger.holes(study, cells)
            waiting |= {(study, hole.cell) for hole in holes if hole.state == "pending"}
            measured |= set(cells) - {hole.cell for hole in holes}
            last |= {(study, cell) for cell in cells if interruptions.get(str(cell), 0) >= MAX_ATTEMPTS}
        # A cell under which the sweep stopped again and again may be what stops it (memory): the others come first.
        ordered = sorted(dict.fromkeys(plan), key=lambda item: item in last)
        self._pending.extend(item for item in ordered if item in waiting)
        for cell in measured:  # a kill may have come between a record and the end of its checkpoint
            self._folder.remove_checkpoint(cell)

    def _fill(self) -> None:
        while self._pending and self._has_room():
            study, cell = self._pending.popleft()
            job = self._make_job(cell)
            ticket = self._ledger.ask(study, cell)
            if ticket is not None:
                self._submit(job, ticket)

    def _has_room(self) -> bool:
        """Whether a worker is free, unless storing lags so far behind that a kill would lose more than a round."""
        training = sum(not future.done() for future in self._in_flight)
        return training < self._executor.workers and len(self._in_flight) < 2 * self._executor.workers

    def _submit(self, job: Job, ticket: Ticket) -> None:
        future = self._executor.submit(job, lambda progress: self._inbox.put(_Epoch(ticket, progress)))
        self._in_flight[future] = ticket
        self._on_event(CellStarted(ticket.study, ticket.cell, ticket.attempt))
        future.add_done_callback(lambda ended: self._inbox.put(_Ended(ended)))

    def _handle(self, message: _Message) -> None:
        match message:
            case _Epoch(ticket, progress):
                self._on_event(CellEpoch(ticket.study, ticket.cell, progress))
            case _Ended(future):
                event = self._settle(self._in_flight[future], future)
                del self._in_flight[future]
                self._on_event(event)

    def _settle(self, ticket: Ticket, future: Future[Outcome]) -> CellDone | CellFailed:
        match future.exception():
            case None:
                outcome = future.result()
                self._store(ticket, outcome)
                return CellDone(ticket.study, ticket.cell, outcome.record, outcome.cost)
            case WorkerDied() as error:
                reason = f"{_one_line(error)}; attempt {ticket.attempt}"
                self._ledger.fail(ticket, "died", reason)
                again = bool(self._ledger.enqueue(ticket.study, [ticket.cell]))
                if again:
                    self._pending.append((ticket.study, ticket.cell))
                return CellFailed(ticket.study, ticket.cell, reason, again)
            case TrialFailed() | TrialCrashed() as error:
                self._ledger.fail(ticket, "failed", _one_line(error))
                self._folder.remove_checkpoint(ticket.cell)  # a retry shall not fail from the same state
                return CellFailed(ticket.study, ticket.cell, _one_line(error), queued_again=False)
            case BaseException() as error:  # no cell is at fault
                raise error

    def _store(self, ticket: Ticket, outcome: Outcome) -> None:
        artifact = self._folder.write_artifact(ticket.cell, outcome.predictions)
        self._ledger.complete(ticket, outcome.record, outcome.cost, artifact)
        self._folder.remove_checkpoint(ticket.cell)

    def _abandon(self) -> None:
        """Stops every worker; what just ended is kept, what did not is marked as interrupted."""
        self._executor.shutdown(cancel_futures=True)
        with suppress(OSError):  # what a worker was writing would only take room
            self._folder.remove_leftovers()
        with suppress(SweepError):  # what cannot be told now is recovered at the next start
            for future, ticket in self._in_flight.items():
                if future.done() and not future.cancelled() and future.exception() is None:
                    self._store(ticket, future.result())
                else:
                    self._ledger.fail(ticket, "interrupted", "interrupted")


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
