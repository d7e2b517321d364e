"""The benchmarks of large data and of CSV readers measure what they say."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import csv_readers, scale_data
from sweep import feature_store
from sweep.sample import write_sample
from tests.trees import feature_file, partition_of, write_tree


def test_a_linked_tree_has_its_share_of_every_partition(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "tree", partition=partition_of(6, 4, 2))
    scale_data.link(root, tmp_path / "half", 2)
    corpus, store = feature_store.build(tmp_path / "half", "muse2021", tmp_path / "cache")
    assert [video.partition for video in corpus.videos] == ["train"] * 3 + ["devel"] * 2 + ["test"]
    assert store.segments.n_steps == 6 * 8


@pytest.mark.slow
def test_every_stage_does_its_work(tmp_path: Path) -> None:
    case = scale_data.Case(write_sample(tmp_path / "part-1", scale=0.1).root, 1, "vggish", "way2")
    program = [sys.executable, scale_data.__file__, str(tmp_path), "--parts", "1", "--features", "vggish"]
    for stage in list(scale_data.STAGES)[1:]:
        if stage == "five epochs":  # which changes how torch works in its process
            done = subprocess.run([*program, "--stage", stage], check=True, capture_output=True, text=True)
            assert '"cpu_s": ' in done.stdout
            assert "epoch 5" in done.stderr
        else:
            assert scale_data.once(stage, case).cpu_s > 0
    for form in ("features", "scaled", "pca"):
        assert len([folder for folder in (case.cache / form).iterdir() if folder.is_dir()]) == 7


def test_every_reader_that_is_installed_reads_the_same_values(tmp_path: Path) -> None:
    file = feature_file(write_tree(tmp_path), "bert", "1")
    program = [sys.executable, csv_readers.__file__, file, "--rounds", "1"]
    said = subprocess.run(program, check=True, capture_output=True, text=True).stdout
    for reader in ("sweep", "pandas_defaults", "pandas_c"):
        assert f"| {reader} | " in said
    assert "False" not in said
