from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from search_spaces.alignment import Segments, StepIndex, align, windows
from search_spaces.corpus import MASKED, Corpus
from search_spaces.datasets import muse2021
from search_spaces.errors import SweepError
from tests.trees import LENGTHS, class_of, edit, feature_file, label_file, set_row, write_tree

FORREST = Path(__file__).resolve().parents[2] / "shared" / "data" / "forrest"
needs_forrest = pytest.mark.skipif(not FORREST.exists(), reason="the real tree is not beside the checkout")


def steps_of(corpus: Corpus) -> dict[str, list[StepIndex | None]]:
    steps: dict[str, list[StepIndex | None]] = {}
    for feature in corpus.features:
        tables = [muse2021.read_feature(corpus.root, path)[0] for path in corpus.feature_files[feature]]
        steps[feature] = [
            StepIndex(t.timestamps, t.segment_ids, t.values.shape[1], t.columns) if t is not None else None
            for t in tables
        ]
    return steps


def found_in(root: Path) -> tuple[Segments | None, list[str], list[str]]:
    """Segments, defects and notices of a tree that reads without defects."""
    corpus = muse2021.read(root)
    segments, defects, notices = align(corpus, steps_of(corpus))
    return segments, [str(defect) for defect in defects], [str(notice) for notice in notices]


def aligned(root: Path) -> Segments:
    segments, defects, _ = found_in(root)
    assert defects == []
    assert segments is not None
    return segments


def in_every_feature(root: Path, video: str, old: str, new: str) -> None:
    for feature in ("vggish", "fau", "bert"):
        edit(feature_file(root, feature, video), old, new)


# ---- windows


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (342, ((0, 200), (100, 300), (200, 342))),
        (1, ((0, 1),)),
        (199, ((0, 199),)),
        (200, ((0, 200),)),
        (201, ((0, 200), (100, 201))),
        (300, ((0, 200), (100, 300))),
        (301, ((0, 200), (100, 300), (200, 301))),
    ],
)
def test_windows_stop_once_the_end_is_reached(length: int, expected: tuple[tuple[int, int], ...]) -> None:
    assert windows(length, 200, 100) == expected


@pytest.mark.parametrize("length", [1, 7, 50, 333])
@pytest.mark.parametrize(("window", "hop"), [(1, 1), (10, 3), (10, 10)])
def test_windows_lose_no_step_and_none_is_longer_than_the_window(length: int, window: int, hop: int) -> None:
    pairs = windows(length, window, hop)
    assert set().union(*(range(*pair) for pair in pairs)) == set(range(length))
    assert all(0 < end - start <= window for start, end in pairs)
    assert sum(end == length for _, end in pairs) == 1


@pytest.mark.parametrize(("length", "window", "hop"), [(0, 10, 5), (5, 0, 1), (5, 10, 0), (5, 10, 11)])
def test_windows_that_would_lose_steps_are_refused(length: int, window: int, hop: int) -> None:
    with pytest.raises(SweepError, match=f"`hop` must be from 1 to `window`.*Found hop {hop}, window {window}"):
        windows(length, window, hop)


# ---- segments


def test_segments_follow_the_videos_and_the_files(tmp_path: Path) -> None:
    segments = aligned(write_tree(tmp_path))
    np.testing.assert_array_equal(segments.video, np.repeat([0, 1, 2, 3], 3))
    np.testing.assert_array_equal(segments.segment_id, [1, 2, 3] * 4)
    np.testing.assert_array_equal(segments.length, LENGTHS * 4)
    np.testing.assert_array_equal(segments.start, [0, 3, 4, 8, 11, 12, 16, 19, 20, 24, 27, 28])
    assert segments.partition_bounds == {"train": (0, 6), "devel": (6, 9), "test": (9, 12)}
    assert segments.step_bounds == {"train": (0, 16), "devel": (16, 24), "test": (24, 32)}
    assert (segments.n_segments, segments.n_steps) == (12, 32)


def test_classes_are_those_of_the_labels(tmp_path: Path) -> None:
    segments = aligned(write_tree(tmp_path, masked_test=True))
    for target in ("arousal", "valence"):
        given = [class_of(place, segment, target) for place in range(3) for segment in (1, 2, 3)]
        np.testing.assert_array_equal(segments.classes[target], [*given, MASKED, MASKED, MASKED])


def test_an_empty_partition_has_empty_bounds(tmp_path: Path) -> None:
    segments = aligned(write_tree(tmp_path, partition={"1": "train", "2": "devel"}))
    assert segments.partition_bounds["test"] == (6, 6)
    assert segments.step_bounds["test"] == (16, 16)


