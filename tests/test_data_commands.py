"""`sweep data check`, `describe` and `sample` as a user sees them."""

import json
from pathlib import Path

import pytest

from tests.conftest import Sweep
from tests.tiny_run import files, tiny_tree
from tests.trees import feature_file, label_file, set_row


@pytest.fixture(autouse=True)
def _apart(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))


def test_a_tree_without_defects_is_said_to_have_none(tree: Path, sweep: Sweep) -> None:
    said = sweep("data", "check", tree)
    assert said.code == 0
    assert "no defects. 7 videos, 35 segments, 168 steps, 3 features, targets arousal, valence." in " ".join(
        said.out.split()
    )


def test_every_defect_is_told_in_one_go_with_exit_code_2(tmp_path: Path, sweep: Sweep) -> None:
    root = tiny_tree(tmp_path / "tree")
    set_row(label_file(root, "arousal", "1"), 2, "250,1750,1,9")
    set_row(feature_file(root, "fau", "2"), 3, "500,1,nan,0.5")
    before = files(root)
    said = sweep("data", "check", root)
    assert said.code == 2
    defects = [line for line in said.out.splitlines() if line.startswith("defect: ")]
    assert len(defects) == 2
    assert any("label_segments/arousal/1.csv" in line and "row 2" in line for line in defects)
    assert any("feature_segments/fau/2.csv" in line and "row 3" in line for line in defects)
    assert "2 defects; no run can use this tree." in said.out
    assert files(root) == before


def test_a_tree_is_described_by_partition_class_length_and_width(tree: Path, sweep: Sweep) -> None:
    said = sweep("data", "describe", tree)
    assert said.code == 0
    train = next(line for line in said.out.splitlines() if "train" in line)
    assert train.replace("│", " ").split()[:4] == ["train", "3", "15", "72"]
    assert all(word in said.out for word in ("Partitions", "percentiles", "vggish", "audio", "width"))


def test_a_broken_tree_is_not_described(tmp_path: Path, sweep: Sweep) -> None:
    root = tiny_tree(tmp_path / "tree")
    feature_file(root, "fau", "2").unlink()
    said = sweep("data", "describe", root)
    assert (said.code, said.out) == (2, "")
    assert "fau" in said.err


def test_scripts_get_what_is_wrong_with_a_tree(tmp_path: Path, sweep: Sweep) -> None:
    root = tiny_tree(tmp_path / "tree")
    set_row(label_file(root, "arousal", "1"), 2, "250,1750,1,9")
    said = sweep("data", "check", root, "--json")
    found = json.loads(said.out)
    assert (said.code, said.err) == (2, "")
    assert (found["root"], found["usable"], "digest" in found) == (str(root), False, False)
    (defect,) = found["defects"]
    assert defect["file"] == "label_segments/arousal/1.csv"
    assert defect["where"].startswith("row 2")
    assert "9" in defect["found"]


def test_scripts_get_the_size_of_a_tree_without_defects(tree: Path, sweep: Sweep) -> None:
    said = sweep("data", "check", tree, "--json")
    found = json.loads(said.out)
    assert said.code == 0
    sizes = [found[key] for key in ("usable", "videos", "segments", "steps", "features", "targets")]
    assert sizes == [True, 7, 35, 168, 3, ["arousal", "valence"]]
    assert found["defects"] == []


def test_scripts_get_what_a_tree_holds(tree: Path, sweep: Sweep) -> None:
    found = json.loads(sweep("data", "describe", tree, "--json").out)
    train = found["partitions"]["train"]
    assert (train["videos"], train["segments"], train["steps"]) == (3, 15, 72)
    assert (train["steps_per_segment"]["0"], train["steps_per_segment"]["100"]) == (1, 8)  # of tiny_run.LENGTHS
    assert sum(train["classes"]["arousal"].values()) == 15
    assert list(train["classes"]["arousal"]) == ["0", "1", "2", "3", "4", "masked"]
    assert {each["name"]: each["modality"] for each in found["features"]} == {
        "vggish": "audio",
        "fau": "video",
        "bert": "text",
    }


def test_a_sample_is_written_once(tmp_path: Path, sweep: Sweep) -> None:
    first = sweep("data", "sample", tmp_path / "sample", "--scale", "0.1")
    before = files(tmp_path)
    second = sweep("data", "sample", tmp_path / "sample", "--scale", "0.1")
    assert (first.code, second.code) == (0, 0)
    assert "Sample tree written to" in first.out
    assert "complete already, nothing written" in second.out
    assert files(tmp_path) == before


def test_a_sample_is_not_written_over_other_things(tmp_path: Path, sweep: Sweep) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    said = sweep("data", "sample", tmp_path)
    assert said.code == 2
    assert (tmp_path / "thesis.tex").read_text() == "precious"


def test_data_without_a_command_shows_its_help(sweep: Sweep) -> None:
    said = sweep("data")
    assert said.code == 2
    assert "describe" in said.out + said.err
