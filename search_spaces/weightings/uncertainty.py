"""Homoscedastic uncertainty as the paper takes it from Kendall et al. [35]."""

from collections.abc import Sequence

from torch import Tensor

from search_spaces.weightings._weighting import Homoscedastic


class Uncertainty(Homoscedastic):
    """Σ_τ [ L_τ / (2 δ_τ²) + log δ_τ ]: paper, eq. (12).

    The logarithm stands inside the sum, since it carries τ. Kendall's classification form has 1/δ² instead of
    1/(2δ²); this is the paper's. For a constant loss the minimum is at δ² = L, unbounded below as L -> 0.
    """

    def regulariser(self, weights: Sequence[Tensor], eta: float) -> Tensor:  # noqa: ARG002 # every weighting is called alike
        """Σ_τ log δ_τ, a scalar; eq. (12) has no η."""
        return self.log_delta.sum()


def build(subtasks: int) -> Uncertainty:
    """The weighting of `subtasks` losses."""
    return Uncertainty(subtasks)
