"""A move that dies at one of its steps: before a file gets another name or goes, before a change is committed."""

import os
import signal
import sys
from pathlib import Path

from sqlalchemy import Connection, Engine, event

from sweep.lock import coordinating
from sweep.moving import move
from sweep.opened import open_run

_STEPS = {"os.rename", "os.remove"}
NOTES = ("coordinator.json",)  # the lock's, no step of ours


def killed_at(step: int, path: str, to: str) -> None:
    """Moves a run; SIGKILL comes before this step, counted from 0. Ends with exit code 0 where there are fewer."""
    left = step

    def reach() -> None:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    def audited(name: str, words: tuple[object, ...]) -> None:
        if name in _STEPS and not any(note in str(word) for note in NOTES for word in words):
            reach()

    def before_statement(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            connection.info["wrote"] = True

    def before_commit(connection: Connection) -> None:
        if connection.info.pop("wrote", False):
            reach()

    event.listen(Engine, "before_cursor_execute", before_statement)
    event.listen(Engine, "commit", before_commit)
    folder, identity = open_run(Path(path))
    with coordinating(folder):
        sys.addaudithook(audited)
        move(folder, identity, to, lambda _: None)
