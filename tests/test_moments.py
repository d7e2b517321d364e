"""Mean, deviation and what varies, in blocks."""

import numpy as np
import pytest

from sweep import moments, packed

# Means 2, 5 and 0.5; squares around them 4, 0 and 1 over four steps.
STEPS = np.array([[1, 5, 0], [3, 5, 1], [1, 5, 0], [3, 5, 1]], np.float32)


@pytest.mark.parametrize("block", [1, 3, 8192])
def test_moments_are_the_same_in_blocks_of_any_size(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(packed, "_BLOCK", block)
    found = moments.of(STEPS)
    assert found.mean.tolist() == [2, 5, 0.5]
    assert found.deviation.tolist() == [1, 0, 0.5]
    assert found.varies.tolist() == [True, False, True]


def test_a_constant_column_does_not_vary_whatever_rounding_says() -> None:
    # The mean of a thousand float32 0.1 is not exactly 0.1, so the deviation of this column is not exactly 0.
    found = moments.of(np.full((1000, 1), 0.1, np.float32))
    assert found.varies.tolist() == [False]


def test_a_column_far_from_zero_keeps_its_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "_BLOCK", 64)
    steps = (1e6 + np.random.default_rng(0).integers(0, 5, (1000, 3))).astype(np.float32)
    # As sums of squares minus the square of the sum, 1e12 would leave 4 of the 16 digits.
    assert moments.of(steps).deviation == pytest.approx((steps.astype(np.float64) - 1e6).std(axis=0), rel=1e-12)
