"""Calling a function of the station in one Dask worker, through the scheduler."""

import asyncio
from collections.abc import Callable
from typing import Any

from distributed import Client

_CALL_S = 60.0  # a worker that is stopped, or the machine of which is gone, does not answer


class OutOfReach(Exception):
    """A Dask worker does not answer: it is gone or stopped, which others find out."""


async def call(client: Client, worker: str, function: Callable[..., Any], *arguments: str | int | bytes) -> Any:
    """What a function gives in a Dask worker.

    Args:
        client: connected, of this event loop.
        worker: its address.
        function: one that Dask finds there by its name.
        arguments: strings, numbers and bytes.

    Raises:
        OutOfReach: no answer.
        Exception: what the function raised there.
    """
    try:
        answers = await asyncio.wait_for(client.run(function, *arguments, workers=[worker]), _CALL_S)
    except (OSError, TimeoutError) as error:
        raise OutOfReach(f"Dask worker {worker} does not answer: {error}") from error
    return answers[worker]
