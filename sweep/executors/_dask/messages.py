"""What coordinator and station tell one another: JSON that both check; Dask pickles strings and bytes only."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from sweep.job import EpochEvent, Job
from sweep.messages import Done, Ended, Message
from sweep.parcels import Parcel

CHECKPOINT = "checkpoint"
"""What the checkpoint is called where parcels go by their digest."""
CHECKPOINT_FILE = "checkpoint.safetensors"
"""Its file in a Dask worker."""

_Id = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class Member(Message):
    """A Dask worker as it describes itself.

    Attributes:
        slots: trials that it runs at a time: its threads.
        versions, code, machine, device: all that digits depend on; a run refuses other ones.
    """

    slots: int
    versions: dict[str, str]
    code: str
    machine: str
    device: str


class Assignment(Message):
    """One try at a trial, as the coordinator hands it to Dask.

    Attributes:
        token: names the try.
        topic: of Dask's, where the station tells how it goes.
        trial, hang_s: see `Setup`.
        code: of the coordinator; a worker process that was started with other code is not used.
        parcels: what the trial reads.
        checkpoint: bytes of the checkpoint from which it goes on; None where it starts afresh.
    """

    token: _Id
    topic: str
    trial: str
    hang_s: float | None
    code: str
    job: Job
    parcels: tuple[Parcel, ...]
    checkpoint: int | None


class _Told(Message):
    """From the station, over the topic.

    Attributes:
        token: of the assignment.
        execution: of this execution of it: Dask may begin a second one where it believes the first one lost.
    """

    token: _Id
    execution: _Id


class Begun(_Told):
    """It waits for leave to go on."""

    kind: Literal["begun"] = "begun"
    worker: str


class Wanted(_Told):
    """It waits for a parcel, by its digest, or for the CHECKPOINT."""

    kind: Literal["wanted"] = "wanted"
    name: str


class Progress(_Told):
    """An epoch is over.

    Attributes:
        log: what the trial has printed since the last message.
    """

    kind: Literal["progress"] = "progress"
    event: EpochEvent
    log: bytes


class Left(_Told):
    """The Dask worker is closing in good order: the trial ends with it, through no fault of its own."""

    kind: Literal["left"] = "left"


Told = Begun | Wanted | Progress | Left
_TOLD: TypeAdapter[Told] = TypeAdapter(Annotated[Told, Field(discriminator="kind")])


class Died(Message):
    """The worker process died under the trial."""

    kind: Literal["died"] = "died"
    text: str


class Dismissed(Message):
    """The execution ended because it was not wanted any more."""

    kind: Literal["dismissed"] = "dismissed"


class Finished(Message):
    """What the Dask task returns.

    Attributes:
        log: what the trial has printed since the last epoch.
        log_path: what its log is called there; the text of an error may name it.
    """

    ending: Annotated[Done | Ended | Died | Dismissed, Field(discriminator="kind")]
    log: bytes = b""
    log_path: Path | None = None


def parse_told(text: str) -> Told:
    """What a station told.

    Raises:
        pydantic.ValidationError: not one of the messages above.
    """
    return _TOLD.validate_json(text)
