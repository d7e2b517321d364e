import pytest

from results.summary import is_collapsed, single, summarize
from tests.results_factory import cell, made_record, made_scores

CELL = cell("arousal", "fau/way1")


def test_figures_of_three_seeds_are_the_ones_worked_out_by_hand() -> None:
    got = summarize(made_record(CELL, (0.30, 0.36, 0.33)))
    assert got.mean == pytest.approx(0.33)
    assert got.std == pytest.approx(0.03)  # sqrt((0.03² + 0.03² + 0) / 2)
    assert (got.best, got.best_seed, got.figure("median")) == (0.36, 102, 0.33)
    assert got.figure("best") == 0.36


def test_one_seed_has_no_spread() -> None:
    assert single(101, made_scores(0.3)).std is None


def test_the_smaller_of_two_equally_good_seeds_is_the_best_seed() -> None:
    assert summarize(made_record(CELL, (0.2, 0.3, 0.3))).best_seed == 102


def test_a_cell_is_collapsed_only_if_every_seed_is() -> None:
    collapsed = made_record(CELL, (0.09, 0.09), predicted_classes=1)
    alive = made_record(CELL, (0.3,))
    mixed = collapsed.model_copy(update={"seeds": (*collapsed.seeds, *alive.seeds)})
    assert is_collapsed(collapsed)
    assert not is_collapsed(mixed)
