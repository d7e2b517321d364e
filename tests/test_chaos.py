"""A few kills of the chaos benchmark; it runs with fifty by hand."""

import pytest

from benchmarks import chaos
from benchmarks.traces import Attempt, repeated


@pytest.mark.slow
def test_a_grid_that_is_killed_at_random_moments_ends_as_one_left_in_peace(capsys: pytest.CaptureFixture[str]) -> None:
    status = chaos.main(["--kills", "3", "--epochs", "3", "--ways", "way2", "--seed", "3"])
    said = capsys.readouterr().out
    assert status == 0, said
    assert "| kills | 3: " in said
    assert "12 records, 12 artifacts, 30 tables (every format): 0 differ" in said


def test_an_epoch_that_an_earlier_attempt_trained_too_is_counted() -> None:
    tried = [Attempt([(101, 1), (101, 2)]), Attempt([(101, 2), (101, 3)]), Attempt([(102, 1)])]
    assert repeated(tried) == [1, 0]
