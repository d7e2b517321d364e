"""What coordinator and worker say to each other: one JSON object a line, so that no side ever unpickles the other."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from results.records import Cost, TrialRecord
from sweep.job import EpochEvent, Job


class Message(BaseModel):
    """A value that travels as JSON, bytes and all."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")


class Order(Message):
    """To the worker: run this trial and log there."""

    job: Job
    log: Path


class Ready(Message):
    """From the worker: libraries are loaded, orders may come."""

    kind: Literal["ready"] = "ready"


class Epoch(Message):
    """From the worker, after every epoch."""

    kind: Literal["epoch"] = "epoch"
    event: EpochEvent


class Done(Message):
    """From the worker: the trial has an outcome."""

    kind: Literal["done"] = "done"
    record: TrialRecord
    cost: Cost
    predictions: bytes


class Ended(Message):
    """From the worker: the trial has none.

    Attributes:
        cause: "failed" a TrialFailed, "mistake" a SweepError, "memory" too little of it, "crashed" anything else.
        text: the exception in one line.
    """

    kind: Literal["ended"] = "ended"
    cause: Literal["failed", "mistake", "memory", "crashed"]
    text: str


Reply = Ready | Epoch | Done | Ended

_REPLY: TypeAdapter[Reply] = TypeAdapter(Annotated[Reply, Field(discriminator="kind")])


def parse_reply(line: bytes) -> Reply:
    """What a worker said.

    Raises:
        pydantic.ValidationError: not one of the messages above.
    """
    return _REPLY.validate_json(line)
