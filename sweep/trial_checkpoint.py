"""What of a trial is kept while it runs: the results of its finished seeds, and the training under way."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import JsonValue
from torch import Tensor

from results.records import SeedCost, SeedRecord
from sweep import digest, environment
from sweep.checkpoint import Checkpoint, CheckpointFile, below, nested
from sweep.job import Job
from sweep.training import Training


@dataclass(frozen=True)
class SeedRun:
    """What one seed gave."""

    record: SeedRecord
    cost: SeedCost
    parameters: int
    devel: NDArray[np.float32]  # (n, C) class probabilities
    test: NDArray[np.float32]  # (n, C)


@dataclass
class TrialCheckpoint:
    """A trial's finished seeds and the training under way, on disk after every epoch where the job names a file.

    Attributes:
        finished: in the order of the seeds; the trial appends to it.
        earlier_s: seconds that earlier attempts had spent up to their last checkpoint.
    """

    file: CheckpointFile | None
    finished: list[SeedRun] = field(default_factory=list)
    earlier_s: float = 0.0
    _training: Checkpoint | None = None
    _began: float = field(default_factory=time.perf_counter)

    @classmethod
    def of(cls, job: Job) -> Self:
        """What an earlier attempt at the same trial has left; nothing where there was none."""
        if job.checkpoint is None:
            return cls(None)
        plain = job.model_dump(mode="json", include={"cell", "settings", "device"})
        key = digest.of_value([plain, job.data.digest, environment.versions(), _code()])
        file = CheckpointFile(job.checkpoint, key)
        kept = file.read()
        if kept is None:
            return cls(file)
        state = cast(dict[str, Any], kept.state)
        finished = [_seed_run(plain, kept.tensors) for plain in state["finished"]]
        under_way = Checkpoint(below("training", kept.tensors), state["training"])
        return cls(file, finished, state["spent_s"], under_way)

    def take_training(self) -> Checkpoint | None:
        """The training that was under way, for the first seed that is not finished; once."""
        training, self._training = self._training, None
        return training

    def keep(self, training: Training) -> None:
        """Keeps the finished seeds, and the training of the next one as it stands.

        Raises:
            SweepError: the file cannot be written.
        """
        if self.file is None:
            return
        under_way = training.checkpoint()
        tensors = nested("training", under_way.tensors)
        for run in self.finished:
            arrays = {"devel": torch.from_numpy(run.devel), "test": torch.from_numpy(run.test)}
            tensors |= nested(str(run.record.seed), arrays)
        state: dict[str, JsonValue] = {
            "finished": [_plain(run) for run in self.finished],
            "training": dict(under_way.state),
            "spent_s": self.earlier_s + time.perf_counter() - self._began,
        }
        self.file.write(Checkpoint(tensors, state))


@cache
def _code() -> str:
    """Our source when this process first asked: epochs of two codes make no trial."""
    return environment.code()


def _plain(run: SeedRun) -> dict[str, Any]:
    return {
        "record": run.record.model_dump(mode="json"),
        "cost": run.cost.model_dump(mode="json"),
        "parameters": run.parameters,
    }


def _seed_run(plain: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> SeedRun:
    record = SeedRecord.model_validate(plain["record"])
    arrays = {name: tensor.numpy() for name, tensor in below(str(record.seed), tensors).items()}
    cost = SeedCost.model_validate(plain["cost"])
    return SeedRun(record, cost, plain["parameters"], arrays["devel"], arrays["test"])
