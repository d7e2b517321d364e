"""A trial in flight on disk: everything from which its next epoch follows, so that a kill costs one epoch at most.

Derived from the trial alone and deletable: without it the trial starts again and ends with the same bytes.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import JsonValue
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from sweep import atomic

FORMAT = 1


@dataclass(frozen=True)
class Checkpoint:
    """Tensors by name, and plain values beside them."""

    tensors: Mapping[str, Tensor]
    state: Mapping[str, JsonValue]


class CheckpointFile:
    """The one checkpoint of a trial.

    Args:
        path: the file; its folder must exist.
        key: what the trial is. A checkpoint of anything else (other data, settings, versions) is not taken up.
    """

    def __init__(self, path: Path, key: str) -> None:
        self.path = path
        self._key = key

    def write(self, checkpoint: Checkpoint) -> None:
        """Replaces the file in one step.

        Raises:
            SweepError: it cannot be written.
        """
        text = json.dumps(checkpoint.state, allow_nan=False)
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.tensors.items()}
        metadata = {"format": str(FORMAT), "key": self._key, "state": text}
        metadata["sha256"] = _digest(metadata, tensors)
        atomic.write_bytes(self.path, save(tensors, metadata))

    def read(self) -> Checkpoint | None:
        """The checkpoint; None where there is none, or it is another trial's.

        A damaged one is told on standard output, which is the trial's log, and counts as none.
        """
        if not self.path.exists():
            return None
        try:
            with safe_open(self.path, framework="pt") as file:
                metadata = dict(file.metadata() or {})
                # Cloned: digits may depend on where a tensor lies, and torch aligns what it allocates.
                tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118 # not a dict
            if metadata.pop("sha256", "") != _digest(metadata, tensors):
                raise ValueError("its content is not what was written")
        except (SafetensorError, OSError, ValueError) as error:
            print(f"checkpoint {self.path} is damaged ({error}); the trial starts again")  # noqa: T201 # goes to the log
            return None
        if (metadata.get("format"), metadata.get("key")) != (str(FORMAT), self._key):
            return None
        return Checkpoint(tensors, json.loads(metadata["state"]))


def nested(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors under a common prefix, so that several groups fit into one checkpoint."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The group that `nested` put under a prefix, by its own names."""
    start = f"{prefix}."
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}


def _digest(metadata: Mapping[str, str], tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256(json.dumps(metadata, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
