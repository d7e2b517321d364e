import importlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import search_spaces.datasets
from search_spaces.alignment import Segments
from search_spaces.corpus import DataError, FeatureTable
from search_spaces.errors import SweepError
from sweep import corpus_index, feature_store, packed
from sweep._feature_pack import _AHEAD, _ahead, _Share
from tests.trees import FEATURES, edit, feature_file, label_file, partition_of, set_row, write_tree

COUNTING_READER = """
from dataclasses import replace
from search_spaces.datasets import muse2021
PARSED = []
def survey(root):
    corpus, defects = muse2021.survey(root)
    return (None if corpus is None else replace(corpus, reader="counting")), defects
def read_feature(root, path):
    PARSED.append(path.relative_to(root).as_posix())
    return muse2021.read_feature(root, path)
"""


@pytest.fixture
def parsed(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What the reader `counting` has parsed: a reader of one's own, found as any other by its file."""
    folder = tmp_path_factory.mktemp("readers")
    (folder / "counting.py").write_text(COUNTING_READER)
    monkeypatch.setattr(search_spaces.datasets, "__path__", [*search_spaces.datasets.__path__, str(folder)])
    importlib.invalidate_caches()
    yield importlib.import_module("search_spaces.datasets.counting").PARSED
    del sys.modules["search_spaces.datasets.counting"]


def build(root: Path, cache: Path) -> feature_store.FeatureStore:
    return feature_store.build(root, "muse2021", cache, workers=2)[1]


def same(one: Segments, other: Segments) -> bool:
    arrays = ("video", "segment_id", "start", "length")
    return (
        all(np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays)
        and {target: list(given) for target, given in one.classes.items()}
        == {target: list(given) for target, given in other.classes.items()}
        and (one.partition_bounds, one.step_bounds) == (other.partition_bounds, other.step_bounds)
    )


def test_the_arrays_are_the_csv_values_in_packed_order(tmp_path):
    root = write_tree(tmp_path / "tree", partition={"7": "devel", "2": "train", "10": "train", "3": "test"})
    store = build(root, tmp_path / "cache")
    assert store.videos == ("2", "10", "7", "3")
    for feature, width in FEATURES.items():
        expected = np.concatenate(
            [np.loadtxt(feature_file(root, feature, v), delimiter=",", skiprows=1)[:, 2:] for v in store.videos]
        )
        assert store.widths[feature] == width
        assert np.array_equal(store.values(feature), expected.astype(np.float32))
    assert store.train_steps() == slice(0, 16)  # two videos of 3 + 1 + 4 steps


def test_each_file_is_parsed_once_per_content(tmp_path, parsed):
    root = write_tree(tmp_path / "tree")
    feature_store.build(root, "counting", tmp_path / "cache")
    assert len(parsed) == len(set(parsed)) == 4 * len(FEATURES)
    feature_store.build(root, "counting", tmp_path / "cache")
    shutil.copytree(root, tmp_path / "copy")
    feature_store.build(tmp_path / "copy", "counting", tmp_path / "cache")
    assert len(parsed) == 4 * len(FEATURES)


def test_only_the_changed_feature_is_packed_again(tmp_path, parsed):
    root = write_tree(tmp_path / "tree")
    _, before = feature_store.build(root, "counting", tmp_path / "cache")
    parsed.clear()
    file = feature_file(root, "fau", "2")
    content = bytearray(file.read_bytes())
    at = content.rindex(b".") + 1
    content[at] = ord("1") if content[at] != ord("1") else ord("2")
    file.write_bytes(content)
    _, after = feature_store.build(root, "counting", tmp_path / "cache")
    assert sorted(parsed) == [f"feature_segments/fau/{video}.csv" for video in (1, 2, 3, 4)]
    assert {name for name in FEATURES if before.keys[name] != after.keys[name]} == {"fau"}
    assert before.digest != after.digest


def test_one_changed_label_changes_the_digest_and_packs_nothing(tmp_path, parsed):
    root = write_tree(tmp_path / "tree")
    _, before = feature_store.build(root, "counting", tmp_path / "cache")
    parsed.clear()
    set_row(label_file(root, "arousal", "1"), 2, "0,750,1,3")
    _, after = feature_store.build(root, "counting", tmp_path / "cache")
    assert (before.keys, parsed) == (after.keys, [])
    assert before.digest != after.digest
    assert (before.segments.classes["arousal"][0], after.segments.classes["arousal"][0]) == (0, 3)


def test_one_changed_partition_changes_the_digest(tmp_path):
    root = write_tree(tmp_path / "tree", partition=partition_of(train=3))
    before = build(root, tmp_path / "cache")
    edit(root / "metadata" / "partition.csv", "3,train", "3,devel")
    after = build(root, tmp_path / "cache")
    assert before.digest != after.digest
    assert before.train_steps() == slice(0, 24)
    assert after.train_steps() == slice(0, 16)


def test_a_copy_under_another_name_has_the_same_digest(tmp_path):
    root = write_tree(tmp_path / "tree")
    shutil.copytree(root, tmp_path / "elsewhere" / "copy")
    here, there = build(root, tmp_path / "cache"), build(tmp_path / "elsewhere" / "copy", tmp_path / "another")
    assert here.digest == there.digest


def test_the_store_is_opened_as_it_was_built(tmp_path):
    built = build(write_tree(tmp_path / "tree", masked_test=True), tmp_path / "cache")
    shutil.rmtree(tmp_path / "tree")  # a worker reads the cache alone
    opened = feature_store.open_store(tmp_path / "cache", built.digest)
    assert (opened.digest, opened.videos, opened.keys, opened.widths) == (
        built.digest, built.videos, built.keys, built.widths,
    )  # fmt: skip
    assert same(opened.segments, built.segments)
    for feature in FEATURES:
        assert np.array_equal(opened.values(feature), built.values(feature))


def test_a_store_that_the_cache_lost_is_told(tmp_path):
    built = build(write_tree(tmp_path / "tree"), tmp_path / "cache")
    shutil.rmtree(tmp_path / "cache" / "corpora")
    with pytest.raises(SweepError, match="does not hold the data"):
        feature_store.open_store(tmp_path / "cache", built.digest)


def test_a_deleted_cache_is_packed_again(tmp_path):
    root = write_tree(tmp_path / "tree")
    before = build(root, tmp_path / "cache")
    shutil.rmtree(tmp_path / "cache")
    after = build(root, tmp_path / "cache")
    assert before.digest == after.digest
    assert same(after.segments, feature_store.open_store(tmp_path / "cache", after.digest).segments)


def test_an_unknown_feature_is_told_with_the_known_ones(tmp_path):
    store = build(write_tree(tmp_path / "tree"), tmp_path / "cache")
    with pytest.raises(SweepError, match=r"feature 'xception' is unknown. Known: bert, fau, vggish"):
        store.values("xception")


def test_every_defect_of_several_files_is_told_in_one_go(tmp_path):
    root = write_tree(tmp_path / "tree")
    set_row(feature_file(root, "fau", "1"), 3, "500,1,nan,0.1")
    set_row(feature_file(root, "fau", "4"), 9, "2000,3,0.1,inf")
    feature_file(root, "bert", "2").unlink()
    set_row(feature_file(root, "bert", "3"), 2, "250,1,0.1,x,0.1,0.1")
    set_row(feature_file(root, "bert", "4"), 2, "251,1,0.1,0.1,0.1,0.1")  # whole, but not in step with the others
    label_file(root, "valence", "1").unlink()
    with pytest.raises(DataError) as raised:
        build(root, tmp_path / "cache")
    assert sorted(defect.file for defect in raised.value.defects) == [
        "feature_segments/bert/2.csv",
        "feature_segments/bert/3.csv",
        "feature_segments/bert/4.csv",
        "feature_segments/fau/1.csv",
        "feature_segments/fau/4.csv",
        "label_segments/valence/1.csv",
    ]


def test_a_feature_with_a_defect_leaves_nothing_under_a_final_name(tmp_path):
    root = write_tree(tmp_path / "tree", features={"fau": 2})
    set_row(feature_file(root, "fau", "4"), 9, "2000,3,0.1,nan")
    assert feature_store.survey(root, "muse2021", tmp_path / "cache").store is None
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file() and path.suffix != ".lock"] == []
    assert not (tmp_path / "cache" / "corpora").exists()


