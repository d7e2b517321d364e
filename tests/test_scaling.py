import numpy as np
import pytest

from sweep import packed, scaling
from sweep.feature_store import FeatureStore
from tests.stores import store_of

LENGTHS = {"train": (2, 2), "devel": (2,), "test": ()}
# On train: means 2, 5 and 0.5, deviations (ddof 0) 1, 0 and 0.5.
STEPS = np.array([[1, 5, 0], [3, 5, 1], [1, 5, 0], [3, 5, 1], [100, 7, 2], [100, 7, 2]], np.float32)


def scaled(store: FeatureStore) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return packed.read_values(scaling.standardize(store, "fau"), 6, 3)


@pytest.mark.parametrize("block", [1, 3, 8192])
def test_columns_are_z_scored_with_the_train_steps_in_blocks_of_any_size(tmp_path, monkeypatch, block):
    monkeypatch.setattr(packed, "_BLOCK", block)
    steps = scaled(store_of(tmp_path, {"fau": STEPS}, LENGTHS, {}))
    assert steps[:, 0] == pytest.approx(np.array([-1, 1, -1, 1, 98, 98]) / (1 + 1e-6))
    assert steps[:, 2] == pytest.approx(np.array([-0.5, 0.5, -0.5, 0.5, 1.5, 1.5]) / (0.5 + 1e-6))


def test_a_column_that_is_constant_on_train_is_only_shifted(tmp_path):
    steps = scaled(store_of(tmp_path, {"fau": STEPS}, LENGTHS, {}))
    assert steps[:, 1] == pytest.approx([0, 0, 0, 0, 2, 2])  # by 1e-6 it would be 2 million


def test_a_feature_is_scaled_once(tmp_path):
    store = store_of(tmp_path, {"fau": STEPS}, LENGTHS, {})
    folder = scaling.standardize(store, "fau")
    written = (folder / "values.f32").stat().st_mtime_ns
    assert scaling.standardize(store, "fau") == folder
    assert (folder / "values.f32").stat().st_mtime_ns == written


def test_other_train_steps_scale_elsewhere(tmp_path):
    fewer = {"train": (2,), "devel": (2, 2), "test": ()}
    keys = [
        scaling.standardize(store_of(tmp_path / cache, {"fau": STEPS}, lengths, {}), "fau").name
        for cache, lengths in (("a", LENGTHS), ("b", fewer), ("c", LENGTHS))
    ]
    assert keys[0] == keys[2] != keys[1]
