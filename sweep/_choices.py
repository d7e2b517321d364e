"""Cells as Optuna's trials: their parameters are choices among all that a study may name. Part of the ledger."""

from collections.abc import Mapping
from dataclasses import dataclass

from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial
from pydantic import JsonValue

from results.records import Cell
from sweep._stored import Stored
from sweep._trial_values import record_of, value_of


@dataclass(frozen=True)
class Choices:
    """Every feature set and Way that the cells of a study may name."""

    features: tuple[str, ...]
    ways: tuple[str, ...]

    def queued(self, cell: Cell, attempt: int) -> FrozenTrial:
        """A trial that waits for its turn, its parameters fixed."""
        return create_trial(
            state=TrialState.WAITING,
            params=_parameters(cell),
            distributions=self._distributions(cell),
            user_attrs={"cell": str(cell), "attempt": attempt},
        )

    def adopted(self, cell: Cell, trial: Stored, source: str) -> FrozenTrial:
        """A finished trial of another study, as one of this."""
        return self.finished(cell, value_of(record_of(trial)), {**trial.user_attrs, "adopted_from": source})

    def finished(self, cell: Cell, value: float, attributes: Mapping[str, JsonValue]) -> FrozenTrial:
        """A trial that is done.

        Args:
            cell: what was trained.
            value: what Optuna ranks.
            attributes: what is kept with it.
        """
        return create_trial(
            value=value,
            params=_parameters(cell),
            distributions=self._distributions(cell),
            user_attrs={**attributes, "cell": str(cell)},
        )

    def _distributions(self, cell: Cell) -> dict[str, BaseDistribution]:
        features, ways = CategoricalDistribution(self.features), CategoricalDistribution(self.ways)
        return {name: features if name.endswith("features") else ways for name in _parameters(cell)}


def _parameters(cell: Cell) -> dict[str, str]:
    main, *related = cell.branches
    parameters = {"features": main.features, "way": main.way}
    for branch in related:
        parameters |= {"related_features": branch.features, "related_way": branch.way}
    return parameters
