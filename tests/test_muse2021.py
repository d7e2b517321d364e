import json
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest

from search_spaces import registry
from search_spaces.corpus import MASKED, Corpus, DataError, FeatureTable
from search_spaces.datasets import muse2021
from search_spaces.errors import SweepError
from tests.trees import class_of, edit, feature_file, label_file, set_row, write_tree

FORREST = Path(__file__).resolve().parents[2] / "shared" / "data" / "forrest"
needs_forrest = pytest.mark.skipif(not FORREST.exists(), reason="the real tree is not beside the checkout")


def defects_of(root: Path) -> list[str]:
    return [str(defect) for defect in muse2021.survey(root)[1]]


def notices_of(root: Path) -> list[str]:
    return [str(notice) for notice in muse2021.read(root).notices]


def table_of(root: Path, feature: str = "vggish", video: str = "1") -> FeatureTable:
    table, defects = muse2021.read_feature(root, feature_file(root, feature, video))
    assert table is not None
    assert defects == ()
    return table


def feature_defects(root: Path, feature: str = "vggish", video: str = "1") -> list[str]:
    table, defects = muse2021.read_feature(root, feature_file(root, feature, video))
    assert table is None
    return [str(defect) for defect in defects]


def test_the_reader_is_found_by_name_and_its_parts_are_not() -> None:
    assert "muse2021" in registry.names("datasets")
    assert not [name for name in registry.names("datasets") if name.startswith("_")]


def test_a_right_tree_has_no_defects_and_every_part(tmp_path: Path) -> None:
    corpus = muse2021.read(write_tree(tmp_path))
    assert [(video.id, video.partition) for video in corpus.videos] == [
        ("1", "train"), ("2", "train"), ("3", "devel"), ("4", "test"),
    ]  # fmt: skip
    assert corpus.features == ("vggish", "fau", "bert")
    assert corpus.targets == ("arousal", "valence")
    assert corpus.labels["arousal"]["2"] == {segment: class_of(1, segment, "arousal") for segment in (1, 2, 3)}
    assert corpus.feature_files["bert"][3] == feature_file(tmp_path, "bert", "4")
    assert len(corpus.label_files) == 1 + 2 * 4
    assert (corpus.reader, corpus.notices, dict(corpus.folders)) == ("muse2021", (), {})


def test_the_folder_above_the_tree_will_do(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "c2_muse_sent")
    assert muse2021.read(tmp_path).root == tree
    assert muse2021.read(tmp_path) == muse2021.read(tree)


def test_a_relative_root_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tree(tmp_path / "tree")
    monkeypatch.chdir(tmp_path)
    assert muse2021.read(Path("tree")).feature_files["fau"][0] == feature_file(tmp_path / "tree", "fau", "1")


@pytest.mark.parametrize("call", [muse2021.survey, muse2021.read])
def test_what_is_no_tree_is_one_message_with_the_layout(call: object, tmp_path: Path) -> None:
    reader = muse2021.survey if call is muse2021.survey else muse2021.read
    (tmp_path / "empty").mkdir()
    (tmp_path / "photos" / "2019").mkdir(parents=True)
    (tmp_path / "file").write_text("x")
    layout = r".*c2_muse_sent.*metadata/partition\.csv, feature_segments/FEATURE/VIDEO\.csv"
    with pytest.raises(SweepError, match="There is no folder .*nowhere" + layout):
        reader(tmp_path / "nowhere")
    with pytest.raises(SweepError, match="empty is empty" + layout):
        reader(tmp_path / "empty")
    with pytest.raises(SweepError, match="Found in .*photos: 2019" + layout):
        reader(tmp_path / "photos")
    with pytest.raises(SweepError, match="file is not a folder" + layout):
        reader(tmp_path / "file")


def test_a_folder_without_read_access_is_a_users_mistake() -> None:
    root_user, nobody = os.geteuid() == 0, 65534
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folder is closed to other users
        Path(folder).chmod(0o755)
        write_tree(Path(folder))
        (Path(folder) / "label_segments" / "arousal").chmod(0)
        if root_user:  # who may read everything
            os.seteuid(nobody)
        try:
            with pytest.raises(SweepError, match="arousal cannot be read"):
                muse2021.read(Path(folder))
        finally:
            if root_user:
                os.seteuid(0)
            (Path(folder) / "label_segments" / "arousal").chmod(0o755)


