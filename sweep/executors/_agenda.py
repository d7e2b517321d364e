"""What waits for a free worker, and how many trials each card has room for. Part of the local engine.

A trial for which a GPU has too little memory is queued again, first of all, and from then on half as many run there.
One that was alone there is trained again in chunks of half the size. So what runs beside a trial changes when it is
trained and never its digits; a card that is too small for it does, and its record tells.
"""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace

from sweep.device_kind import Kind
from sweep.executors import WorkerDied
from sweep.job import EpochEvent, Job, Outcome


@dataclass(frozen=True)
class Task:
    """A trial that was submitted."""

    job: Job
    on_epoch: Callable[[EpochEvent], None]
    future: Future[Outcome]

    def begins(self) -> bool:
        """Whether it is still wanted; from then on it cannot be cancelled."""
        return self.future.running() or self.future.set_running_or_notify_cancel()


@dataclass(eq=False)
class Card:
    """What workers share: a GPU, or the processors of the machine.

    Attributes:
        gpu: as CUDA_VISIBLE_DEVICES takes it; None for what a worker sees by itself.
        room: trials at a time.
        busy: trials that run.
    """

    gpu: str | None
    room: int
    busy: int = 0


@dataclass(frozen=True)
class Turn:
    """A task under way on a card, and how many could run there when it began."""

    task: Task
    card: Card
    room: int


class Agenda:
    """Tasks in the order they came, for the threads that keep workers.

    Args:
        say: takes a line for the user.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._tasks: deque[Task] = deque()
        self._closed = self._cancelled = False
        self._changed = threading.Condition()

    def add(self, task: Task) -> None:
        """Queues a task."""
        with self._changed:
            self._tasks.append(task)
            self._changed.notify_all()

    def take(self, card: Card, rank: int) -> Turn | None:
        """Waits for the next task, and for room on the card.

        Args:
            card: where it will run.
            rank: which of the card's workers asks, from 0.

        Returns:
            None when there will be no more for this worker.
        """
        with self._changed:
            while rank < card.room:
                if self._tasks and card.busy < card.room:
                    task = self._tasks.popleft()
                    if task.begins():
                        card.busy += 1
                        return Turn(task, card, card.room)
                elif self._cancelled or (self._closed and not self._tasks and not card.busy):
                    return None  # not while something runs, which may be queued again
                else:
                    self._changed.wait()
        return None

    def leave(self, turn: Turn) -> None:
        """The task does not run any more."""
        with self._changed:
            turn.card.busy -= 1
            self._changed.notify_all()

    def make_room(self, turn: Turn) -> bool:
        """Queues a task again that found too little memory; False where nothing can be done for it."""
        task, card = turn.task, turn.card
        with self._changed:
            # Where nobody shared out the GPUs, others may train there too, and nothing can be said of who was alone.
            if card.gpu is None or self._cancelled:
                return False
            if turn.room > 1:
                # Another one may have found the same since this one began.
                card.room = min(card.room, turn.room // 2)
                line = (
                    f"GPU {card.gpu} is too small for {turn.room} trials at a time: out of memory; from now on it gets "
                    f"{card.room}. {task.job.cell} goes on from its last epoch."
                )
            elif (kind := Kind.of(task.job.device).halved()) is not None:
                task = replace(task, job=task.job.model_copy(update={"device": str(kind)}))
                line = (
                    f"GPU {card.gpu} is too small for {task.job.cell}: out of memory; again as {kind}, in half chunks."
                )
            else:
                return False
            self._tasks.appendleft(task)
            self._changed.notify_all()
        self._say(line)
        return True

    def close(self, *, cancel: bool) -> None:
        """Takes no more tasks; with `cancel`, gives up those that wait."""
        with self._changed:
            self._closed = True
            if cancel:
                self._cancelled = True
                for task in self._tasks:
                    if not task.future.cancel():  # one that has begun and is queued again
                        task.future.set_exception(WorkerDied("the executor was shut down"))
                self._tasks.clear()
            self._changed.notify_all()
