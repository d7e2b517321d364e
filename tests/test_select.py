import random

import pytest

from results.records import Branch, TrialRecord
from results.select import rank, ranked, top_two
from search_spaces.errors import SweepError
from tests.results_factory import cell, complete_run, made_record


def record(branch: str, *figures: float, target: str = "arousal", classes: int = 5) -> TrialRecord:
    return made_record(cell(target, branch), figures, classes)


def branches(records: tuple[TrialRecord, ...]) -> list[str]:
    return [str(found.cell.branches[0]) for found in records]


def test_the_mean_over_seeds_decides_not_the_best_seed() -> None:
    steady = record("fau/way1", 0.30, 0.30)
    lucky = record("fau/way2", 0.10, 0.45)
    other = record("fau/way3", 0.20, 0.20)
    assert top_two([other, lucky, steady], "arousal") == (steady, lucky)


def test_ties_go_to_fewer_features_then_name_then_way() -> None:
    tied = ["vggish+fau/way1", "vggish/way2", "vggish/way1", "fau/way2"]
    got = ranked([record(branch, 0.3) for branch in tied], "arousal")
    assert branches(got) == ["fau/way2", "vggish/way1", "vggish/way2", "vggish+fau/way1"]


def test_the_order_in_which_trials_finished_does_not_matter() -> None:
    records = list(complete_run().records)
    expected = ranked(records, "valence")
    random.Random(1).shuffle(records)  # noqa: S311 # any order will do
    assert ranked(records, "valence") == expected
    assert len(expected) == 78


def test_collapsed_cells_other_targets_and_multitask_runs_are_not_ranked() -> None:
    records = [
        record("fau/way1", 0.9, classes=1),
        record("fau/way2", 0.9, target="valence"),
        made_record(cell("arousal", "fau/way3", "bert/way1"), (0.9,)),
        record("fau/way4", 0.2),
        record("fau/way5", 0.1),
    ]
    assert branches(ranked(records, "arousal")) == ["fau/way4", "fau/way5"]


def test_one_ranked_cell_is_not_enough_for_a_pair() -> None:
    with pytest.raises(SweepError, match=r"'arousal' needs two ranked cells. Found 1"):
        top_two([record("fau/way1", 0.3)], "arousal")


def test_plain_pairs_rank_as_records_do() -> None:
    pairs = [(Branch(features=f, way="way1"), figure) for f, figure in (("a+b", 0.3), ("c", 0.3), ("d", 0.4))]
    assert [branch.features for branch, _ in rank(pairs)] == ["d", "c", "a+b"]
