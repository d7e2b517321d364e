"""Table I and the reference scores of a store."""

from pathlib import Path

import numpy as np

from search_spaces.corpus import Modality
from search_spaces.settings import Settings
from sweep import probes
from sweep.feature_store import FeatureStore
from tests.stores import store_of

MODALITIES: dict[str, Modality] = {"fau": "video", "bert": "text", "flat": "audio"}


def store(cache: Path) -> FeatureStore:
    """Two train segments of each class 0 and 1, whose fau is the class; bert is one column three times; flat is 7."""
    lengths = {"train": (2, 2, 2, 2), "devel": (2, 2), "test": (2,)}
    classes = (0, 1, 0, 1, 1, 0, -1)
    steps = np.repeat(np.array(classes, np.float32), 2)[:, None] + np.tile([0.0, 0.01], 7)[:, None]
    features = {
        "fau": np.hstack([steps, np.random.default_rng(0).normal(size=(14, 1))]).astype(np.float32),
        "bert": np.hstack([steps, 2 * steps, 3 * steps]).astype(np.float32),
        "flat": np.full((14, 2), 7, np.float32),
    }
    return store_of(cache, features, lengths, {"arousal": classes})


def test_table_i_has_every_feature_before_and_after_pca(tmp_path: Path) -> None:
    rows = probes.feature_rows(store(tmp_path), MODALITIES, Settings())
    assert [(row.name, row.title, row.width, row.reduced_width) for row in rows] == [
        ("fau", "FAU", 2, 2),
        ("bert", "BERT", 3, 1),
        ("flat", "flat", 2, None),
    ]


def test_the_share_of_variance_is_noted_by_number_of_components(tmp_path: Path) -> None:
    fau, bert, flat = probes.feature_rows(store(tmp_path), MODALITIES, Settings())
    assert len(fau.kept_variance) == fau.reduced_width == 2
    assert fau.kept_variance[0] < fau.kept_variance[1] == 1  # two columns, both kept: all of the variance
    assert bert.kept_variance == (1.0,)  # one column three times has one direction
    assert flat.kept_variance == ()


def test_the_references_are_scored_on_devel_and_on_the_test_labels_that_are_given(tmp_path: Path) -> None:
    found = {score.name: score for score in probes.references(store(tmp_path), ("arousal",))}
    # Always 0 on devel (1, 0): precision 1/2, recall 1, F1 2/3 for class 0; nothing for the other four.
    assert found["constant"].devel == 2 / 3 / 5
    assert found["logistic"].devel == 2 / 5  # both right: 1 for class 0 and for class 1, nothing for the other three
    assert found["logistic"].features == "fau+bert+flat"
    assert found["constant"].features is None
    assert {score.test for score in found.values()} == {None}