def test_nothing_is_written(tmp_path: Path) -> None:
    write_tree(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    muse2021.read(tmp_path)
    table_of(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


# ---- partition file


@pytest.mark.parametrize("header", ["id,partition", "Id,Proposal", "x,y", "Id,speaker,length,Proposal"])
def test_any_partition_header_will_do_and_the_last_column_counts(header: str, tmp_path: Path) -> None:
    middle = ",train,9" if header.count(",") == 3 else ""
    rows = "".join(f"{video}{middle},{name}\n" for video, name in (("1", "train"), ("2", "devel"), ("3", "test")))
    write_tree(tmp_path, partition={"1": "train", "2": "devel", "3": "test"})
    (tmp_path / "metadata" / "partition.csv").write_text(f"{header}\n{rows}")
    assert [video.partition for video in muse2021.read(tmp_path).videos] == ["train", "devel", "test"]


def test_videos_are_ordered_by_partition_then_number_then_name(tmp_path: Path) -> None:
    partition = {"10": "train", "b": "devel", "9": "train", "a": "devel", "2": "test", "100": "train"}
    corpus = muse2021.read(write_tree(tmp_path, partition=partition))
    assert [video.id for video in corpus.videos] == ["9", "10", "100", "a", "b", "2"]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("5,Train", "row 6, video 5: expected one of train, devel, test in the last column, found 'Train'"),
        ("5,", "row 6, video 5: expected one of train, devel, test in the last column, found ''"),
        ("5", "row 6: expected an id and a partition, a comma between, found 5"),
        (",train", "row 6: expected an id that is the stem of the video's files, found ''"),
        ("../../5,train", "row 6: expected an id that is the stem of the video's files, found '../../5'"),
        ("2,devel", "row 6, video 2: expected each video once, found the same video as in row 3"),
    ],
)
def test_a_wrong_partition_row_is_named(row: str, expected: str, tmp_path: Path) -> None:
    set_row(write_tree(tmp_path) / "metadata" / "partition.csv", 6, row)
    assert defects_of(tmp_path) == [f"metadata/partition.csv, {expected}."]


def test_a_partition_file_without_header_is_not_read_as_if_it_had_one(tmp_path: Path) -> None:
    edit(write_tree(tmp_path) / "metadata" / "partition.csv", "id,partition\n", "")
    assert "row 1: expected a header row like id,partition, found 1,train" in defects_of(tmp_path)[0]


def test_train_and_devel_must_have_videos(tmp_path: Path) -> None:
    write_tree(tmp_path, partition={"1": "test"})
    found = defects_of(tmp_path)
    assert "metadata/partition.csv: expected at least one train video, found none." in found
    assert "metadata/partition.csv: expected at least one devel video, found none." in found


def test_a_tree_without_test_videos_is_usable_with_a_notice(tmp_path: Path) -> None:
    write_tree(tmp_path, partition={"1": "train", "2": "devel"})
    assert "partitions without a video: 1 (e.g. test)" in notices_of(tmp_path)


def test_without_a_partition_file_there_is_no_corpus(tmp_path: Path) -> None:
    (write_tree(tmp_path) / "metadata" / "partition.csv").unlink()
    corpus, defects = muse2021.survey(tmp_path)
    assert corpus is None
    assert [defect.found for defect in defects] == ["no such file"]