def test_labels_join_on_segment_id_where_ids_have_a_gap(tmp_path: Path) -> None:
    write_tree(tmp_path, lengths=(2, 2))
    for feature in ("vggish", "fau", "bert"):
        path = feature_file(tmp_path, feature, "1")
        path.write_text(path.read_text().replace("750,2,", "750,5,").replace("1000,2,", "1000,5,"))
    label_file(tmp_path, "arousal", "1").write_text("segment_id,class_id\n5,4\n1,2\n")
    label_file(tmp_path, "valence", "1").write_text("segment_id,class_id\n1,3\n5,0\n")
    segments, defects, notices = found_in(tmp_path)
    assert defects == []
    assert segments is not None
    assert segments.classes["arousal"][:2].tolist() == [2, 4]
    assert segments.classes["valence"][:2].tolist() == [3, 0]
    assert notices == ["gaps in segment ids: 1 (e.g. feature_segments/vggish/1.csv, segment 5 follows 1)"]


# ---- defects


def test_unequal_widths_of_a_feature_are_a_defect_of_the_odd_file(tmp_path: Path) -> None:
    write_tree(tmp_path)
    path = feature_file(tmp_path, "fau", "3")
    path.write_text("\n".join(line + ",7" for line in path.read_text().split()) + "\n")
    segments, defects, _ = found_in(tmp_path)
    assert segments is None
    assert defects == [
        "feature_segments/fau/3.csv, video 3: expected 2 feature columns as in 3 of the 4 files of fau, found 3."
    ]


def test_a_shifted_timestamp_is_a_defect_at_its_step(tmp_path: Path) -> None:
    edit(feature_file(write_tree(tmp_path), "bert", "2"), "\n1250,3,", "\n1300,3,")
    segments, defects, _ = found_in(tmp_path)
    assert segments is None
    assert defects == [
        "feature_segments/bert/2.csv, step 5, video 2, segment 3: expected timestamp 1250 in segment 3 "
        "as in feature_segments/vggish/2.csv, found timestamp 1300 in segment 3 (8 steps against 8)."
    ]


def test_another_segment_id_is_a_defect_at_its_step(tmp_path: Path) -> None:
    edit(feature_file(write_tree(tmp_path), "fau", "2"), "\n1250,3,", "\n1250,2,")
    (found,) = found_in(tmp_path)[1]
    assert found.startswith(
        "feature_segments/fau/2.csv, step 5, video 2, segment 2: expected timestamp 1250 in segment 3"
    )


def test_a_missing_last_step_is_a_defect(tmp_path: Path) -> None:
    path = feature_file(write_tree(tmp_path), "bert", "2")
    path.write_text("\n".join(path.read_text().split()[:-1]) + "\n")
    assert found_in(tmp_path)[1] == [
        "feature_segments/bert/2.csv, video 2: expected 8 steps as in feature_segments/vggish/2.csv, found 7."
    ]


def test_a_label_without_steps_is_a_defect(tmp_path: Path) -> None:
    set_row(label_file(write_tree(tmp_path), "arousal", "4"), 5, "1,2,9,0")
    assert found_in(tmp_path)[1] == [
        "label_segments/arousal/4.csv, video 4, segment 9: expected steps in the feature files, found none."
    ]


@pytest.mark.parametrize("video", ["1", "3"])
def test_a_train_or_devel_segment_without_a_label_row_is_a_defect(video: str, tmp_path: Path) -> None:
    set_row(label_file(write_tree(tmp_path), "valence", video), 3, "")
    assert found_in(tmp_path)[1] == [
        f"label_segments/valence/{video}.csv, video {video}, segment 2: "
        "expected a label row for the segment, found none."
    ]


def test_a_test_segment_without_a_label_row_is_masked_with_a_notice(tmp_path: Path) -> None:
    set_row(label_file(write_tree(tmp_path), "valence", "4"), 3, "")
    segments, defects, notices = found_in(tmp_path)
    assert defects == []
    assert segments is not None
    assert segments.classes["valence"][10] == MASKED
    example = "label_segments/valence/4.csv, segment 2"
    assert f"test segments without a label row for valence (read as masked): 1 (e.g. {example})" in notices


def test_all_defects_of_all_kinds_come_at_once(tmp_path: Path) -> None:
    write_tree(tmp_path)
    edit(feature_file(tmp_path, "bert", "2"), "\n1250,3,", "\n1300,3,")
    edit(feature_file(tmp_path, "bert", "3"), "\n1250,3,", "\n1300,3,")
    set_row(label_file(tmp_path, "arousal", "1"), 5, "1,2,9,0")
    assert len(found_in(tmp_path)[1]) == 3


