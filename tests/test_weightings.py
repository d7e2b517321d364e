"""What every weighting promises, and equations (9), (12) and (13) by hand."""

import pytest
import torch
from torch import Tensor

from search_spaces import registry
from search_spaces.weightings._weighting import Homoscedastic, Weighting, matrix_norm

MATRIX = torch.tensor([[3.0, 4.0]])  # ‖θ‖ = 5
LOSSES = torch.tensor([1.0, 8.0])

every_weighting = pytest.mark.parametrize("name", registry.names("weightings"))
trained = pytest.mark.parametrize("name", ["adaptive", "uncertainty"])


def build(name: str, delta: tuple[float, ...] = (1.0, 1.0)) -> Weighting:
    weighting: Weighting = registry.load("weightings", name).build(len(delta))
    if isinstance(weighting, Homoscedastic):
        with torch.no_grad():
            weighting.log_delta.copy_(torch.tensor(delta).log())
    return weighting


def descend(weighting: Weighting, loss: float, steps: int, rate: float) -> Tensor:
    optimiser = torch.optim.Adam(weighting.parameters(), lr=rate)
    for _ in range(steps):
        optimiser.zero_grad()
        weighting(torch.full_like(weighting.delta, loss), [], 0.0).backward()
        optimiser.step()
    return weighting.delta.detach()


def test_all_three_weightings_are_found() -> None:
    assert {"adaptive", "equal", "uncertainty"} <= set(registry.names("weightings"))


@every_weighting
@pytest.mark.parametrize("subtasks", [1, 2, 3])
def test_every_delta_starts_at_exactly_one(name: str, subtasks: int) -> None:
    assert registry.load("weightings", name).build(subtasks).delta.tolist() == [1.0] * subtasks


@every_weighting
def test_the_formula_is_the_weighted_losses_plus_the_regulariser(name: str) -> None:
    weighting = build(name, (0.5, 2.0))
    parts = weighting.weighted(LOSSES) + weighting.regulariser([MATRIX], 0.1)
    assert weighting(LOSSES, [MATRIX], 0.1).shape == ()
    torch.testing.assert_close(weighting(LOSSES, [MATRIX], 0.1), parts)


@every_weighting
def test_the_weighted_part_of_a_batch_is_the_sum_over_its_chunks(name: str) -> None:
    weighting = build(name, (0.5, 2.0))
    chunks = weighting.weighted(LOSSES * 0.25) + weighting.weighted(LOSSES * 0.75)
    torch.testing.assert_close(chunks, weighting.weighted(LOSSES))


@every_weighting
def test_a_loss_too_many_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"`losses` must be of shape \(2,\)\. Found \(3,\)\."):
        build(name).weighted(torch.ones(3))


def test_equal_is_the_sum_of_the_losses_alone() -> None:
    # 1 + 8; nothing to train, no penalty
    weighting = build("equal")
    assert weighting(LOSSES, [MATRIX], 0.1).item() == 9.0
    assert list(weighting.parameters()) == []


def test_uncertainty_is_equation_12() -> None:
    # 1/(2·1²) + ln 1 + 8/(2·2²) + ln 2 = 0.5 + 0 + 1 + 0.693147; no η
    assert build("uncertainty", (1.0, 2.0))(LOSSES, [MATRIX], 0.1).item() == pytest.approx(2.193147)


def test_adaptive_is_equation_13() -> None:
    # 1/(2·1²) + ln(1+1) + 8/(2·2²) + ln(1+2) + 0.1·√(3²+4²) = 0.5 + 0.693147 + 1 + 1.098612 + 0.5
    assert build("adaptive", (1.0, 2.0))(LOSSES, [MATRIX], 0.1).item() == pytest.approx(3.791759)


def test_adaptive_without_eta_has_no_penalty() -> None:
    # 0.5 + 0.693147 + 1 + 1.098612
    assert build("adaptive", (1.0, 2.0))(LOSSES, [MATRIX], 0.0).item() == pytest.approx(3.291759)


@every_weighting
def test_delta_stays_positive_under_a_vanishing_loss(name: str) -> None:
    weighting = build(name)
    if list(weighting.parameters()):
        delta = descend(weighting, loss=5e-9, steps=1000, rate=1e-2)
        assert ((delta > 0) & (delta < 1)).all()
    assert torch.isfinite(weighting(torch.full((2,), 5e-9), [MATRIX], 0.1))


def test_gradient_descent_on_equation_12_ends_where_delta_squared_is_the_loss() -> None:
    # d/dδ [L/(2δ²) + ln δ] = -L/δ³ + 1/δ = 0 at δ² = L; L = 9/4 gives δ = 3/2
    delta = descend(build("uncertainty"), loss=2.25, steps=600, rate=0.02)
    assert delta.tolist() == pytest.approx([1.5, 1.5], abs=1e-4)


def test_gradient_descent_on_equation_13_ends_where_delta_cubed_is_loss_times_one_plus_delta() -> None:
    # d/dδ [L/(2δ²) + ln(1+δ)] = -L/δ³ + 1/(1+δ) = 0 at δ³ = L(1+δ); L = 8/3 gives δ = 2: 8 = 8/3 · 3
    delta = descend(build("adaptive"), loss=8 / 3, steps=900, rate=0.02)
    assert delta.tolist() == pytest.approx([2.0, 2.0], abs=1e-4)


@trained
def test_each_subtask_has_a_delta_of_its_own(name: str) -> None:
    weighting = build(name)
    weighting(torch.tensor([0.0, 100.0]), [], 0.0).backward()
    gradient = next(weighting.parameters()).grad
    assert gradient is not None
    assert gradient[0] > 0 > gradient[1]


def test_the_norm_is_over_all_matrices_together_and_no_biases() -> None:
    # √(3² + 4² + 12²) = 13; the vector of 100s is a bias
    weights = [MATRIX, torch.full((2,), 100.0), torch.full((1, 1, 1), 12.0)]
    assert matrix_norm(weights).item() == pytest.approx(13.0)


def test_the_norms_gradient_is_the_unit_vector_and_zero_at_zero() -> None:
    for start, expected in ((MATRIX, [0.6, 0.8]), (torch.zeros(1, 2), [0.0, 0.0])):
        matrix = start.clone().requires_grad_()
        matrix_norm([matrix]).backward()
        assert matrix.grad is not None
        assert matrix.grad.flatten().tolist() == pytest.approx(expected)


def test_a_network_without_matrices_has_norm_zero() -> None:
    assert matrix_norm([torch.ones(3)]).item() == 0.0