def test_windows_line_ends_and_a_byte_order_mark_change_nothing(tmp_path: Path) -> None:
    write_tree(tmp_path / "unix")
    write_tree(tmp_path / "windows")
    for path in (tmp_path / "windows").rglob("*.csv"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    unix, windows = muse2021.read(tmp_path / "unix"), muse2021.read(tmp_path / "windows")
    assert (windows.videos, windows.labels) == (unix.videos, unix.labels)
    ours, theirs = table_of(tmp_path / "unix"), table_of(tmp_path / "windows")
    assert ours.columns == theirs.columns
    np.testing.assert_array_equal(ours.values, theirs.values)


# ---- labels


def test_labels_are_joined_on_segment_id_and_not_by_position(tmp_path: Path) -> None:
    path = label_file(write_tree(tmp_path), "arousal", "1")
    path.write_text("start,end,segment_id,class_id\n0,1,3,2\n0,1,1,0\n0,1,2,1\n")
    assert muse2021.read(tmp_path).labels["arousal"]["1"] == {1: 0, 2: 1, 3: 2}


def test_the_header_with_timestamps_and_whole_floats_are_read(tmp_path: Path) -> None:
    path = label_file(write_tree(tmp_path), "arousal", "1")
    path.write_text("timestamp,segment_id,class_id\n250,1,1.0\n1000,2.0,4\n1250,3,0.\n")
    assert muse2021.read(tmp_path).labels["arousal"]["1"] == {1: 1, 2: 4, 3: 0}


def test_masked_test_rows_with_three_cells_under_four_headings_are_read(tmp_path: Path) -> None:
    write_tree(tmp_path, masked_test=True)
    assert label_file(tmp_path, "arousal", "4").read_text().splitlines()[:2] == [
        "start,end,segment_id,class_id", "250,1000,1",
    ]  # fmt: skip
    assert muse2021.read(tmp_path).labels["arousal"]["4"] == {1: MASKED, 2: MASKED, 3: MASKED}
    example = "label_segments/arousal/4.csv, segment 1"
    assert f"test labels of arousal that are masked: 3 (e.g. {example})" in notices_of(tmp_path)


@pytest.mark.parametrize("blank", ["", "nan", " "])
def test_blank_train_and_devel_labels_are_counted(blank: str, tmp_path: Path) -> None:
    write_tree(tmp_path)
    set_row(label_file(tmp_path, "valence", "2"), 3, f"1,2,2,{blank}")
    set_row(label_file(tmp_path, "valence", "3"), 3, f"1,2,2,{blank}")
    notices = "\n".join(notices_of(tmp_path))
    assert (
        "train labels of valence that are blank (not trained on): 1 (e.g. label_segments/valence/2.csv, seg" in notices
    )
    assert "devel labels of valence that are blank (not scored): 1 (e.g. label_segments/valence/3.csv, seg" in notices


def test_a_target_without_any_class_in_train_or_devel_is_a_defect(tmp_path: Path) -> None:
    label_file(write_tree(tmp_path), "arousal", "3").write_text("segment_id,class_id\n1,\n2,\n3,\n")
    assert defects_of(tmp_path) == [
        "label_segments/arousal: expected a class for at least one devel segment, found none."
    ]


@pytest.mark.parametrize("text", ["5", "-1", "1.5", "2e0", "high", "1_0", "inf"])
def test_a_class_outside_0_to_4_is_a_defect(text: str, tmp_path: Path) -> None:
    set_row(label_file(write_tree(tmp_path), "arousal", "2"), 3, f"1000,1250,2,{text}")
    assert defects_of(tmp_path) == [
        f"label_segments/arousal/2.csv, row 3, video 2, segment 2: expected a class_id from 0 to 4, or a blank, "
        f"found {text!r}."
    ]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("1,2,2,1", "row 5, video 2, segment 2: expected one row a segment, found the segment of row 3 again"),
        ("1,2,0,1", "row 5, video 2: expected a whole segment_id from 1, found '0'"),
        ("1,2,,1", "row 5, video 2: expected a whole segment_id from 1, found ''"),
        ("1,2,4,1,9", "row 5, video 2: expected 4 cells as in the header, found 5"),
        ("1,2", "row 5, video 2: expected 4 cells as in the header, found 2"),
    ],
)
def test_a_wrong_label_row_is_named(row: str, expected: str, tmp_path: Path) -> None:
    set_row(label_file(write_tree(tmp_path), "arousal", "2"), 5, row)
    assert defects_of(tmp_path) == [f"label_segments/arousal/2.csv, {expected}."]


def test_a_missing_label_file_is_a_defect(tmp_path: Path) -> None:
    label_file(write_tree(tmp_path), "arousal", "4").unlink()
    assert defects_of(tmp_path) == ["label_segments/arousal/4.csv, video 4: expected a CSV file, found no such file."]