def test_a_file_that_could_not_be_read_leaves_the_others_checked(tmp_path: Path) -> None:
    edit(feature_file(write_tree(tmp_path), "bert", "2"), "\n1250,3,", "\n1300,3,")
    corpus = muse2021.read(tmp_path)
    steps = steps_of(corpus)
    steps["vggish"][1] = None
    segments, (defect,), _ = align(corpus, steps)
    assert segments is None
    assert "as in feature_segments/fau/2.csv" in defect.expected
    assert align(corpus, {feature: [None] * 4 for feature in corpus.features}) == (None, (), ())


def test_a_label_file_that_could_not_be_read_makes_no_segments_and_no_second_defect(tmp_path: Path) -> None:
    corpus = muse2021.read(write_tree(tmp_path))
    arousal = {video: classes for video, classes in corpus.labels["arousal"].items() if video != "1"}
    holed = replace(corpus, labels={**corpus.labels, "arousal": arousal})
    assert align(holed, steps_of(holed))[:2] == (None, ())


# ---- notices


def test_one_step_segments_are_counted(tmp_path: Path) -> None:
    example = "feature_segments/vggish/1.csv, segment 2"
    assert found_in(write_tree(tmp_path))[2] == [f"segments of one step: 4 (e.g. {example})"]


def test_segments_longer_than_the_window_are_counted(tmp_path: Path) -> None:
    write_tree(tmp_path, features={"fau": 1}, lengths=(200, 201))
    example = "feature_segments/fau/1.csv, segment 2, 201 steps"
    assert found_in(tmp_path)[2] == [f"segments longer than the 200-step window: 4 (e.g. {example})"]


def test_a_hole_in_time_counts_inside_a_segment_and_not_between_two(tmp_path: Path) -> None:
    write_tree(tmp_path, lengths=(2, 4))
    in_every_feature(tmp_path, "1", "\n1500,2,", "\n1900,2,")
    example = "feature_segments/vggish/1.csv, step 6, segment 2, 650 ms after a hop of 250 ms"
    assert found_in(tmp_path)[2] == [f"gaps in time within a segment: 1 (e.g. {example})"]
    in_every_feature(tmp_path, "2", "\n250,1,", "\n100,1,")
    in_every_feature(tmp_path, "2", "\n500,1,", "\n350,1,")  # segment 1 ends 400 ms before segment 2 starts
    assert found_in(tmp_path)[2] == [f"gaps in time within a segment: 1 (e.g. {example})"]


def test_segment_ids_that_do_not_start_at_one_are_a_gap(tmp_path: Path) -> None:
    write_tree(tmp_path, features={"fau": 1}, lengths=(2,), targets=("arousal",))
    path = feature_file(tmp_path, "fau", "1")
    path.write_text(path.read_text().replace("50,1,", "50,2,").replace("500,1,", "500,2,"))
    edit(label_file(tmp_path, "arousal", "1"), ",1,0", ",2,0")
    example = "feature_segments/fau/1.csv, segment 2 follows the start"
    assert found_in(tmp_path)[2] == [f"gaps in segment ids: 1 (e.g. {example})"]


def test_column_names_shifted_by_one_are_matched_by_position_with_a_notice(tmp_path: Path) -> None:
    write_tree(tmp_path, lengths=(2, 2))
    plain = aligned(tmp_path)
    edit(feature_file(tmp_path, "fau", "2"), "fau_0,fau_1", "fau_1,fau_2")
    segments, _, (notice,) = found_in(tmp_path)
    assert segments is not None
    np.testing.assert_array_equal(segments.start, plain.start)
    assert notice.startswith("files whose column names differ from the feature's other files (matched by position): 1")
    assert "feature_segments/fau/2.csv" in notice


# ---- the real tree


@pytest.fixture(scope="module")
def forrest() -> Segments:
    return aligned(FORREST)


@pytest.mark.forrest
@needs_forrest
def test_the_real_tree_has_the_segments_and_windows_of_the_official_reading(forrest: Segments) -> None:
    assert forrest.partition_bounds == {"train": (0, 436), "devel": (436, 612), "test": (612, 754)}
    assert forrest.step_bounds == {"train": (0, 17206), "devel": (17206, 22332), "test": (22332, 27561)}
    assert sum(len(windows(length, 200, 100)) for length in forrest.length[:436].tolist()) == 442


@pytest.mark.forrest
@needs_forrest
def test_the_real_tree_has_its_known_classes(forrest: Segments) -> None:
    counts = {
        target: [
            np.bincount(classes[slice(*bounds)], minlength=5).tolist() for bounds in forrest.partition_bounds.values()
        ]
        for target, classes in forrest.classes.items()
    }
    assert counts == {
        "arousal": [[88, 87, 86, 88, 87], [50, 20, 36, 34, 36], [34, 29, 24, 34, 21]],
        "valence": [[86, 89, 86, 87, 88], [33, 41, 24, 45, 33], [29, 40, 22, 30, 21]],
    }
