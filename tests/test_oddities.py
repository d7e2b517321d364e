from pathlib import Path

import numpy as np

from search_spaces.alignment import Segments
from sweep import oddities


def segments() -> Segments:
    at = np.array([0, 0, 1])
    return Segments(at, np.array([1, 2, 1]), np.array([0, 2, 3]), np.array([2, 1, 3]), {}, {}, {})


def test_zero_rows_constant_columns_and_wild_scales_are_counted(tmp_path: Path) -> None:
    values = np.array([[1, 5, 1000], [2, 5, 9000], [0, 0, 0], [3, 5, 4000], [0, 0, 0], [4, 7, 100]], np.float32)
    found = oddities.of_feature(tmp_path / "key", values, slice(0, 2))
    # On train column 0 goes 1, 2 (deviation .5), column 2 goes 1000, 9000 (deviation 4000): 8000 times.
    assert found == oddities.Oddities(2, 2, (1,), 8000.0)
    told = [str(notice) for notice in oddities.notices({"lld": found}, segments(), ["7", "9"])]
    assert told == [
        "steps of lld that are all zero: 2 (e.g. video 7, segment 2)",
        "columns of lld that are constant on train: 1 (e.g. column 2)",
        "features whose columns differ in scale by more than 1000 times (a space's settings `standardize` "
        "and, for PCA, `pca_standardize` even them out): 1 (e.g. lld, 8,000 times)",
    ]


def test_ordinary_values_give_no_notice(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(1, 1, (20000, 3)).astype(np.float32)
    found = oddities.of_feature(tmp_path / "key", values, slice(0, 15000))
    assert list(oddities.notices({"rms": found}, segments(), ["7", "9"])) == []
    # Several blocks give the deviations of the whole.
    deviations = values[:15000].astype(np.float64).std(axis=0)
    assert np.isclose(found.scale_ratio, deviations.max() / deviations.min(), rtol=1e-6)


def test_a_second_look_reads_what_the_first_kept(tmp_path: Path) -> None:
    values = np.zeros((3, 2), np.float32)
    first = oddities.of_feature(tmp_path / "key", values, slice(0, 3))
    assert oddities.of_feature(tmp_path / "key", values + 1, slice(0, 3)) == first
    assert first == oddities.Oddities(3, 0, (0, 1), 1.0)