def test_a_mended_tree_is_read_after_a_defect(tmp_path):
    root = write_tree(tmp_path / "tree")
    right = feature_file(root, "fau", "1").read_bytes()
    set_row(feature_file(root, "fau", "1"), 3, "500,1,nan,0.1")
    assert feature_store.survey(root, "muse2021", tmp_path / "cache").store is None
    feature_file(root, "fau", "1").write_bytes(right)
    assert feature_store.survey(root, "muse2021", tmp_path / "cache").defects == ()


def test_unequal_widths_are_a_defect_now_and_when_packed_already(tmp_path):
    root = write_tree(tmp_path / "tree", features={"fau": 2})
    file = feature_file(root, "fau", "3")
    file.write_text("\n".join(f"{line},0.5" for line in file.read_text().splitlines()) + "\n")
    for _ in range(2):
        found = feature_store.survey(root, "muse2021", tmp_path / "cache")
        assert [defect.file for defect in found.defects] == ["feature_segments/fau/3.csv"]
        assert found.store is None


def test_the_number_of_workers_changes_nothing(tmp_path):
    root = write_tree(tmp_path / "tree", partition=partition_of(6, 3, 3))
    one = feature_store.build(root, "muse2021", tmp_path / "one", workers=1)[1]
    four = feature_store.build(root, "muse2021", tmp_path / "four", workers=4)[1]
    assert one.digest == four.digest
    for feature in FEATURES:
        assert np.array_equal(one.values(feature), four.values(feature))


