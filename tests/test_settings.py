"""The fixed numbers of a training and what may not stand in their place."""

import json

import pytest
from pydantic import ValidationError

from search_spaces.errors import SweepError
from search_spaces.settings import Settings


def test_the_defaults_are_the_papers_where_it_gives_a_number():
    settings = Settings()
    assert (settings.learning_rate, settings.epochs, settings.hidden) == (0.001, 100, 64)
    assert (settings.heads, settings.feed_forward, settings.pca_variance) == (4, 128, 0.95)


def test_seeds_count_up_from_the_first():
    assert Settings().seed_numbers() == (101, 102, 103, 104, 105)
    assert Settings(seeds=2, first_seed=7).seed_numbers() == (7, 8)


def test_settings_survive_json():
    settings = Settings(standardize=("all",), readout="mean", eta=0.0)
    assert Settings.model_validate_json(settings.model_dump_json()) == settings


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("seeds", 0),
        ("epochs", -1),
        ("learning_rate", 0),
        ("learning_rate", float("inf")),
        ("eta", float("nan")),
        ("dropout", 1.0),
        ("pca_variance", 1.01),
        ("hop", 0),
        ("readout", "first"),
        ("epoch", 3),
    ],
)
def test_a_number_out_of_range_or_an_unknown_key_is_refused(key, value):
    with pytest.raises(ValidationError, match=key):
        Settings.model_validate({key: value})


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("loss", "loss 'x' is unknown. Known: .*cross_entropy"),
        ("weighting", "weighting 'x' is unknown. Known: adaptive"),
    ],
)
def test_an_unknown_loss_or_weighting_lists_the_known_ones(key, message):
    with pytest.raises(SweepError, match=message):
        Settings.model_validate_json(json.dumps({key: "x"}))


@pytest.mark.parametrize("seed", [-1, 2**31, 10**400])
def test_a_seed_that_no_generator_takes_is_refused(seed: int) -> None:
    with pytest.raises(ValidationError, match="first_seed"):
        Settings(first_seed=seed)
