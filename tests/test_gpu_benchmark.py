"""The benchmark of GPUs, as far as it goes without one."""

import sys
from pathlib import Path

import pytest

from benchmarks import gpu
from benchmarks.gpu_load import Load
from benchmarks.gpu_row import difference


@pytest.mark.slow
def test_it_runs_from_data_to_tables(tmp_path: Path, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "gpu.md"
    words = [str(tree), "--features", "vggish", "--ways", "way2", "--kinds", "cpu", "--workers", "2", "--epochs", "2"]
    monkeypatch.setattr(sys, "argv", ["gpu.py", *words, "--seeds", "2", "--out", str(out)])
    gpu.main()
    head, _, _, _, shared, _, _, _, kinds = out.read_text().splitlines()
    assert head.startswith("No GPU, ")
    assert "2 cells, 2 epochs, 1 seed, then 2;" in head
    assert shared.startswith("| cpu | 2 | ")
    assert shared.endswith(" | 1.00 | – | – | yes |")
    assert kinds.startswith("| cpu | 2 | ")
    assert kinds.endswith(" | +0.0 | yes |")


def test_a_difference_is_measured_in_the_noise_of_means_over_seeds():
    # cell 1: 0.40 -> 0.44, variances 0.0002 and 0.0002; cell 2: 0.5 -> 0.5, without scatter
    # (0.04 + 0) / sqrt(2 * 0.0002 / 2) = 0.04 / 0.01414
    reference, other = [[0.39, 0.41], [0.5, 0.5]], [[0.43, 0.45], [0.5, 0.5]]
    assert difference(reference, other) == pytest.approx(2.8284, abs=1e-4)
    assert difference(reference, reference) == 0


def test_the_load_of_a_gpu_is_read_from_nvidia_smi():
    load = Load(None)
    load.read("40, 1000\n80, 3000\n9")
    assert (load.busy, load.memory(2)) == ("60 %", "1500 MiB")
    assert (Load(None).busy, Load(None).memory(2)) == ("–", "–")
