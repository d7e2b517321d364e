"""Every subtask counts the same."""

from collections.abc import Sequence

import torch
from torch import Tensor

from search_spaces.weightings._weighting import Weighting


class Equal(Weighting):
    """Σ_τ L_τ: paper, eq. (9), with every λ_τ = 1 and nothing to train."""

    _ones: Tensor

    def __init__(self, subtasks: int) -> None:
        super().__init__()
        self.register_buffer("_ones", torch.ones(subtasks), persistent=False)

    @property
    def delta(self) -> Tensor:
        """(K,) ones."""
        return self._ones

    def _weighted(self, losses: Tensor) -> Tensor:
        return losses.sum()

    def regulariser(self, weights: Sequence[Tensor], eta: float) -> Tensor:  # noqa: ARG002 # every weighting is called alike
        """Zero: eq. (9) has no such term."""
        return self._ones.new_zeros(())


def build(subtasks: int) -> Equal:
    """The weighting of `subtasks` losses."""
    return Equal(subtasks)