def test_a_continuous_target_is_left_out_with_a_notice(tmp_path: Path) -> None:
    write_tree(tmp_path)
    for video in "1234":
        path = tmp_path / "label_segments" / "anno12_EDA" / f"{video}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text("timestamp,segment_id,value\n250,1,0.3\n")
    assert muse2021.read(tmp_path).targets == ("arousal", "valence")
    example = "label_segments/anno12_EDA/1.csv"
    assert notices_of(tmp_path) == [f"targets without class_id (continuous), left out: 1 (e.g. {example})"]


def test_one_file_without_classes_among_others_is_a_defect(tmp_path: Path) -> None:
    label_file(write_tree(tmp_path), "arousal", "1").write_text("timestamp,segment_id,value\n250,1,0.3\n")
    (found,) = defects_of(tmp_path)
    assert found.startswith("label_segments/arousal/1.csv, row 1: expected a header like start,end,segment_id,class_id")
    assert found.endswith("found timestamp,segment_id,value.")


def test_a_class_that_train_lacks_is_a_notice(tmp_path: Path) -> None:
    write_tree(tmp_path, partition={"1": "train", "2": "devel", "3": "test"}, targets=("arousal",))
    assert notices_of(tmp_path) == ["classes of arousal that train lacks: 2 (e.g. class 3, 4)"]


def test_a_target_that_no_table_could_name_is_a_defect(tmp_path: Path) -> None:
    write_tree(tmp_path, targets=("Arousal",))
    assert defects_of(tmp_path) == [
        "label_segments/Arousal: expected a target in lower case, like arousal, found Arousal."
    ]


def test_empty_label_folders_are_defects(tmp_path: Path) -> None:
    write_tree(tmp_path, targets=())
    assert defects_of(tmp_path) == [
        "label_segments: expected a folder a target, like label_segments/arousal, found none."
    ]
    (tmp_path / "label_segments" / "arousal").mkdir(parents=True)
    assert defects_of(tmp_path) == [
        "label_segments/arousal: expected one CSV file a video of the partition, found none."
    ]


# ---- feature folders


@pytest.mark.parametrize(
    ("folder", "feature"),
    [("bert-4", "bert"), ("au", "fau"), ("fau_intensity", "fau"), ("faus", "fau"), ("ds", "deepspectrum"),
     ("vggface2", "vggface")],
)  # fmt: skip
def test_a_folder_under_another_name_is_read_and_recorded(folder: str, feature: str, tmp_path: Path) -> None:
    corpus = muse2021.read(write_tree(tmp_path, features={"vggish": 2, folder: 3}))
    assert set(corpus.features) == {"vggish", feature}
    assert dict(corpus.folders) == {feature: folder}
    assert corpus.feature_files[feature][0] == feature_file(tmp_path, folder, "1")
    example = f"feature_segments/{folder} is read as {feature}"
    assert notices_of(tmp_path) == [f"feature folders under another name: 1 (e.g. {example})"]


def test_two_folders_of_one_feature_are_a_defect_that_names_both(tmp_path: Path) -> None:
    write_tree(tmp_path, features={"bert": 2, "bert-4": 2})
    assert defects_of(tmp_path) == [
        "feature_segments, feature bert: expected one folder for the feature, found bert and bert-4."
    ]


@pytest.mark.parametrize("spelled", ["V", "video", "Video"])
def test_a_feature_we_do_not_know_takes_its_modality_from_info_json(spelled: str, tmp_path: Path) -> None:
    write_tree(tmp_path, features={"vggish": 2, "gaze": 3})
    info = tmp_path / "metadata" / "info.json"
    info.write_text(json.dumps({"features": {"gaze": {"modality": spelled}}}))
    corpus = muse2021.read(tmp_path)
    assert dict(corpus.modalities) == {"vggish": "audio", "gaze": "video"}
    assert info in corpus.label_files


@pytest.mark.parametrize(
    ("info", "found"),
    [(None, "no modality"), ('{"features": {}}', "no modality"), ("[1]", "no modality"),
     ('{"features": {"gaze": {"modality": "smell"}}}', "'smell'")],
)  # fmt: skip
def test_a_feature_without_modality_says_how_to_declare_it(info: str | None, found: str, tmp_path: Path) -> None:
    write_tree(tmp_path, features={"vggish": 2, "gaze": 3})
    if info:
        (tmp_path / "metadata" / "info.json").write_text(info)
    corpus, (defect,) = muse2021.survey(tmp_path)
    assert str(defect).startswith("metadata/info.json, feature gaze: expected its modality (A, V or T)")
    assert '{"features": {"gaze": {"modality": "A"}}}' in defect.expected
    assert defect.found == found
    assert corpus is not None
    assert corpus.features == ("vggish",)


