"""What a Dask worker does for a run: the functions that a coordinator calls there, and the Dask task itself.

They run in the Dask worker's process; trials run in worker processes beside it (see `execution`).
"""

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from distributed import Worker, WorkerPlugin, get_worker

from search_spaces.errors import SweepError
from sweep import environment
from sweep.executors._dask.bench import Bench
from sweep.executors._dask.execution import Execution
from sweep.executors._dask.messages import Assignment, Member, Told
from sweep.received import Received

_NAME = "muse-sweep"
_END_S = 5.0  # for trials that were stopped: asked to end, then ended
_CUDA = "import sys, torch; sys.exit(not torch.cuda.is_available())"


def task_key(token: str) -> str:
    """The key of the Dask task that runs an assignment."""
    return f"{_NAME}-{token}"


async def describe(device: str, dask_worker: Worker) -> str:
    """What this Dask worker is; a Member as JSON. Changes nothing here.

    Args:
        device: kind that the run wants; only "cuda" is looked for, which takes a process of its own.
        dask_worker: given by Dask.
    """
    found = device
    if device != "cpu":
        command = [sys.executable, "-P", "-c", _CUDA]
        looked = await asyncio.to_thread(subprocess.run, command, stderr=subprocess.DEVNULL, check=False)
        found = device if looked.returncode == 0 else "cpu"
    return Member(
        slots=dask_worker.state.nthreads,
        versions=environment.versions(),
        code=environment.code(),
        machine=environment.machine(),
        device=found,
    ).model_dump_json()


async def join(resource: str, dask_worker: Worker) -> None:
    """Makes this Dask worker one to which trials may go.

    Args:
        resource: Dask's name for a place where one trial may run.
        dask_worker: given by Dask.
    """
    if _NAME not in dask_worker.plugins:
        await dask_worker.plugin_add(Station(), name=_NAME, catch_errors=False)
    if resource not in dask_worker.state.total_resources:
        await dask_worker.set_resources(**{resource: dask_worker.state.nthreads})


async def grant(execution: str, dask_worker: Worker) -> None:
    """Lets an execution go on that waits for leave."""
    if (found := _station(dask_worker).executions.get(execution)) is not None:
        found.grant()


async def deliver(execution: str, name: str, file: str, offset: int, content: bytes, dask_worker: Worker) -> bool:
    """Takes in a piece of a file that an execution waits for; whether it waits for more: see `Execution.receive`."""
    found = _station(dask_worker).executions.get(execution)
    return found is not None and await asyncio.to_thread(found.receive, name, file, offset, content)


async def checkpoint(execution: str, dask_worker: Worker) -> bytes:
    """The newest checkpoint of an execution; nothing where there is none."""
    found = _station(dask_worker).executions.get(execution)
    return b"" if found is None else await asyncio.to_thread(found.read_checkpoint)


async def stop(execution: str, dask_worker: Worker) -> None:
    """Ends a trial in mid-training, and waits for its end."""
    if (found := _station(dask_worker).executions.get(execution)) is not None:
        found.abort()
        await asyncio.to_thread(found.ended.wait, _END_S)


async def rest(dask_worker: Worker) -> None:
    """Ends worker processes that have nothing to do."""
    await asyncio.to_thread(_station(dask_worker).bench.clear)


def run(assignment: str) -> str:
    """The Dask task: runs an Assignment given as JSON; a Finished as JSON."""
    worker = get_worker()
    return _station(worker).run(Assignment.model_validate_json(assignment))


def _station(worker: Worker) -> "Station":
    station = worker.plugins.get(_NAME)
    if not isinstance(station, Station):
        raise SweepError(f"Dask worker {worker.address} has not been asked whether it can run trials.")
    return station


class Station(WorkerPlugin):
    """The executions of one Dask worker; sees when Dask, or the Dask worker's end, calls one off.

    Attributes:
        executions: those under way, by name.
        bench: worker processes without a trial.
    """

    executions: dict[str, Execution]
    bench: Bench

    def setup(self, worker: Worker) -> None:
        """Dask calls it first."""
        self._worker = worker
        self._scratch = Path(worker.local_directory)
        self._received = Received(environment.default_cache() / "received")
        self.executions = {}
        self.bench = Bench(self._scratch)

    def run(self, assignment: Assignment) -> str:
        """Runs one assignment, in a thread of Dask's."""
        worker = self._worker

        def tell(message: Told) -> None:
            worker.log_event(assignment.topic, message.model_dump_json())

        with tempfile.TemporaryDirectory(dir=self._scratch, prefix="trial-", ignore_cleanup_errors=True) as scratch:
            execution = Execution(assignment, self._received, self.bench, Path(scratch), tell)
            self.executions[execution.name] = execution
            try:
                return execution.run(worker.address).model_dump_json()
            finally:
                del self.executions[execution.name]
                execution.ended.set()

    def transition(self, key: Any, start: str, finish: str, **_: Any) -> None:
        """Dask calls it when a task changes: one that ends otherwise than by itself is called off."""
        if start == "executing" and finish not in {"memory", "error"}:
            for each in tuple(self.executions.values()):
                if task_key(each.assignment.token) == key:
                    each.abort()

    async def teardown(self, worker: Worker) -> None:  # noqa: ARG002 # Dask gives it by name
        """Dask calls it when the Dask worker closes."""
        for each in tuple(self.executions.values()):
            each.leave()
        await asyncio.to_thread(self.bench.clear)
