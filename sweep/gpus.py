"""The GPUs of this machine, and how many workers each gets.

A process of its own looks, by torch: the look leaves half a gigabyte on every GPU for as long as its process lives.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from search_spaces.errors import SweepError
from sweep import environment
from sweep.executors._process import worker_environment

_VISIBLE = environment.VISIBLE_GPUS
_WORKER_MB = 5 * 1024
"""What a worker is taken to need of a GPU: 3 GB for the largest chunk of Way6 with its backward pass (2 counted), up to
1 for features that it keeps there, 1 for its CUDA context and libraries. Not measured on a card yet; where it is too
little, the first trial without memory halves the workers."""


@dataclass(frozen=True)
class Gpu:
    """One GPU, or one MIG instance of it.

    Attributes:
        name: as CUDA_VISIBLE_DEVICES takes it.
        model: as its maker calls it.
        free_mb: memory that nobody uses.
    """

    name: str
    model: str
    free_mb: float


def found() -> tuple[Gpu, ...]:
    """Those that torch can use here and the user's CUDA_VISIBLE_DEVICES allows.

    Raises:
        SweepError: there is none.
    """
    names = environment.visible_gpus()
    # A process sees one MIG instance at most, so each is looked at by a process of its own.
    alone = names is not None and any(name.startswith("MIG") for name in names)
    looks = [[name] for name in names] if names is not None and alone else [names]
    with ThreadPoolExecutor() as pool:
        gpus = tuple(gpu for seen in pool.map(_look, looks) for gpu in seen)
    if not gpus:
        asked = "" if names is None else f" among {_VISIBLE}={','.join(names)}"
        raise SweepError(f"Expected a GPU that torch can use, found none{asked} on this machine.")
    return gpus


def spread(gpus: Sequence[Gpu], workers: int | None, cores: int) -> tuple[str, ...]:
    """The GPU of each worker, in turn, by name.

    Args:
        gpus: at least one.
        workers: how many; as many as memory and cores allow, if None.
        cores: of this machine; a worker keeps one busy.

    Raises:
        SweepError: the GPUs that would be used are not of one model, so digits would depend on which a cell met.
    """
    if workers is None:
        by_memory = int(min(gpu.free_mb for gpu in gpus) // _WORKER_MB)
        workers = len(gpus) * max(1, min(by_memory, cores // len(gpus)))
    used = gpus[:workers]
    if len({gpu.model for gpu in used}) > 1:
        models = ", ".join(f"{gpu.name} is {gpu.model}" for gpu in used)
        raise SweepError(
            f"The GPUs of a run must be of one model, for digits differ between models. Found: {models}. "
            f"Choose some: {_VISIBLE}={used[0].name} sweep …"
        )
    return tuple(used[index % len(used)].name for index in range(workers))


def _look(names: Sequence[str] | None) -> list[Gpu]:
    """The GPUs of these names, up to the first that is none, as CUDA has it; all, where nobody named any."""
    environ = worker_environment() | ({} if names is None else {_VISIBLE: ",".join(names)})
    command = [sys.executable, "-P", "-m", "sweep.gpus"]
    done = subprocess.run(command, capture_output=True, text=True, env=environ, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"the look ended with exit code {done.returncode}"]
        raise SweepError(f"The GPUs of this machine cannot be used: {said[-1]}")
    seen = [json.loads(line) for line in done.stdout.splitlines()]
    known = names if names is not None else [str(index) for index in range(len(seen))]
    return [Gpu(name, **gpu) for name, gpu in zip(known, seen, strict=False)]


def _seen() -> Iterator[dict[str, object]]:
    import torch  # noqa: PLC0415 - only in the process that looks

    for index in range(torch.cuda.device_count()):
        free, _ = torch.cuda.mem_get_info(index)
        yield {"model": torch.cuda.get_device_properties(index).name, "free_mb": free / 2**20}


if __name__ == "__main__":
    for one in _seen():
        sys.stdout.write(json.dumps(one) + "\n")
