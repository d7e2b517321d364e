"""Workers on GPUs: one GPU each, fewer of them where its memory does not do, and smaller chunks for one alone."""

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import torch
from pydantic import BaseModel

from search_spaces.errors import SweepError
from sweep import gpus
from sweep.executors import Setup
from sweep.executors.local import LocalExecutor, start
from sweep.folder import RunFolder
from sweep.gpus import Gpu, spread
from sweep.job import EpochEvent, Job, Outcome, TrialFailed
from sweep.messages import Ended, Order
from sweep.worker import run_order
from tests.fake_run import ROOT, made_folder, make_job
from tests.fake_trial import cell

TORCH = """
import json, os
_here = json.loads(os.environ["FAKE_GPUS"])
_asked = os.environ.get("CUDA_VISIBLE_DEVICES")
_seen = list(_here.values()) if _asked is None else []
for _name in (_asked or "").split(","):
    if _name not in _here:
        break
    _seen.append(_here[_name])
if (_asked or "").startswith("MIG"):
    del _seen[1:]

class cuda:
    def device_count(): return len(_seen)
    def mem_get_info(index): return 2**30 * _seen[index][1], 0
    def get_device_properties(index): return type("", (), {"name": _seen[index][0]})
"""
"""What CUDA does with CUDA_VISIBLE_DEVICES: up to the first name that is none, and one MIG instance at most."""
H200, T4 = ("NVIDIA H200", 140), ("Tesla T4", 15)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes a machine with these GPUs, by the names that CUDA takes, and a user who allows some."""

    def make(here: dict[str, tuple[str, int]], allowed: str | None = None) -> None:
        (tmp_path / "torch.py").write_text(TORCH)
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(ROOT)]))
        monkeypatch.setenv("FAKE_GPUS", json.dumps(here))
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        if allowed is not None:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", allowed)

    return make


@pytest.mark.parametrize(
    ("here", "allowed", "expected"),
    [
        ({"0": H200, "1": H200}, None, ["0", "1"]),
        ({"0": H200, "1": H200, "2": H200}, "2, 0", ["2", "0"]),
        ({"0": H200, "1": H200, "2": H200}, "2,0,-1,1", ["2", "0"]),
        ({"GPU-5a": H200, "GPU-7b": H200}, "GPU-7b", ["GPU-7b"]),
        ({"MIG-1": H200, "MIG-2": H200, "MIG-3": H200}, "MIG-1,MIG-3", ["MIG-1", "MIG-3"]),
    ],
)
def test_the_gpus_are_those_that_torch_sees_by_the_names_that_the_user_gave(machine, here, allowed, expected):
    machine(here, allowed)
    assert [gpu.name for gpu in gpus.found()] == expected


@pytest.mark.parametrize(("here", "allowed"), [({}, None), ({"0": H200}, ""), ({"0": H200}, "-1")])
def test_no_gpu_is_a_users_mistake(machine, here, allowed):
    machine(here, allowed)
    with pytest.raises(SweepError, match="Expected a GPU that torch can use, found none"):
        gpus.found()


def test_a_look_that_fails_says_why(machine):
    machine({"0": ("NVIDIA H200", None)})
    with pytest.raises(SweepError, match="The GPUs of this machine cannot be used: TypeError"):
        gpus.found()


def test_the_local_engine_says_what_it_found_and_goes_round_it(machine, tmp_path):
    machine({"GPU-5a": H200, "GPU-7b": H200}, "GPU-5a,GPU-7b")
    said: list[str] = []
    executor = start(Setup(3, tmp_path, said.append, device="cuda-float32"))
    executor.shutdown()
    assert executor.workers == 3
    assert said == ["3 trials at a time on 2 GPUs (NVIDIA H200)"]


def test_workers_go_round_the_gpus_as_many_as_memory_and_cores_allow():
    large = (Gpu("0", "H", 12_000), Gpu("1", "H", 16_000))
    assert spread(large, 3, cores=16) == ("0", "1", "0")
    assert spread(large, 1, cores=16) == ("0",)
    assert spread(large, None, cores=16) == ("0", "1") * 2  # 12,000 MB hold two
    assert spread(large, None, cores=2) == ("0", "1")
    assert spread((Gpu("0", "H", 1_000),), None, cores=16) == ("0",)


def test_gpus_of_two_models_are_refused_unless_one_is_used():
    mixed = (Gpu("GPU-5a", "NVIDIA H200", 9e4), Gpu("GPU-7b", "Tesla T4", 9e4))
    with pytest.raises(SweepError, match=r"of one model.*GPU-5a is NVIDIA H200, GPU-7b is Tesla T4.*DEVICES=GPU-5a"):
        spread(mixed, None, 8)
    assert spread(mixed, 1, 8) == ("GPU-5a",)


def executor(folder: RunFolder, gpus: list[str], said: list[str]) -> LocalExecutor:
    os.environ.setdefault("PYTHONPATH", str(ROOT))
    return LocalExecutor(len(gpus), folder.logs, "tests.fake_gpu_trial:run_trial", gpus=gpus, say=said.append)


def gpu_job(folder: RunFolder, features: str) -> Job:
    return make_job(folder)(cell(features)).model_copy(update={"device": "cuda-float32"})


def test_each_worker_sees_its_gpu_alone(tmp_path: Path) -> None:
    folder = made_folder(tmp_path)
    (folder.path / "told").touch()
    with executor(folder, ["0", "MIG-7b", "0", "MIG-7b"], []) as opened:
        futures = [opened.submit(gpu_job(folder, f"crowd{number}"), _ignore) for number in range(4)]
        for future in futures:
            future.result(timeout=120)
        seen = Counter(psutil.Process(pid).environ()["CUDA_VISIBLE_DEVICES"] for pid in opened.pids)
    assert seen == {"0": 2, "MIG-7b": 2}


def test_trials_that_are_too_many_for_a_gpu_are_halved_and_none_is_lost(tmp_path: Path) -> None:
    folder, said = made_folder(tmp_path), list[str]()
    with executor(folder, ["7"] * 4, said) as opened:
        futures = [opened.submit(gpu_job(folder, f"crowd{number}"), _ignore) for number in range(8)]
        outcomes = [future.result(timeout=120) for future in futures]
        assert opened.workers == len(opened.pids) == 2
    assert {outcome.record.device for outcome in outcomes} == {"cuda-float32"}
    assert "GPU 7 is too small for 4 trials at a time: out of memory; from now on it gets 2. arousal crowd" in said[0]


def test_a_trial_that_is_too_large_for_a_gpu_alone_is_trained_in_smaller_chunks_which_its_record_tells(tmp_path):
    folder, said = made_folder(tmp_path), list[str]()
    with executor(folder, ["0"], said) as opened:
        assert opened.submit(gpu_job(folder, "vast"), _ignore).result(timeout=60).record.device == "cuda-float32/4"
    assert [line.rpartition("again as ")[2] for line in said] == [
        "cuda-float32/2, in half chunks.",
        "cuda-float32/4, in half chunks.",
    ]


def test_what_no_chunk_is_small_enough_for_fails(tmp_path):
    folder = made_folder(tmp_path)
    smallest = gpu_job(folder, "vast").model_copy(update={"device": "cuda-tf32/16"})
    with executor(folder, ["0"], []) as opened, pytest.raises(TrialFailed, match="out of memory: RuntimeError: CUDA"):
        opened.submit(smallest, _ignore).result(timeout=60)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        MemoryError(),
        RuntimeError("CUBLAS_STATUS_ALLOC_FAILED when calling"),
    ],
)
def test_every_spelling_of_too_little_memory_is_told(tmp_path, error):
    sent: list[BaseModel] = []

    def run_trial(job: Job, on_epoch: Callable[[EpochEvent], None]) -> Outcome:
        raise error

    folder = made_folder(tmp_path)
    run_order(Order(job=gpu_job(folder, "f1"), log=folder.path / "log"), run_trial, sent.append)
    assert [message.cause for message in sent if isinstance(message, Ended)] == ["memory"]


def _ignore(event: EpochEvent) -> None:
    pass
