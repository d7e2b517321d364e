"""Work of an event loop that nobody waits for: it is kept alive, and what it raises is not lost."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

Blame = Callable[[BaseException], None]


class Background:
    """Tasks under way."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None], blame: Blame) -> None:
        """Does something in the background.

        Args:
            work: what to do.
            blame: takes what it raises.
        """

        def done(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            error = None if task.cancelled() else task.exception()
            if error is not None:
                blame(error)

        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(done)
