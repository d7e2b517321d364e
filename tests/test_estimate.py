from pathlib import Path

import numpy as np
import pytest
import torch

from results.records import Branch
from search_spaces.errors import SweepError
from search_spaces.settings import Settings
from sweep import calibration, environment, estimate
from sweep.estimate import Speed, Workload
from sweep.feature_store import FeatureStore
from sweep.opened import open_data
from tests.stores import store_of

SMALL = Settings(hidden=8, heads=2, feed_forward=12, layers=1, baseline_layers=1)
BRANCH, OTHER = Branch(features="fau+bert~", way="way2"), Branch(features="bert", way="way4")


def store(cache: Path, devel_class: int = 2) -> FeatureStore:
    random = np.random.default_rng(0)
    features = {name: random.normal(size=(470, 4)).astype(np.float32) for name in ("fau", "bert")}
    lengths = {"train": (342, 5, 20), "devel": (90, 10), "test": (3,)}
    return store_of(cache, features, lengths, {"arousal": (1, 2, -1, devel_class, -1, -1)})


def test_a_workload_counts_the_steps_that_an_epoch_trains_and_scores(tmp_path):
    # windows of 342: 200 + 200 + 142, then 5; the masked 20 and the masked 10 are left out
    assert estimate.workload(store(tmp_path), "arousal", SMALL) == Workload(train_steps=547, devel_steps=90)


def test_an_epoch_takes_its_train_and_its_devel_steps():
    assert Speed(train_step_s=0.5, devel_step_s=0.25).epoch_s(train_steps=10, devel_steps=4) == 10 * 0.5 + 4 * 0.25


def test_a_measured_speed_is_positive_and_a_training_step_is_the_dearer(tmp_path):
    speed = estimate.measure(store(tmp_path), "arousal", BRANCH, SMALL)
    assert 0 < speed.train_step_s < 1
    assert 0 < speed.devel_step_s < 1


def test_measuring_changes_neither_threads_nor_random_stream(tmp_path):
    threads = torch.get_num_threads()
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    estimate.measure(store(tmp_path), "arousal", BRANCH, SMALL)
    assert torch.equal(torch.rand(2), expected)
    assert torch.get_num_threads() == threads


def test_measuring_a_target_without_devel_labels_takes_no_time_there(tmp_path):
    assert estimate.measure(store(tmp_path, devel_class=-1), "arousal", BRANCH, SMALL).devel_step_s == 0


def test_a_feature_that_is_mapped_takes_four_bytes_a_value(tmp_path):
    assert estimate.data_mb(store(tmp_path), ["fau", "bert"]) == 2 * 470 * 4 * 4 / 2**20


def test_a_process_like_a_worker_s_says_how_fast_it_is_and_how_much_it_takes(tree, cache):
    packed = open_data(tree, "muse2021", cache).store
    found = calibration.calibrate(packed, "arousal", [BRANCH, OTHER], SMALL)
    assert [0 < speed.train_step_s < 1 for speed in found.speeds] == [True, True]
    assert 100 < found.peak_memory_mb < 2000  # torch is loaded


def test_steps_that_cannot_be_trained_say_why(tree, cache):
    packed = open_data(tree, "muse2021", cache).store
    wrong = Branch(features="nothing", way="way2")
    with pytest.raises(SweepError, match=r"^Steps to measure .* could not be trained: feature 'nothing' is unknown"):
        calibration.calibrate(packed, "arousal", [wrong], SMALL)


@pytest.mark.parametrize("name", ["python", "torch", "numpy", "scikit-learn", "optuna", "pandas", "muse-sweep"])
def test_the_versions_that_digits_depend_on_are_known(name):
    assert environment.versions()[name]


def test_this_process_may_use_at_least_one_core():
    assert environment.cores() >= 1
