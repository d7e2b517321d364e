import sys

import numpy as np
import pytest
import torch

from search_spaces.errors import SweepError
from search_spaces.settings import Settings
from sweep import feature_store, fusion, packed, pca
from sweep.fusion import Fusion
from tests.memory import mapped_mb
from tests.stores import store_of
from tests.trees import FEATURES, feature_file, write_tree

RAW = Settings(standardize=())
LENGTHS = {"train": (2, 2), "devel": (2,), "test": ()}
# On train: means 2 and 5, deviations (ddof 0) √((1+1+1+1)/4) = 1 and 0.
STEPS = np.array([[1, 5], [3, 5], [1, 5], [3, 5], [100, 7], [100, 7]], np.float32)


def random_steps(seed: int, width: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.random.default_rng(seed).normal(3, 2, (6, width)).astype(np.float32)


def test_the_values_are_those_of_the_csv_files(tmp_path):
    _, store = feature_store.build(write_tree(tmp_path / "tree"), "muse2021", tmp_path / "cache")
    batch = Fusion(store, "bert+vggish", RAW).gather([8, 3], [3, 1])  # video 2: segment 1; video 1: segment 2
    of_video = {
        (feature, video): np.loadtxt(feature_file(tmp_path / "tree", feature, video), delimiter=",", skiprows=1)[:, 2:]
        for feature in FEATURES
        for video in "12"
    }
    first = np.hstack([of_video["bert", "2"][:3], of_video["vggish", "2"][:3]])
    second = np.hstack([of_video["bert", "1"][3:4], of_video["vggish", "1"][3:4]])
    assert np.array_equal(batch.numpy(), np.vstack([first, second]).astype(np.float32))


def test_runs_stand_one_after_the_other_without_padding(tmp_path):
    store = store_of(tmp_path, {"egemaps": STEPS}, LENGTHS, {})
    batch = Fusion(store, "egemaps", RAW).gather([4, 0, 1], [2, 1, 3])
    assert batch.dtype == torch.float32
    assert np.array_equal(batch.numpy(), STEPS[[4, 5, 0, 1, 2, 3]])


def test_a_batch_may_be_changed_without_changing_the_store(tmp_path):
    store = store_of(tmp_path, {"fau": STEPS}, LENGTHS, {})
    features = Fusion(store, "fau", RAW)
    features.gather([0], [6]).fill_(9)
    assert np.array_equal(features.gather([0], [6]).numpy(), STEPS)


@pytest.mark.parametrize("named", [("egemaps",), ("all",), ("fau", "egemaps")])
def test_a_feature_is_standardised_with_the_train_steps(tmp_path, named):
    store = store_of(tmp_path, {"egemaps": STEPS}, LENGTHS, {})
    steps = Fusion(store, "egemaps", Settings(standardize=named)).gather([0], [6]).numpy()
    # (x - 2) / (1 + 1e-6); the column that is constant on train is only shifted, x - 5, or it would be 2 million here.
    assert steps[:, 0] == pytest.approx(np.array([-1, 1, -1, 1, 98, 98]) / (1 + 1e-6))
    assert steps[:, 1] == pytest.approx([0, 0, 0, 0, 2, 2])


def test_only_the_named_features_are_standardised(tmp_path):
    store = store_of(tmp_path, {"egemaps": STEPS, "fau": STEPS}, LENGTHS, {})
    steps = Fusion(store, "egemaps+fau", Settings(standardize=("egemaps",))).gather([0], [6]).numpy()
    assert steps[0, 0] == pytest.approx(-1, abs=1e-5)
    assert np.array_equal(steps[:, 2:], STEPS)


@pytest.mark.parametrize("standardize", [(), ("fau",), ("all",)])
def test_a_reduced_term_is_used_as_pca_gives_it(tmp_path, standardize):
    store = store_of(tmp_path, {"fau": random_steps(0, 4)}, LENGTHS, {})
    settings = Settings(standardize=standardize)
    fusion = Fusion(store, "fau~", settings)
    folder = pca.reduce(store, "fau", settings)
    assert fusion.width == pca.read_reduction(folder).width
    assert np.array_equal(fusion.gather([0], [6]).numpy(), packed.read_values(folder, 6, fusion.width))


def test_the_order_of_the_terms_is_the_order_of_the_columns(tmp_path):
    features = {"fau": random_steps(0, 2), "bert": random_steps(1, 3), "vggish": random_steps(2, 1)}
    store = store_of(tmp_path, features, LENGTHS, {})
    for terms in (("fau", "bert", "vggish"), ("vggish", "fau", "bert"), ("bert",)):
        fusion = Fusion(store, "+".join(terms), RAW)
        expected = np.hstack([features[term] for term in terms])
        assert fusion.width == expected.shape[1]
        assert np.array_equal(fusion.gather([0], [6]).numpy(), expected)


def test_raw_and_reduced_form_of_one_feature_stand_side_by_side(tmp_path):
    store = store_of(tmp_path, {"fau": random_steps(0, 4)}, LENGTHS, {})
    both = Fusion(store, "fau~+fau", RAW)
    reduced = Fusion(store, "fau~", RAW)
    assert both.width == reduced.width + 4
    assert torch.equal(both.gather([1], [3])[:, : reduced.width], reduced.gather([1], [3]))


@pytest.mark.parametrize("features", ["xception", "xception~"])
def test_a_feature_that_the_data_lacks_is_told(tmp_path, features):
    with pytest.raises(SweepError, match=r"feature 'xception' is unknown. Known: fau"):
        Fusion(store_of(tmp_path, {"fau": STEPS}, LENGTHS, {}), features, RAW)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep what was mapped")
def test_an_epoch_holds_no_more_of_the_maps_than_was_read_last(tmp_path, monkeypatch):
    monkeypatch.setattr(fusion, "_MAPPED", 2**21)
    steps = np.arange(64_000 * 128, dtype=np.float32).reshape(-1, 128)  # 31 MB
    store = store_of(tmp_path, {"fau": steps}, {"train": (64_000,), "devel": (), "test": ()}, {})
    gathering, before = Fusion(store, "fau", RAW), mapped_mb()
    for start in range(0, 64_000, 2000):
        assert np.array_equal(gathering.gather([start], [2000]).numpy(), steps[start : start + 2000])
        assert mapped_mb() < before + 6