def test_a_second_build_does_without_the_libraries_that_parse_and_learn(tmp_path):
    built = build(write_tree(tmp_path / "tree"), tmp_path / "cache")
    code = f"""
import sys
from pathlib import Path
from sweep import feature_store, packed
store = feature_store.build(Path({str(tmp_path / "tree")!r}), "muse2021", Path({str(tmp_path / "cache")!r}))[1]
print(store.digest, sorted({{"pandas", "scipy", "sklearn", "torch"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split(maxsplit=1) == [built.digest, "[]\n"]


def test_an_error_while_parsing_leaves_nothing_under_a_final_name_and_stops_at_once(tmp_path, parsed, monkeypatch):
    root = write_tree(tmp_path / "tree", partition=partition_of(30, 10, 10))
    counting = sys.modules["search_spaces.datasets.counting"]
    whole = counting.read_feature

    def interrupted(root: Path, path: Path) -> object:
        if path.stem == "5":
            raise KeyboardInterrupt
        return whole(root, path)

    monkeypatch.setattr(counting, "read_feature", interrupted)
    with pytest.raises(KeyboardInterrupt):
        feature_store.build(root, "counting", tmp_path / "cache", workers=2)
    assert len(parsed) < 12  # of 150: a few files ahead of the one that failed
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file() and path.suffix != ".lock"] == []


@pytest.mark.parametrize(("size", "together"), [(1, 20), (_AHEAD // 3, 3), (_AHEAD, 1), (2 * _AHEAD, 1)])
def test_no_more_text_is_parsed_ahead_of_its_packing_than_memory_has_room_for(size, together):
    shares = [_Share((Path(str(number)),), size) for number in range(20)]
    ahead = list(_ahead(shares))
    assert [share for some in ahead for share in some] == shares
    assert {len(some) for some in ahead[:-1]} <= {together}
    assert len(ahead[0]) == together


def test_a_feature_that_is_parsed_in_parts_is_packed_as_a_whole(tmp_path, monkeypatch):
    root = write_tree(tmp_path / "tree")
    whole = build(root, tmp_path / "whole")
    monkeypatch.setattr("sweep._feature_pack._AHEAD", 1)
    assert build(root, tmp_path / "parts").keys == whole.keys
    files = {path.relative_to(tmp_path / "whole"): path.read_bytes() for path in (tmp_path / "whole").rglob("*.f32")}
    assert files
    assert all((tmp_path / "parts" / path).read_bytes() == content for path, content in files.items())


@pytest.mark.parametrize("kind", ["feature", "label"])
def test_a_file_that_changes_while_the_tree_is_read_is_told_and_nothing_of_it_kept(tmp_path, monkeypatch, kind):
    root = write_tree(tmp_path / "tree")
    path = feature_file(root, "fau", "2") if kind == "feature" else label_file(root, "arousal", "1")
    original, write = path.read_bytes(), packed.write

    def meanwhile(half: Path, tables: Iterator[FeatureTable]) -> None:
        path.write_bytes(original.replace(b"750", b"751") if kind == "feature" else original[:-2] + b"3\n")
        write(half, tables)

    monkeypatch.setattr(packed, "write", meanwhile)
    with pytest.raises(SweepError, match=rf"{path.name} changed while the tree was read\. Give the command again"):
        build(root, tmp_path / "cache")
    monkeypatch.setattr(packed, "write", write)
    path.write_bytes(original)
    found, fresh = build(root, tmp_path / "cache"), build(root, tmp_path / "fresh")
    assert same(found.segments, fresh.segments)
    assert found.digest == fresh.digest
    assert all(np.array_equal(found.values(name), fresh.values(name)) for name in FEATURES)


def test_labels_of_another_time_than_their_steps_are_counted(tmp_path):
    root = write_tree(tmp_path / "tree")
    file = label_file(root, "arousal", "1")
    header, first, second, *rest = file.read_text().splitlines()
    times, other = first.rsplit(",", 2)[0], second.rsplit(",", 2)[0]
    exchanged = [second.replace(other, times), first.replace(times, other)]
    file.write_text("\n".join([header, *(exchanged), *rest]) + "\n")
    survey = feature_store.survey(root, "muse2021", tmp_path / "cache")
    assert [str(notice) for notice in survey.notices if "another time" in notice.what] == [
        "labels of arousal whose row says another time than the steps of their segment: 2 "
        "(e.g. label_segments/arousal/1.csv, segment 1)"
    ]
    plain = feature_store.survey(write_tree(tmp_path / "plain"), "muse2021", tmp_path / "cache")
    assert not any("another time" in notice.what for notice in plain.notices)


def test_an_index_that_says_otherwise_than_the_files_is_written_again(tmp_path):
    root = write_tree(tmp_path / "tree")
    store = build(root, tmp_path / "cache")
    other = store.segments.classes["arousal"].copy()
    other[0] = (other[0] + 1) % 5
    folder = tmp_path / "cache" / "corpora" / store.digest
    shutil.rmtree(folder)
    poisoned = replace(store.segments, classes={**store.segments.classes, "arousal": other})
    corpus_index.write(folder, corpus_index.CorpusIndex(store.videos, poisoned, store.keys, store.widths))
    repaired = feature_store.survey(root, "muse2021", tmp_path / "cache").repaired
    assert len(repaired) == 1
    assert "the tree's files say otherwise" in repaired[0]
    assert same(corpus_index.read(folder).segments, store.segments)
    assert feature_store.survey(root, "muse2021", tmp_path / "cache").repaired == ()