def test_an_empty_info_json_is_a_defect(tmp_path: Path) -> None:
    write_tree(tmp_path, features={"gaze": 3})
    (tmp_path / "metadata" / "info.json").write_text("")
    assert defects_of(tmp_path) == ["metadata/info.json: expected content, found an empty file."]


def test_broken_json_is_a_defect_only_where_it_is_needed(tmp_path: Path) -> None:
    write_tree(tmp_path / "known")
    write_tree(tmp_path / "unknown", features={"gaze": 3})
    for tree in ("known", "unknown"):
        (tmp_path / tree / "metadata" / "info.json").write_text('{"features": ')
    assert defects_of(tmp_path / "known") == []
    assert "metadata/info.json: expected JSON" in defects_of(tmp_path / "unknown")[0]


def test_a_feature_folder_that_no_feature_may_be_called_is_a_defect(tmp_path: Path) -> None:
    write_tree(tmp_path, features={"vggish": 2, "My Feature": 2})
    assert "feature_segments/My Feature: expected a feature's name of lower-case letters" in defects_of(tmp_path)[0]


def test_missing_feature_files_and_folders_are_defects(tmp_path: Path) -> None:
    feature_file(write_tree(tmp_path), "fau", "3").unlink()
    (tmp_path / "feature_segments" / "xception").mkdir()
    assert defects_of(tmp_path) == [
        "feature_segments/fau/3.csv, video 3: expected a CSV file, found no such file.",
        "feature_segments/xception: expected one CSV file a video of the partition, found none.",
    ]
    write_tree(tmp_path / "bare", features={})
    assert defects_of(tmp_path / "bare") == [
        "feature_segments: expected a folder a feature, like feature_segments/vggish, found none."
    ]


def test_a_missing_file_is_the_same_defect_in_the_survey_and_when_read(tmp_path: Path) -> None:
    path = feature_file(write_tree(tmp_path), "fau", "3")
    path.unlink()
    assert muse2021.survey(tmp_path)[1] == muse2021.read_feature(tmp_path, path)[1]


def test_videos_on_disk_but_not_in_the_partition_are_counted_by_kind(tmp_path: Path) -> None:
    write_tree(tmp_path)
    for feature in ("bert", "fau"):
        feature_file(tmp_path, feature, "77").write_text("not even read")
    for video in ("77", "78"):
        label_file(tmp_path, "arousal", video).write_text("not even read")
    feature_file(tmp_path, "bert", "._1").write_text("what macOS leaves behind")
    what = "files but not in the partition file, left out"
    found = notices_of(tmp_path)
    assert found[0].startswith(f"videos with feature {what}: 1 (e.g. feature_segments/")
    assert found[1] == f"videos with label {what}: 2 (e.g. label_segments/arousal/77.csv)"


def test_read_raises_every_defect_at_once(tmp_path: Path) -> None:
    write_tree(tmp_path)
    feature_file(tmp_path, "fau", "1").unlink()
    label_file(tmp_path, "arousal", "2").write_text("")
    set_row(tmp_path / "metadata" / "partition.csv", 6, "4,test")
    with pytest.raises(DataError, match="3 defects") as caught:
        muse2021.read(tmp_path)
    assert [defect.file for defect in caught.value.defects] == [
        "metadata/partition.csv", "label_segments/arousal/2.csv", "feature_segments/fau/1.csv",
    ]  # fmt: skip


def test_links_that_leave_the_tree_are_read(tmp_path: Path) -> None:
    write_tree(tmp_path / "tree")
    (tmp_path / "tree" / "feature_segments" / "bert").rename(tmp_path / "elsewhere")
    (tmp_path / "tree" / "feature_segments" / "bert").symlink_to(tmp_path / "elsewhere")
    assert muse2021.read(tmp_path / "tree").features == ("vggish", "fau", "bert")
    assert table_of(tmp_path / "tree", "bert").values.shape == (8, 4)


