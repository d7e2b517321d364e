"""The reference that reading a tree is measured against is itself right."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import ingest
from sweep import feature_store
from tests.trees import FEATURES, class_of, edit, feature_file, partition_of, write_tree


def test_the_plain_loader_cuts_train_segments_into_windows_and_keeps_the_others_whole(tmp_path: Path) -> None:
    root = write_tree(tmp_path, features={"fau": 2}, lengths=(250, 3), partition=partition_of(1, 1, 1))
    pieces = ingest.read_plainly(root, "arousal")["fau"]
    assert [len(piece.values) for piece in pieces] == [200, 150, 3, 250, 3, 250, 3]
    given = np.loadtxt(feature_file(root, "fau", "1"), delimiter=",", skiprows=1)
    assert np.array_equal(pieces[1].values, given[100:250, 2:].astype(np.float32))
    assert [piece.label for piece in pieces[:3]] == [class_of(0, segment, "arousal") for segment in (1, 1, 2)]


def test_both_loaders_hold_the_same_windows_and_a_difference_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_tree(tmp_path / "tree", masked_test=True, lengths=(250, 1, 4))
    assert ingest.check(root, "arousal", tmp_path / "cache") == len(FEATURES) * (2 * (2 + 1 + 1) + 2 * 3)
    plain = ingest.read_plainly(root, "arousal")
    plain["bert"][0].values[7, 0] += 1e-6
    monkeypatch.setattr(ingest, "read_plainly", lambda *_: plain)
    with pytest.raises(AssertionError, match="bert: A and B read other values"):
        ingest.check(root, "arousal", tmp_path / "cache")


def test_a_doubled_tree_has_every_step_twice_and_no_defect(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "tree")
    edit(root / "metadata" / "partition.csv", "2,train", "x y,train")
    for file in root.rglob("2.csv"):
        file.rename(file.with_name("x y.csv"))
    _, once = feature_store.build(root, "muse2021", tmp_path / "cache")
    _, twice = feature_store.build(ingest.double(root, tmp_path / "twice"), "muse2021", tmp_path / "cache")
    assert twice.segments.n_steps == 2 * once.segments.n_steps
    assert len(twice.videos) == 2 * len(once.videos)


def test_the_benchmark_prints_every_kind_and_ratio(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "tree")
    program = Path(ingest.__file__)
    done = subprocess.run([sys.executable, program, root, "--rounds", "1"], capture_output=True, text=True, check=True)
    for said in ("36 pieces are the same", "\n  A ", "\n  B ", "\n  C ", "B twice", "A / B", "C twice / C"):
        assert said in done.stdout
