"""Label files with predicted classes: what a challenge gets back for its masked rows."""

from pathlib import Path

import pytest

from search_spaces.datasets import muse2021
from search_spaces.datasets._filled_labels import filled
from search_spaces.errors import SweepError
from tests.trees import label_file, write_tree

CLASSES = {1: 4, 2: 0, 7: 3}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (  # as the challenge masks: four columns, three cells
            "start,end,segment_id,class_id\n0,10,1\n10,20,2\n20,30,7\n",
            "start,end,segment_id,class_id\n0,10,1,4\n10,20,2,0\n20,30,7,3\n",
        ),
        (  # given classes are replaced, the order of rows stays
            "start,end,segment_id,class_id\n20,30,7,1\n0,10,1.0,2.0\n",
            "start,end,segment_id,class_id\n20,30,7,3\n0,10,1.0,4\n",
        ),
        (  # columns of one's own, and the class in the middle
            'segment_id,class_id,note\n2,,"one, two"\n1,nan,\n',
            'segment_id,class_id,note\n2,0,"one, two"\n1,4,\n',
        ),
    ],
)
def test_every_row_gets_its_class_and_keeps_the_rest(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "1.csv").write_text(text, encoding="utf-8")
    assert filled(tmp_path, tmp_path / "1.csv", CLASSES) == expected


@pytest.mark.parametrize("text", ["", "start,end\n0,10\n", "start,end,segment_id,class_id\n0,10,9,1\n"])
def test_a_file_that_was_changed_meanwhile_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "1.csv").write_text(text, encoding="utf-8")
    with pytest.raises(SweepError, match=r"1\.csv was changed while it was read"):
        filled(tmp_path, tmp_path / "1.csv", CLASSES)


def test_a_masked_file_of_a_tree_differs_in_its_classes_alone(tmp_path: Path) -> None:
    corpus = muse2021.read(write_tree(tmp_path, masked_test=True))
    name, text = muse2021.fill_labels(corpus, "valence", "4", {1: 3, 2: 1, 3: 2})
    assert name == "label_segments/valence/4.csv"
    masked = label_file(tmp_path, "valence", "4").read_text(encoding="utf-8").splitlines()
    assert text.splitlines() == [masked[0], *(f"{row},{c}" for row, c in zip(masked[1:], (3, 1, 2), strict=True))]
