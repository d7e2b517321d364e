"""Whatever stands in a file is read as it was meant, or is a user's mistake in one message; never anything else.

The grammars of feature sets and slots are fuzzed beside their other tests, the two passes over a feature file too.
"""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from search_spaces.corpus import Corpus, Defect, FeatureTable
from search_spaces.datasets import muse2021
from search_spaces.printable import one_line
from tests.trees import feature_file, label_file, write_tree

PIECES = (
    b"", b" ", b",", b"\n", b"\r\n", b"\r", b"\t", b'"', b'""', b'"""', b"'", b";", b"#", b"\\", b"[", b"]]", b"{",
    b"}", b"\0", b"\xff", b"\xef\xbb\xbf", b"\xd9\xa3", b"\xe2\x80\xa8", b"nan", b"inf", b"-1", b"7", b"1.0", b"1_0",
    b"0x1", b"1e308", b"1e999", b"9" * 30, b"=1+1", b"../x", b"true", b"train", b"devel", b"Test", b"class_id",
    b"timestamp,segment_id",
)  # fmt: skip
"""What breaks readers of text."""
CHANGES = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(PIECES) | st.binary(max_size=4)), max_size=4
)
"""Where, how many bytes go, and what comes in their place."""


def changed(content: bytes, changes: list[tuple[float, int, bytes]]) -> bytes:
    for place, length, new in changes:
        at = int(place * len(content))
        content = content[:at] + new + content[at + length :]
    return content


def assert_told(defects: tuple[Defect, ...]) -> None:
    assert defects
    for defect in defects:
        assert str(defect) == one_line(str(defect))
        assert len(str(defect)) < 2000


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small tree whose files each example writes anew."""
    return write_tree(tmp_path_factory.mktemp("fuzz") / "tree")


def read(root: Path, content: bytes) -> FeatureTable | None:
    """A feature file of this content; the table, or None where there are defects."""
    path = feature_file(root, "vggish", "1")
    path.write_bytes(content)
    table, defects = muse2021.read_feature(root, path)
    if table is None:
        assert_told(defects)
        return None
    assert defects == ()
    assert table.values.shape == (len(table.timestamps), len(table.columns))
    assert np.isfinite(table.values).all()
    assert (np.diff(table.timestamps) > 0).all()
    assert table.segment_ids.min() >= 1
    return table


def written(table: FeatureTable) -> bytes:
    """The same table as a file; float32 in the shortest spelling that means it."""
    rows = zip(table.timestamps, table.segment_ids, table.values, strict=True)
    lines = (f"{stamp},{segment}," + ",".join(map(str, values)) for stamp, segment, values in rows)
    return "\n".join(["timestamp,segment_id," + ",".join("f" * len(table.columns)), *lines]).encode()


def assert_equal(one: FeatureTable | None, other: FeatureTable) -> None:
    assert one is not None
    for name in ("timestamps", "segment_ids", "values"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@st.composite
def tables(draw: st.DrawFn) -> FeatureTable:
    """Any table that a file may hold."""
    steps, width = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    number = st.integers(-(10**18) + 1, 10**18 - 1)
    stamps = sorted(draw(st.sets(number, min_size=steps, max_size=steps)))
    segments = sorted(draw(st.lists(st.integers(1, 10**18 - 1), min_size=steps, max_size=steps)))
    finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
    values = draw(arrays.arrays(np.float32, (steps, width), elements=finite))
    return FeatureTable(np.array(stamps), np.array(segments), values, tuple("f" * width))


@given(tables())
def test_every_table_survives_being_written_and_read(root: Path, table: FeatureTable) -> None:
    assert_equal(read(root, written(table)), table)


@given(tables(), CHANGES)
def test_a_damaged_feature_file_is_read_as_it_stands_or_told(
    root: Path, table: FeatureTable, changes: list[tuple[float, int, bytes]]
) -> None:
    found = read(root, changed(written(table), changes))
    if found is not None:
        assert_equal(read(root, written(found)), found)


@given(st.binary(max_size=200) | st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join))
def test_any_bytes_are_a_feature_file_or_told(root: Path, content: bytes) -> None:
    read(root, content)
    read(root, b"timestamp,segment_id,a\n" + content)


def survey(root: Path) -> Corpus | None:
    corpus, defects = muse2021.survey(root)
    if defects:
        assert_told(defects)
        return None
    assert corpus is not None
    for notice in corpus.notices:
        assert str(notice) == one_line(str(notice))
    return corpus


def plain(corpus: Corpus) -> object:
    return corpus.videos, {target: {**by_video} for target, by_video in corpus.labels.items()}


PARTITION = b"Id,Proposal\n1,train\n2,train\n3,devel\n4,test\n"
LABELS = b"start,end,segment_id,class_id\n250,1000,1,0\n1000,1250,2,1\n1250,2250,3,2\n"
ANY = st.binary(max_size=80) | st.lists(st.sampled_from(PIECES), max_size=8).map(b"".join)


@given(CHANGES.map(lambda changes: changed(PARTITION, changes)) | ANY)
def test_any_partition_file_is_read_as_it_stands_or_told(root: Path, content: bytes) -> None:
    path = root / "metadata" / "partition.csv"
    path.write_bytes(content)
    corpus = survey(root)
    if corpus is not None:
        quoted = ('"' + video.id.replace('"', '""') + f'",{video.partition}' for video in corpus.videos)
        path.write_text("\n".join(["id,partition", *quoted]), encoding="utf-8")
        again = survey(root)
        assert again is not None
        assert plain(again) == plain(corpus)


@given(CHANGES.map(lambda changes: changed(LABELS, changes)) | ANY)
def test_any_label_file_is_read_as_it_stands_or_told(root: Path, content: bytes) -> None:
    (root / "metadata" / "partition.csv").write_bytes(PARTITION)
    path = label_file(root, "arousal", "1")
    path.write_bytes(content)
    corpus = survey(root)
    if corpus is not None:
        classes = corpus.labels["arousal"]["1"]
        lines = (f"{segment},{'' if found < 0 else found}" for segment, found in classes.items())
        path.write_text("\n".join(["segment_id,class_id", *lines]))
        again = survey(root)
        assert again is not None
        assert plain(again) == plain(corpus)
