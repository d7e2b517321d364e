"""The paper's own weighting: bounded below, with a penalty on the weights."""

from collections.abc import Sequence

import torch
from torch import Tensor

from search_spaces.weightings._weighting import Homoscedastic, matrix_norm


class Adaptive(Homoscedastic):
    """Σ_τ [ L_τ / (2 δ_τ²) + log(1 + δ_τ) ] + η ‖θ‖: paper, eq. (13).

    The logarithm stands inside the sum, since it carries τ; the penalty outside, since θ is all subtasks' matrices.
    With losses and δ positive it is positive. For a constant loss the minimum is where δ³ = L (1 + δ).
    """

    def regulariser(self, weights: Sequence[Tensor], eta: float) -> Tensor:
        """Σ_τ log(1 + δ_τ) + η ‖θ‖, a scalar."""
        total = torch.log1p(self.delta).sum()
        return total + eta * matrix_norm(weights) if eta else total


def build(subtasks: int) -> Adaptive:
    """The weighting of `subtasks` losses."""
    return Adaptive(subtasks)
