"""How busy a GPU is while something runs, and how much of its memory is taken, as nvidia-smi sees it."""

import statistics
import subprocess
from types import TracebackType
from typing import Self

from sweep.gpus import Gpu

_EVERY_MS = 200


class Load:
    """A context manager that looks at a GPU every fifth of a second.

    Args:
        gpu: which; None where there is none to look at.
    """

    def __init__(self, gpu: Gpu | None) -> None:
        self._gpu = gpu
        self._samples: list[tuple[float, float]] = []  # percent of the time that a kernel ran, MiB in use

    def __enter__(self) -> Self:
        if self._gpu is not None:
            command = ["nvidia-smi", f"--id={self._gpu.name}", "--query-gpu=utilization.gpu,memory.used"]
            command += ["--format=csv,noheader,nounits", f"--loop-ms={_EVERY_MS}"]
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._gpu is not None:
            self._process.terminate()
            said, _ = self._process.communicate()
            self.read(said)

    def read(self, said: str) -> None:
        """Takes in lines of nvidia-smi; the last may be cut."""
        for line in said.splitlines()[:-1]:
            busy, _, memory = line.partition(",")
            self._samples.append((float(busy), float(memory)))

    @property
    def busy(self) -> str:
        """Share of the time in which a kernel ran."""
        return f"{statistics.mean(busy for busy, _ in self._samples):.0f} %" if self._samples else "–"

    def memory(self, workers: int) -> str:
        """The most memory in use, shared out among workers."""
        most = max((memory for _, memory in self._samples), default=0.0)
        return f"{most / workers:.0f} MiB" if most else "–"