# ---- one feature file


def test_a_feature_file_becomes_float32_values_and_whole_numbers(tmp_path: Path) -> None:
    path = feature_file(tmp_path, "vggish", "7")
    path.parent.mkdir(parents=True)
    path.write_text("timestamp,segment_id,1,1\n5000,1,0.1,-2\n5250,1,1e-3,3.5\n5500,4,0,1e38\n")
    table = table_of(tmp_path, video="7")
    np.testing.assert_array_equal(table.timestamps, [5000, 5250, 5500])
    np.testing.assert_array_equal(table.segment_ids, [1, 1, 4])
    np.testing.assert_array_equal(table.values, np.array([[0.1, -2], [1e-3, 3.5], [0, 1e38]], dtype=np.float32))
    assert table.columns == ("1", "1")
    assert (str(table.timestamps.dtype), str(table.segment_ids.dtype)) == ("int64", "int64")
    assert str(table.values.dtype) == "float32"


def test_what_only_the_slow_pass_can_hold_is_read_exactly(tmp_path: Path) -> None:
    path = feature_file(write_tree(tmp_path), "vggish", "1")
    late = 10**17  # nanoseconds since 1970, say; float64 would make these two one
    path.write_text(f"timestamp,segment_id,a,b\n{late + 1},1,0.1,-2\n\n{late + 2},2.0,1e-3,1e38\n")
    table = table_of(tmp_path)
    np.testing.assert_array_equal(table.timestamps, [late + 1, late + 2])
    np.testing.assert_array_equal(table.segment_ids, [1, 2])
    np.testing.assert_array_equal(table.values, np.array([[0.1, -2], [1e-3, 1e38]], dtype=np.float32))
    assert table.values.dtype == np.float32


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("750,1,1,,3", "segment 1: expected finite numbers, found a blank in column 4 (vggish_1)"),
        ("750,1,,,", "segment 1: expected finite numbers, found a blank in column 3 (vggish_0) and in 2 more"),
        ("750,1,nan,2,3", "segment 1: expected finite numbers, found 'nan' in column 3 (vggish_0)"),
        ("750,1,1,2,NA", "segment 1: expected finite numbers, found 'NA' in column 5 (vggish_2)"),
        ("750,1,1,-inf,3", "segment 1: expected finite numbers, found '-inf' in column 4 (vggish_1)"),
        (
            "750,1,1,2,1e39",
            "segment 1: expected finite numbers, found 1e39 (beyond float32, at most 3.4e+38) in column",
        ),
        ("750,1,1,2,1e999", "segment 1: expected finite numbers, found '1e999' in column 5 (vggish_2)"),
        ("750,1,True,2,3", "segment 1: expected finite numbers, found 'True' in column 3 (vggish_0)"),
        ("750,1,1_0,2,3", "segment 1: expected finite numbers, found '1_0' in column 3 (vggish_0)"),
        ("750,1,1,2", "segment 1: expected 5 cells as in the header, found 4"),
        ("750,1,1,2,3,4", "segment 1: expected 5 cells as in the header, found 6"),
        ("750,1.5,1,2,3", "segment 1.5: expected a whole segment_id from 1, found '1.5'"),
        ("750,0,1,2,3", "segment 0: expected a whole segment_id from 1, found '0'"),
        ("750,,1,2,3", "segment : expected a whole segment_id from 1, found ''"),
        ("0.75,1,1,2,3", "segment 1: expected a timestamp in whole milliseconds, found '0.75'"),
        (",1,1,2,3", "segment 1: expected a timestamp in whole milliseconds, found ''"),
        ("500,1,1,2,3", "segment 1: expected each timestamp once, found 500 of row 3 again"),
        ("400,1,1,2,3", "segment 1: expected a timestamp after 500 (row 3), found 400"),
    ],
)
def test_a_wrong_row_is_named_with_row_video_and_segment(row: str, expected: str, tmp_path: Path) -> None:
    set_row(feature_file(write_tree(tmp_path), "vggish", "1"), 4, row)
    (found,) = feature_defects(tmp_path)
    assert found.startswith(f"feature_segments/vggish/1.csv, row 4, video 1, {expected}")


