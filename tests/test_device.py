"""Kinds of device, and the path of a GPU with tensors on the CPU: its chunks, its ways to the data, its precision."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from search_spaces import registry
from search_spaces.errors import SweepError
from sweep import batches
from sweep import device as devices
from sweep.batches import Packing
from sweep.device import Device, Resident, Sent
from sweep.device_kind import KINDS, Kind
from sweep.feature_store import FeatureStore
from sweep.fusion import Fusion
from sweep.objective import Parts, backward, predict
from sweep.opened import device_named
from tests.test_training import SMALL, data, noise, parts_of

CPU = torch.device("cpu")
BATCH = np.array([9, 0, 3, 1, 4, 7, 8])


@pytest.mark.parametrize("spelled", [*KINDS, "cuda-float32/2", "cuda-tf32/16"])
def test_a_kind_survives_being_spelled_and_read(spelled):
    assert str(Kind.of(spelled)) == spelled


@pytest.mark.parametrize("spelled", ["cuda:0", "cpu-tf32", "cuda-float64", "cuda-tf32/3", "cuda/2", "CUDA", ""])
def test_what_is_no_kind_is_refused(spelled):
    with pytest.raises(ValueError, match="no kind of device"):
        Kind.of(spelled)


def test_a_kind_is_halved_until_its_chunks_are_a_cpus():
    kinds: list[str] = []
    kind: Kind | None = Kind.of("cuda-tf32")
    while kind is not None:
        kinds.append(str(kind))
        kind = kind.halved()
    assert kinds == ["cuda-tf32", "cuda-tf32/2", "cuda-tf32/4", "cuda-tf32/8", "cuda-tf32/16"]
    assert Device.of(kinds[1]).packing.padded_steps * 2 == Device.of(kinds[0]).packing.padded_steps
    assert Device.of(kinds[-1]).packing.padded_steps == Device.of("cpu").packing.padded_steps
    assert Kind.of("cpu").halved() is None


def test_cuda_means_one_precision_and_trials_elsewhere_need_no_gpu_here():
    assert device_named("cuda", elsewhere=True) == str(Kind.of("cuda")) in KINDS
    assert device_named("cuda-tf32", elsewhere=True) == "cuda-tf32"
    assert device_named("cpu") == "cpu"
    with pytest.raises(SweepError, match="Known: auto, cpu, cuda, cuda-bfloat16, cuda-float32, cuda-tf32"):
        device_named("gpu")


def test_precision_and_determinism_are_set_by_name():
    code = (
        "import torch; from sweep.device import Device\n"
        "for kind in ('cuda-tf32', 'cuda-float32'):\n"
        "    Device.of(kind).settle()\n"
        "    print(torch.backends.cuda.matmul.fp32_precision, torch.backends.cudnn.rnn.fp32_precision)\n"
        "print(torch.get_deterministic_debug_mode(), torch.utils.deterministic.fill_uninitialized_memory)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "tf32 tf32\nieee ieee\n2 False\n"


def test_a_gpus_random_stream_goes_on_where_it_was(monkeypatch):
    on_card = torch.Generator().manual_seed(5)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda _: on_card.get_state())
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda state, _: on_card.set_state(state))
    gpu = Device.of("cuda-float32")
    with torch.random.fork_rng(devices=[]):
        before = gpu.random_state()
        drawn = torch.rand(2), torch.rand(2, generator=on_card)
        gpu.restore(before)
        again = torch.rand(2), torch.rand(2, generator=on_card)
    assert set(before) == {"global", "cuda.0"}
    assert torch.equal(torch.cat(drawn), torch.cat(again))
    assert set(Device.of("cpu").random_state()) == {"global"}


def on_gpu_path(parts: Parts, kind: str, *, sent: bool = False) -> Parts:
    """The same parts as a GPU has them, with every tensor on the CPU."""
    device = Device(Kind.of(kind), CPU)
    take = Sent if sent else Resident
    fusions = [take(fusion, CPU) for fusion in parts.fusions if isinstance(fusion, Fusion)]
    assert len(fusions) == len(parts.fusions)
    return replace(parts, device=device, fusions=fusions)


def measured(parts: Parts, store: FeatureStore) -> tuple[float, torch.Tensor, NDArray[np.float32]]:
    """Objective and gradient of a batch, and predictions."""
    train, devel = data(store)
    parts.network.train()
    parts.network.zero_grad()
    value = backward(parts, train, BATCH, SMALL)
    gradients = [parameter.grad.flatten() for parameter in parts.network.parameters() if parameter.grad is not None]
    return value, torch.cat(gradients), predict(parts, devel)


@pytest.mark.parametrize("way", registry.names("ways"))
def test_the_path_of_a_gpu_computes_what_the_cpus_does(tmp_path, monkeypatch, way):
    monkeypatch.setattr(batches, "CUDA", Packing(chunk_cost=16384, padded_steps=1024))
    store = noise(tmp_path)
    parts = parts_of(store, SMALL, way)
    value, gradient, predicted = measured(parts, store)
    for kind in ("cuda-float32", "cuda-float32/8"):  # one chunk, and chunks of 128 steps
        found = measured(on_gpu_path(parts, kind), store)
        assert found[0] == pytest.approx(value, rel=1e-6)
        assert torch.allclose(found[1], gradient, atol=1e-6, rtol=1e-4)
        assert found[2] == pytest.approx(predicted, abs=1e-6)


def test_data_that_is_kept_and_data_that_is_sent_give_the_same_bytes(tmp_path, monkeypatch):
    store = noise(tmp_path)
    parts = parts_of(store, SMALL, "way2", "baseline")
    monkeypatch.setattr(devices, "_BLOCK", 7)  # so that the copy has many pieces
    kept, sent = (measured(on_gpu_path(parts, "cuda-float32", sent=sent), store) for sent in (False, True))
    assert kept[0] == sent[0]
    assert torch.equal(kept[1], sent[1])
    assert np.array_equal(kept[2], sent[2])


def test_features_are_kept_on_the_device_where_they_fit(tmp_path, monkeypatch):
    fusion = Fusion(noise(tmp_path), "fau", SMALL)
    assert Device.of("cpu").take(fusion) is fusion
    gpu = Device(Kind.of("cuda-float32"), CPU)
    assert isinstance(gpu.take(fusion), Resident)
    monkeypatch.setattr(devices, "_RESIDENT_MB", 0.001)
    assert isinstance(gpu.take(fusion), Sent)


@pytest.mark.parametrize("way", ["way2", "way6"])
def test_bfloat16_rounds_products_and_keeps_the_weights(tmp_path, way):
    store = noise(tmp_path)
    parts = parts_of(store, SMALL, way)
    value, gradient, _ = measured(parts, store)
    found = measured(on_gpu_path(parts, "cuda-bfloat16"), store)
    assert found[0] != value
    assert found[0] == pytest.approx(value, rel=0.02)
    assert torch.nn.functional.cosine_similarity(found[1], gradient, dim=0) > 0.99
    assert {parameter.dtype for parameter in parts.network.parameters()} == {torch.float32}
