"""A worker: a process that loads the libraries once and runs trials one after the other.

Orders come as lines on standard input, replies leave as lines on what was standard output (see sweep.messages). All
that a trial prints goes to its log. The worker ends the moment its input ends: then its coordinator is gone.
"""

import ctypes
import faulthandler
import importlib
import os
import queue
import signal
import sys
import threading
import traceback
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

from pydantic import BaseModel

from search_spaces.errors import SweepError
from sweep import refusals
from sweep.folder import open_log
from sweep.job import EpochEvent, Job, RunTrial, TrialFailed
from sweep.messages import Done, Ended, Epoch, Order, Ready

DEFAULT_TRIAL = "sweep.trial:run_trial"
_PR_SET_PDEATHSIG = 1
_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "_ALLOC_FAILED")


def load_trial(name: str) -> RunTrial:
    """The function that runs trials, from "module:function".

    Raises:
        SweepError: there is no such module or function.
    """
    module, _, function = name.partition(":")
    try:
        return cast(RunTrial, getattr(importlib.import_module(module), function))
    except (ModuleNotFoundError, AttributeError, ValueError) as error:
        raise SweepError(f"Trial {name!r} cannot be loaded as 'module:function': {error}.") from error


def settle_torch() -> None:
    """One thread and no denormals: what torch's digits depend on, the same for every trial of every worker.

    Must run in the thread that trains, since flushing denormals is a state of the thread. A worker whose trial does
    not use torch is spared loading it.
    """
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)
        torch.set_flush_denormal(True)


def run_order(order: Order, run_trial: RunTrial, send: Callable[[BaseModel], None]) -> None:
    """Runs one trial and sends its epochs, then its outcome or the way it ended; the traceback goes to stderr."""

    def on_epoch(event: EpochEvent) -> None:
        send(Epoch(event=event))

    try:
        outcome = run_trial(order.job, on_epoch)
        send(Done(record=outcome.record, cost=outcome.cost, predictions=outcome.predictions))
    except TrialFailed as error:
        _log_traceback()
        send(Ended(cause="failed", text=str(error)))
    except SweepError as error:
        _log_traceback()
        send(Ended(cause="mistake", text=str(error)))
    except Exception as error:
        _log_traceback()
        if isinstance(error, OSError) and refusals.no_room(error):
            place = error.filename or order.log  # what has no name is what the trial prints
            send(Ended(cause="mistake", text=f"{place} cannot be written: {refusals.sentence(error)}"))
            return
        if _is_out_of_memory(error):
            send(Ended(cause="memory", text=f"out of memory: {_in_one_line(error)}; fewer --workers need less"))
            return
        send(Ended(cause="crashed", text=_in_one_line(error)))


def _log_traceback() -> None:
    with suppress(OSError):  # a full disk; the reply says it
        traceback.print_exc()


def _is_out_of_memory(error: Exception) -> bool:
    """Python's own, torch's for GPUs, and what CUDA's libraries and torch's allocator for the CPU have no class for."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in _OUT_OF_MEMORY)


def _in_one_line(error: Exception) -> str:
    return traceback.format_exception_only(error)[-1].strip()


def main() -> None:
    """Serves until standard input ends."""
    parser = ArgumentParser(prog="python -m sweep.worker")
    parser.add_argument("--trial", required=True)
    parser.add_argument("--parent", type=int, required=True)
    arguments = parser.parse_args()
    orders_in, replies_out = _take_standard_streams()
    _die_with(arguments.parent)
    faulthandler.enable()  # a crash in native code leaves its stack in the trial's log
    orders = _orders(orders_in)
    run_trial = load_trial(arguments.trial)
    settle_torch()

    def send(message: BaseModel) -> None:
        replies_out.write(message.model_dump_json().encode() + b"\n")
        replies_out.flush()

    send(Ready())
    for order in orders:
        try:
            _log_to(order.log, order.job)
        except OSError as error:  # nor could any other trial
            send(Ended(cause="mistake", text=f"{order.log} cannot be written: {refusals.sentence(error)}"))
        else:
            run_order(order, run_trial, send)


def _take_standard_streams() -> tuple[BinaryIO, BinaryIO]:
    """The pipes to the coordinator; afterwards nobody else here can read or write them by accident."""
    orders = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return orders, replies


def _die_with(parent: int) -> None:
    """Asks Linux to kill this process when its parent ends, even while native code keeps every Python thread waiting.

    Linux watches the parent's thread that started us; LocalExecutor's threads live as long as their workers.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before we asked
            os._exit(1)


def _orders(lines: BinaryIO) -> Iterator[Order]:
    """The orders as they come, read in a thread of their own so that the end of input is seen in mid-training."""
    received: queue.SimpleQueue[Order] = queue.SimpleQueue()

    def read() -> None:
        try:
            for line in lines:
                received.put(Order.model_validate_json(line))
        finally:
            os._exit(0)

    threading.Thread(target=read, daemon=True, name="orders").start()
    return iter(received.get, None)


def _log_to(path: Path, job: Job) -> None:
    """From here on, whatever this process prints is appended to the trial's log."""
    log = open_log(path)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    sys.stderr.write(f"--- {job.cell} in process {os.getpid()}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