def test_commas_at_the_end_of_every_row_are_cells_too_many(tmp_path: Path) -> None:
    path = feature_file(write_tree(tmp_path), "vggish", "1")
    head, *rows = path.read_text().split()
    path.write_text("\n".join([head, *(row + "," for row in rows)]))
    assert feature_defects(tmp_path)[0] == (
        "feature_segments/vggish/1.csv, rows 2-4, video 1, segment 1: expected 5 cells as in the header, found 6."
    )


def test_a_segment_in_two_places_is_a_defect(tmp_path: Path) -> None:
    set_row(feature_file(write_tree(tmp_path), "vggish", "1"), 9, "2000,1,1,2,3")
    assert feature_defects(tmp_path) == [
        "feature_segments/vggish/1.csv, row 9, video 1, segment 1: "
        "expected the rows of a segment together, found segment 1 again after segment 3."
    ]


def test_every_wrong_row_of_a_file_is_told_and_equal_neighbours_once(tmp_path: Path) -> None:
    path = feature_file(write_tree(tmp_path), "vggish", "1")
    set_row(path, 2, "250,1,x,2,3")
    for row in (6, 7, 8):
        set_row(path, row, f"{250 * (row - 1)},3,1,,3")
    assert [defect.split(":")[0] for defect in feature_defects(tmp_path)] == [
        "feature_segments/vggish/1.csv, row 2, video 1, segment 1",
        "feature_segments/vggish/1.csv, rows 6-8, video 1, segment 3",
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "expected content, found an empty file"),
        (b"\n\n", "expected content, found an empty file"),
        (b"timestamp,segment_id,a\n", "expected at least one row below the header, found none"),
        (b"timestamp,segment_id\n250,1\n", "expected a header timestamp,segment_id and at least one feature column"),
        (b"segment_id,timestamp,a\n1,250,3\n", "found segment_id,timestamp,a"),
        (b"250,1,3,4\n500,1,3,4\n", "found 250,1,3,…"),
        (b"timestamp;segment_id;a\n250;1;3\n", "found timestamp;segment_id;a"),
        (b"timestamp,segment_id,a\n250,1,1\0002\n", "row 2: expected text, found a NUL byte"),
        (b"timestamp,segment_id,a\n250,1,\xff\n", "row 2: expected UTF-8 text, found byte 0xff"),
        (b'timestamp,segment_id,a\n250,1,"3\n', "expected comma-separated cells"),
    ],
)
def test_a_file_that_is_no_table_is_a_defect(content: bytes, expected: str, tmp_path: Path) -> None:
    feature_file(write_tree(tmp_path), "vggish", "1").write_bytes(content)
    (found,) = feature_defects(tmp_path)
    assert found.startswith("feature_segments/vggish/1.csv")
    assert expected in found


def test_a_folder_in_place_of_a_file_is_a_defect(tmp_path: Path) -> None:
    path = feature_file(write_tree(tmp_path), "vggish", "1")
    path.unlink()
    path.mkdir()
    assert "expected a file that can be read" in feature_defects(tmp_path)[0]


# ---- the real tree


@pytest.fixture(scope="module")
def forrest() -> Corpus:
    return muse2021.read(FORREST)


@pytest.mark.forrest
@needs_forrest
def test_the_real_tree_has_no_defects_and_its_known_size(forrest: Corpus) -> None:
    by_partition = [sum(video.partition == name for video in forrest.videos) for name in ("train", "devel", "test")]
    assert by_partition == [53, 18, 18]
    assert len(forrest.features) == 9
    assert forrest.notices == ()
    assert {name: forrest.modalities[name] for name in ("rmsctx", "phash", "speech")} == {
        "rmsctx": "audio", "phash": "video", "speech": "text",
    }  # fmt: skip


@pytest.mark.forrest
@needs_forrest
def test_on_the_real_tree_the_positional_reading_of_labels_equals_the_join(forrest: Corpus) -> None:
    for target in forrest.targets:
        for video in forrest.videos:
            lines = label_file(FORREST, target, video.id).read_text().split()[1:]
            by_position = [int(line.split(",")[-1]) for line in lines]
            joined = forrest.labels[target][video.id]
            assert [joined[segment] for segment in range(1, len(lines) + 1)] == by_position
