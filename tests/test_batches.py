from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_spaces.alignment import Segments
from search_spaces.errors import SweepError
from sweep.batches import Runs, chunks, train_windows, whole_segments
from tests.stores import store_of

MASKED = -1


@pytest.fixture
def segments(tmp_path) -> Segments:
    lengths = {"train": (342, 1, 5, 200, 201), "devel": (250, 2), "test": (3,)}
    return store_of(tmp_path, {}, lengths, {"arousal": (4, 0, MASKED, 1, 2, 3, MASKED, MASKED)}).segments


def test_train_windows_carry_the_class_of_their_segment(segments):
    windows = train_windows(segments, "arousal", 200, 100)
    # 342 steps from 0, then 1 from 342; 5 masked ones from 343; 200 from 348; 201 from 548
    assert list(zip(windows.start, windows.length, windows.classes, strict=True)) == [
        (0, 200, 4), (100, 200, 4), (200, 142, 4), (342, 1, 0), (348, 200, 1), (548, 200, 2), (648, 101, 2),
    ]  # fmt: skip


def test_devel_segments_are_whole_however_long_and_masked_ones_are_kept(segments):
    devel = whole_segments(segments, "arousal", "devel")
    assert devel.start.tolist() == [749, 999]
    assert (devel.length.tolist(), devel.classes.tolist()) == ([250, 2], [3, MASKED])


def test_labelled_runs_are_those_with_a_class(segments):
    labelled = whole_segments(segments, "arousal", "devel").labelled()
    assert (labelled.start.tolist(), labelled.length.tolist(), labelled.classes.tolist()) == ([749], [250], [3])
    assert len(whole_segments(segments, "arousal", "test").labelled()) == 0


def test_a_target_without_a_train_label_has_no_windows(tmp_path):
    store = store_of(tmp_path, {}, {"train": (3,), "devel": (3,), "test": ()}, {"valence": (MASKED, 0)})
    assert len(train_windows(store.segments, "valence", 200, 100)) == 0


def test_a_hop_beyond_the_window_is_refused(segments):
    with pytest.raises(SweepError, match="hop 20, window 10"):
        train_windows(segments, "arousal", 10, 20)


lengths_of_a_batch = st.lists(st.integers(1, 600), min_size=1, max_size=80)


@given(lengths_of_a_batch, st.randoms(use_true_random=False))
def test_chunks_partition_the_batch(lengths, random):
    chosen = random.sample(range(len(lengths)), random.randint(1, len(lengths)))
    cut = [part.tolist() for part in chunks(np.array(lengths), np.array(chosen))]
    assert all(cut)
    assert sorted(index for part in cut for index in part) == sorted(chosen)


@given(lengths_of_a_batch)
def test_no_chunk_is_longer_than_the_step_limit_unless_it_is_one_run(lengths):
    for part in chunks(np.array(lengths), np.arange(len(lengths))):
        assert len(part) == 1 or max(lengths[index] for index in part) * len(part) <= 2048


def cost(parts) -> int:
    """Padded steps, and 160 a chunk."""
    return sum(max(part) * len(part) + 160 for part in parts)


@given(st.lists(st.integers(1, 200), min_size=1, max_size=8))
def test_no_other_way_of_cutting_costs_less(lengths):
    falling = sorted(lengths, reverse=True)
    inner = [cut for size in range(len(lengths)) for cut in combinations(range(1, len(lengths)), size)]
    every = [[falling[low:high] for low, high in pairwise((0, *cut, len(lengths)))] for cut in inner]
    ours = [[lengths[index] for index in part] for part in chunks(np.array(lengths), np.arange(len(lengths)))]
    assert cost(ours) == min(map(cost, every))


def test_one_short_run_is_padded_rather_than_given_a_chunk_and_ten_are_not():
    for short, expected in ((1, [3]), (10, [2, 10])):  # 90 steps of padding against 160; 900 against 160
        lengths = np.array([100, 100] + [10] * short)
        assert [len(part) for part in chunks(lengths, np.arange(len(lengths)))] == expected


@given(lengths_of_a_batch)
def test_the_same_batch_is_cut_the_same_way(lengths):
    first, second = (list(chunks(np.array(lengths), np.arange(len(lengths)))) for _ in range(2))
    assert [part.tolist() for part in first] == [part.tolist() for part in second]


def test_equal_lengths_are_cut_evenly_into_as_few_chunks_as_the_step_limit_asks_for():
    assert [len(part) for part in chunks(np.full(50, 100), np.arange(50))] == [17, 17, 16]  # 20 × 100 <= 2048


def test_no_runs_are_no_chunks():
    assert list(chunks(np.array([3, 4]), np.array([], np.int64))) == []
    assert len(Runs(*(np.zeros(0, np.int64) for _ in range(3)))) == 0
