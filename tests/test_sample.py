"""The sample tree: its layout, its bytes, what it refuses, and the signal it carries."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from search_spaces.datasets import muse2021
from search_spaces.errors import SweepError
from sweep.sample import SampleSummary, write_sample
from tests.conftest import Sweep

TARGETS = ("arousal", "valence")


def digest(root: Path) -> str:
    """Of every file's name and bytes."""
    total = hashlib.sha256()
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        total.update(f"{path.relative_to(root).as_posix()}\n".encode())
        total.update(path.read_bytes())
    return total.hexdigest()


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> SampleSummary:
    return write_sample(tmp_path_factory.mktemp("sample") / "tree")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twice the videos, so that a score is more than luck."""
    return write_sample(tmp_path_factory.mktemp("large") / "tree", scale=2.0).root


def partitions(root: Path) -> dict[str, str]:
    table = pd.read_csv(root / "metadata" / "partition.csv", dtype=str)
    return dict(zip(table["Id"], table["Proposal"], strict=True))


def steps_of(root: Path, folder: str, video: str) -> pd.DataFrame:
    return pd.read_csv(root / "feature_segments" / folder / f"{video}.csv")


def classes_of(root: Path, target: str, video: str) -> pd.Series:
    return pd.read_csv(root / "label_segments" / target / f"{video}.csv")["class_id"]


# ---------------------------------------------------------------- layout


def test_the_default_tree_is_small_and_quick(tmp_path: Path) -> None:
    start = time.process_time()
    root = write_sample(tmp_path / "tree").root
    assert time.process_time() - start < 10
    assert sum(path.stat().st_size for path in root.rglob("*.csv")) <= 30e6


def test_the_summary_counts_what_is_on_disk(tree: SampleSummary) -> None:
    contents, parts = tree.contents, partitions(tree.root)
    for partition in ("train", "devel", "test"):
        videos = [video for video, found in parts.items() if found == partition]
        classes = pd.concat([classes_of(tree.root, "valence", video) for video in videos])
        assert contents.videos[partition] == len(videos)
        assert contents.segments[partition] == len(classes)
        assert contents.steps[partition] == sum(len(steps_of(tree.root, "au", video)) for video in videos)
        assert contents.classes["valence"][partition] == tuple(classes.value_counts().sort_index())
    assert contents.size_bytes == sum(path.stat().st_size for path in tree.root.rglob("*.csv"))


def test_lengths_are_realistic(tree: SampleSummary) -> None:
    rows = [steps_of(tree.root, "vggish", video).iloc[:, :2].assign(video=video) for video in partitions(tree.root)]
    lengths = pd.concat(rows).groupby(["video", "segment_id"]).size()
    assert 6000 <= lengths.sum() <= 8000
    assert 20 <= lengths.median() <= 40
    assert lengths.min() == 1
    assert lengths.max() > 200
    assert min(rows_of["timestamp"].min() for rows_of in rows) > 0


def test_classes_are_uneven_and_all_present_in_each_partition(tree: SampleSummary) -> None:
    for by_partition in tree.contents.classes.values():
        assert all(min(counts) > 0 for counts in by_partition.values())
        assert max(by_partition["train"]) >= 3 * min(by_partition["train"])


def test_video_ids_have_gaps(tree: SampleSummary) -> None:
    ids = sorted(int(video) for video in partitions(tree.root))
    assert ids[-1] > 2 * len(ids)


def test_the_reader_reads_the_tree_whole(tree: SampleSummary) -> None:
    corpus = muse2021.read(tree.root)
    assert corpus.targets == TARGETS
    assert corpus.features == ("deepspectrum", "egemaps", "vggish", "fau", "vggface", "xception", "bert")
    assert (corpus.folders["fau"], corpus.folders["bert"]) == ("au", "bert-4")
    classes = [c for video in corpus.labels["arousal"].values() for c in video.values()]
    assert len(classes) == sum(tree.contents.segments.values())
    assert set(classes) == {0, 1, 2, 3, 4}


def test_masked_test_rows_end_one_field_early(tmp_path: Path) -> None:
    root = write_sample(tmp_path / "tree", scale=0.2, masked_test=True).root
    for video, partition in partitions(root).items():
        header, *rows = (root / "label_segments" / "arousal" / f"{video}.csv").read_text().splitlines()
        assert header == "start,end,segment_id,class_id"
        assert {row.count(",") for row in rows} == ({2} if partition == "test" else {3})


def test_real_widths_are_the_papers(tmp_path: Path, sweep: Sweep) -> None:
    root = tmp_path / "tree"
    assert sweep("data", "sample", root, "--scale", "0.1", "--real-widths").code == 0
    widths = []
    for folder in ("deepspectrum", "vggish", "egemaps", "xception", "vggface", "au", "bert-4"):
        path = next((root / "feature_segments" / folder).iterdir())
        with path.open() as lines:
            widths.append(next(lines).count(",") - 1)
    assert widths == [4096, 128, 88, 2048, 512, 35, 768]  # paper, Table I


# ---------------------------------------------------------------- bytes


def test_the_same_parameters_give_the_same_bytes_on_every_machine(tmp_path: Path) -> None:
    """Another digest here means another tree under old parameters: then count `SampleParameters.format` up."""
    first, second = (write_sample(tmp_path / name, scale=0.2).root for name in ("a", "b"))
    assert digest(first) == digest(second) == "e779ecd1e8a1bc468878b1aef7357f1950f83af056fb546666b71831af97abbb"


def test_another_seed_is_another_tree(tmp_path: Path) -> None:
    first, second = (write_sample(tmp_path / str(seed), seed=seed, scale=0.1).root for seed in (1, 2))
    assert digest(first) != digest(second)


def test_a_second_call_changes_nothing_and_says_so(tmp_path: Path) -> None:
    first = write_sample(tmp_path / "tree", scale=0.1)
    before = {path: path.stat().st_mtime_ns for path in first.root.rglob("*")}
    second = write_sample(tmp_path / "tree", scale=0.1)
    assert (first.written, second.written) == (True, False)
    assert second.contents == first.contents
    assert f"written to {first.root}: 3 videos, " in str(first)
    assert "nothing written" in str(second)
    assert {path: path.stat().st_mtime_ns for path in first.root.rglob("*")} == before


# ---------------------------------------------------------------- refusals


def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(SweepError, match=r"found other files, no sample\.json among them\. Nothing was written"):
        write_sample(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_sample_with_other_parameters_is_refused_and_left_alone(tmp_path: Path) -> None:
    root = write_sample(tmp_path / "tree", seed=7, scale=0.1).root
    before = digest(root)
    with pytest.raises(SweepError, match=r"expected .*seed=2021, .*found one made with seed=7, "):
        write_sample(root, scale=0.1)
    assert digest(root) == before


def test_a_damaged_marker_is_named(tmp_path: Path) -> None:
    (tmp_path / "sample.json").write_text('{"parameters": {"format": 2}}')
    with pytest.raises(SweepError, match=r"sample\.json: expected the mark of a sample tree of this version"):
        write_sample(tmp_path)


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "tree").write_text("")
    with pytest.raises(SweepError, match="expected a folder for the sample tree, found a file"):
        write_sample(tmp_path / "tree")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SweepError, match=r"file.tree: the sample tree cannot be written here: .* found "):
        write_sample(tmp_path / "file" / "tree")


@pytest.mark.parametrize(
    ("seed", "scale", "message"),
    [
        (-1, 1.0, "`seed` of a sample tree must be 0 or more. Found -1"),
        (0, 0.05, "`scale` .* at least 0.1, .* Found 0.05"),
        (0, float("nan"), "Found nan"),
        (0, float("inf"), "Found inf"),
    ],
)
def test_parameters_out_of_range_are_refused(tmp_path: Path, seed: int, scale: float, message: str) -> None:
    with pytest.raises(SweepError, match=message):
        write_sample(tmp_path / "tree", seed=seed, scale=scale)
    assert not any(tmp_path.iterdir())


# ---------------------------------------------------------------- kills and races


def start_writing(root: Path, scale: float) -> subprocess.Popen[str]:
    code = f"from pathlib import Path as P; from sweep.sample import *; write_sample(P({str(root)!r}), scale={scale})"
    return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)


def test_a_kill_leaves_no_tree_and_the_next_call_clears_up(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    with start_writing(root, scale=30) as writer:
        while not list(tmp_path.glob(".tree.*.partial/metadata")):
            assert writer.poll() is None, writer.communicate()[1]
            time.sleep(0.01)
        os.kill(writer.pid, signal.SIGKILL)
    assert not root.exists()
    assert write_sample(root, scale=0.1).written
    assert [path.name for path in tmp_path.iterdir()] == ["tree"]


def test_two_processes_at_once_end_with_one_whole_tree(tmp_path: Path) -> None:
    writers = [start_writing(tmp_path / "tree", scale=0.2) for _ in range(2)]
    assert [(writer.communicate()[1], writer.returncode) for writer in writers] == [("", 0), ("", 0)]
    assert [path.name for path in tmp_path.iterdir()] == ["tree"]
    assert digest(tmp_path / "tree") == digest(write_sample(tmp_path / "again", scale=0.2).root)


# ---------------------------------------------------------------- signal


def statistics(root: Path, folders: tuple[str, ...], video: str, *, ordered: bool) -> list[np.ndarray]:
    """Mean and standard deviation of each segment; with `ordered`, also how its second half differs from its first."""
    tables = [steps_of(root, folder, video) for folder in folders]
    values = np.hstack([table.iloc[:, 2:].to_numpy() for table in tables])
    rows = []
    for segment in range(1, tables[0]["segment_id"].max() + 1):
        steps = values[tables[0]["segment_id"] == segment]
        half = (len(steps) + 1) // 2
        course = [steps[-half:].mean(0) - steps[:half].mean(0)] if ordered else []
        rows.append(np.concatenate([steps.mean(0), steps.std(0), *course]))
    return rows


def probe(root: Path, target: str, *folders: str, ordered: bool = False) -> float:
    """Macro-F1 on devel and test of a logistic regression fitted on train."""
    x: dict[bool, list[np.ndarray]] = {True: [], False: []}
    y: dict[bool, list[int]] = {True: [], False: []}
    for video, partition in partitions(root).items():
        x[partition == "train"] += statistics(root, folders, video, ordered=ordered)
        y[partition == "train"] += list(classes_of(root, target, video))
    fitted = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000)).fit(x[True], y[True])
    return float(f1_score(y[False], fitted.predict(x[False]), average="macro", labels=range(5), zero_division=0))


@pytest.mark.parametrize(("target", "folder"), [("arousal", "vggish"), ("valence", "au"), ("valence", "bert-4")])
def test_the_right_modality_carries_a_noisy_signal(large: Path, target: str, folder: str) -> None:
    assert 0.3 < probe(large, target, folder) < 0.7


@pytest.mark.parametrize(("target", "folder"), [("valence", "vggish"), ("arousal", "au"), ("arousal", "bert-4")])
def test_the_wrong_modality_is_near_chance(large: Path, target: str, folder: str) -> None:
    assert probe(large, target, folder, ordered=True) < 0.28  # guessing by shares gives about 0.2


@pytest.mark.parametrize(("target", "folder"), [("arousal", "vggish"), ("valence", "bert-4")])
def test_the_order_of_steps_matters(large: Path, target: str, folder: str) -> None:
    assert probe(large, target, folder, ordered=True) > probe(large, target, folder) + 0.08


def test_fusion_tells_more_than_its_parts(large: Path) -> None:
    both = probe(large, "valence", "bert-4", "vggface")
    assert both > max(probe(large, "valence", "bert-4"), probe(large, "valence", "vggface")) + 0.05


def test_pca_reduces_each_feature_and_some_strongly(tree: SampleSummary) -> None:
    train = [video for video, partition in partitions(tree.root).items() if partition == "train"]
    kept = {}
    for folder in ("deepspectrum", "vggish", "egemaps", "xception", "vggface", "au", "bert-4"):
        steps = np.vstack([steps_of(tree.root, folder, video).iloc[:, 2:].to_numpy() for video in train])
        kept[folder] = PCA(0.95, svd_solver="covariance_eigh").fit(steps).n_components_ / steps.shape[1]
    assert max(kept.values()) < 0.6
    assert max(kept["deepspectrum"], kept["egemaps"]) < 0.2 < min(kept["vggish"], kept["bert-4"])


def test_faces_and_words_are_missing_as_zero_rows(tree: SampleSummary) -> None:
    gone = {}
    for folder in ("vggish", "vggface", "au", "bert-4"):
        tables = [steps_of(tree.root, folder, video) for video in partitions(tree.root)]
        gone[folder] = np.concatenate([~table.iloc[:, 2:].to_numpy().any(axis=1) for table in tables])
    assert not gone["vggish"].any()
    assert 0.05 < gone["vggface"].mean() < 0.3
    assert (gone["vggface"] <= gone["au"]).all()  # no face, no action unit
    assert 0.05 < gone["bert-4"].mean() < 0.4


def test_egemaps_columns_differ_by_orders_of_magnitude(tree: SampleSummary) -> None:
    spread = steps_of(tree.root, "egemaps", next(iter(partitions(tree.root)))).iloc[:, 2:].std()
    assert spread.max() > 1000 * spread.min()
