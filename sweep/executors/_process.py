"""One worker process as its parent sees it: started, spoken to, ended."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import sweep
from sweep.environment import VISIBLE_GPUS
from sweep.folder import open_log
from sweep.messages import Order, Reply, parse_reply

_ENVIRONMENT = {
    # Two workers of one thread do more than one of two, and digits must not depend on the number of cores.
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",  # cuBLAS, and cuDNN's LSTMs, are deterministic with buffers of one size only
    # glibc otherwise maps and unmaps every large temporary, at each step again: a quarter of an epoch's time.
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(2**34),
    "MALLOC_TOP_PAD_": str(2**26),
    # oneDNN otherwise keeps the code it made for each of the last 1024 shapes of an LSTM. Ragged data has ever new
    # ones: half a gigabyte after some trials, for 7 % of Way2's time.
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "16",
}
_GRACE_S = 1.0  # for a process that is ending by itself


class WorkerProcess:
    """A `sweep.worker` with pipes to it.

    Args:
        trial: "module:function" that it shall run.
        log: file that gets what it prints before its first order.
        gpu: the one that it sees, as CUDA_VISIBLE_DEVICES takes it; None for those that this process sees.

    Raises:
        OSError: the process or the log cannot be made.
    """

    def __init__(self, trial: str, log: Path, gpu: str | None = None) -> None:
        # -P: a folder of the user's that is called "results" must not stand in for ours. -u: what a trial printed
        # before it was killed is in its log.
        command = [sys.executable, "-P", "-u", "-m", "sweep.worker", "--trial", trial, "--parent", str(os.getpid())]
        with os.fdopen(open_log(log), "ab") as stderr:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=worker_environment() | ({} if gpu is None else {VISIBLE_GPUS: gpu}),
                start_new_session=True,  # Ctrl-C is for the coordinator
            )

    @property
    def pid(self) -> int:
        """Its process id, also its group's."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def send(self, order: Order) -> None:
        """Gives an order; a process that just died is noticed by its silence, not here."""
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.write(order.model_dump_json().encode() + b"\n")
                self._process.stdin.flush()

    def receive(self) -> Reply | None:
        """Waits for the next reply; None when the process ended.

        Raises:
            pydantic.ValidationError: it sent what is no reply.
        """
        line = self._process.stdout.readline() if self._process.stdout is not None else b""
        return parse_reply(line) if line.endswith(b"\n") else None  # a killed process may leave half a line

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to it and whatever it started."""
        if self.alive:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def end(self) -> "Ending":
        """Lets an idle worker go, or puts away one that died; waits for it."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        try:
            code = self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            code = self._process.wait()
        return Ending(code)


class Ending(int):
    """An exit code as `subprocess` gives it: negative for a signal."""

    @property
    def by_signal(self) -> bool:
        """Whether something outside (a user, the out-of-memory killer) or a crash in native code ended it."""
        return self < 0

    def __str__(self) -> str:
        if not self.by_signal:
            return f"ended with exit code {int(self)}"
        try:
            return f"was ended by {signal.Signals(-self).name}"
        except ValueError:  # a real-time signal has no name
            return f"was ended by signal {-self}"


def worker_environment() -> dict[str, str]:
    """The variables that a worker is started with: ours, and those that its libraries read when they load."""
    ours = str(Path(sweep.__file__).parents[1])  # the worker runs the code that its coordinator runs
    inherited = [path for path in (os.environ.get("PYTHONPATH"),) if path]
    return {**os.environ, **_ENVIRONMENT, "PYTHONPATH": os.pathsep.join([ours, *inherited])}
