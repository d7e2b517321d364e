"""What every weighting offers: two addends, because a batch is trained in chunks and only one of them is linear.

Letters in shapes: K subtasks.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Weighting(nn.Module, ABC):
    """A combination of K subtask losses."""

    @property
    @abstractmethod
    def delta(self) -> Tensor:
        """(K,) the δ of each subtask, positive."""

    def weighted(self, losses: Tensor) -> Tensor:
        """The part linear in the losses: (K,) -> scalar; may be summed over the chunks of a batch.

        Raises:
            ValueError: not one loss per subtask, which would broadcast into a wrong sum.
        """
        if losses.shape != self.delta.shape:
            raise ValueError(f"`losses` must be of shape {tuple(self.delta.shape)}. Found {tuple(losses.shape)}.")
        return self._weighted(losses)

    @abstractmethod
    def _weighted(self, losses: Tensor) -> Tensor: ...

    @abstractmethod
    def regulariser(self, weights: Sequence[Tensor], eta: float) -> Tensor:
        """The part that is added once per batch: a scalar.

        Args:
            weights: parameters of the network; those that are matrices are θ.
            eta: the paper's η.
        """

    def forward(self, losses: Tensor, weights: Sequence[Tensor], eta: float) -> Tensor:
        """The whole formula: losses (K,) -> scalar."""
        return self.weighted(losses) + self.regulariser(weights, eta)


class Homoscedastic(Weighting):
    """Σ_τ L_τ / (2 δ_τ²), with δ_τ = exp(s_τ) trained through s_τ = 0.

    So δ starts at exactly 1 (paper III-D) and stays positive: trained as it is, it could step below 0, where eq. (12)
    is not defined and eq. (13) has a wall at -1 that it falls off.
    """

    def __init__(self, subtasks: int) -> None:
        super().__init__()
        self.log_delta = nn.Parameter(torch.zeros(subtasks))

    @property
    def delta(self) -> Tensor:
        """(K,) exp(s)."""
        return self.log_delta.exp()

    def _weighted(self, losses: Tensor) -> Tensor:
        return (losses * (-2 * self.log_delta).exp()).sum() / 2


def matrix_norm(weights: Sequence[Tensor]) -> Tensor:
    """‖θ‖: the unsquared L2 norm over all entries of all weight matrices; gradient 0 where every entry is 0.

    Source: paper, eq. (13), "the set of parameter matrixes": parameters of two or more axes, so no biases, no norms'
    scales and no δ. Not the sum of squares that "L2 regularization" often means: it is printed without a square.
    """
    matrices = [w for w in weights if w.ndim >= 2]
    if not matrices:
        return torch.zeros(())
    # vector_norm's gradient at 0 is 0, where the root of a sum of squares would give nan.
    norm: Tensor = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(w) for w in matrices]))
    return norm
