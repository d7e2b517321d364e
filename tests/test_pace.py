"""What cells and seeds take, by rule and by what was measured."""

import math

import pytest

from search_spaces.settings import Settings
from sweep.pace import Pace, clock, expected_epochs
from tests.results_factory import cell

A, C = cell("arousal", "vggish/way1"), cell("arousal", "bert/way2")
JOINT = cell("arousal", "vggish/way1", "bert/way2")
SETTINGS = Settings(seeds=2, epochs=10)


@pytest.mark.parametrize(
    ("epochs", "patience", "expected"),
    [
        (1, 15, 1),
        (15, 15, 15),
        (30, 15, 15 + 15 * (1 - math.exp(-1))),  # 24.5
        (10_000, 15, 30),
        (10_000, 40, 80),
    ],
)
def test_a_seed_trains_twice_the_patience_unless_fewer_epochs_are_allowed(epochs, patience, expected):
    assert expected_epochs(Settings(epochs=epochs, patience=patience)) == pytest.approx(expected)


def test_nothing_is_known_before_anything_was_measured():
    pace = Pace(SETTINGS)
    assert pace.seconds(("way1",)) is None
    assert pace.seconds(("way1", "way2")) is None
    assert pace.joint_seconds(["way1"]) is None


def test_a_way_takes_the_mean_of_its_cells():
    pace = Pace(SETTINGS)
    pace.took(A, 10)
    pace.took(A, 20)
    assert pace.seconds(("way1",)) == 15


def test_epochs_count_until_a_cell_is_done():
    pace = Pace(SETTINGS)
    pace.epoch(A, 3)
    pace.epoch(A, 2)
    assert pace.seconds(("way1",)) == 2 * 10 * 2  # seeds, epochs, seconds
    pace.took(A, 10)
    assert pace.seconds(("way1",)) == 10


def test_a_joint_run_takes_its_branches_unless_one_was_measured():
    pace = Pace(SETTINGS)
    pace.took(A, 10)
    pace.took(C, 4)
    assert pace.seconds(("way1", "way2")) == 14
    assert pace.joint_seconds(["way1", "way2"]) == 14
    pace.took(JOINT, 99)
    assert pace.seconds(("way1", "way2")) == 99


def test_a_way_of_ones_own_takes_the_mean_of_the_others():
    pace = Pace(SETTINGS)
    pace.took(A, 10)
    pace.took(C, 4)
    assert pace.seconds(("mine",)) == 7


def test_seconds_are_shown_as_hours_minutes_and_seconds():
    assert [clock(seconds) for seconds in (0, 59.6, 3599.4, 36000 + 61)] == [
        "0:00:00",
        "0:01:00",
        "0:59:59",
        "10:01:01",
    ]
