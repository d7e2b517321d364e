"""An Optuna storage that can be read and nothing else: there is no code in it that writes. Part of the ledger."""
# ruff: noqa: ARG002 - what is to be written is Optuna's interface, and of no interest here

import copy
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from optuna.distributions import BaseDistribution
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial, TrialState


class ReadOnlyError(RuntimeError):
    """Somebody tried to change a study that is only shown."""


@dataclass(frozen=True)
class Snapshot:
    """Studies and their trials at one time, by the ids they have in the study."""

    studies: Mapping[int, FrozenStudy]
    trials: Mapping[int, list[FrozenTrial]]  # study id -> by number


class ReadOnlyStorage(BaseStorage):
    """What a function says of the studies, asked again at every call; for several threads.

    Args:
        look: the studies as they are now.
    """

    def __init__(self, look: Callable[[], Snapshot]) -> None:
        self._look = look

    def get_all_studies(self) -> list[FrozenStudy]:
        return copy.deepcopy(list(self._look().studies.values()))

    def get_study_id_from_name(self, study_name: str) -> int:
        found = (key for key, study in self._look().studies.items() if study.study_name == study_name)
        if (key := next(found, None)) is None:
            raise KeyError(f"no study {study_name!r}")
        return key

    def get_study_name_from_id(self, study_id: int) -> str:
        return self._look().studies[study_id].study_name

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        return list(self._look().studies[study_id].directions)

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        return dict(self._look().studies[study_id].user_attrs)

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        return dict(self._look().studies[study_id].system_attrs)

    def get_trial(self, trial_id: int) -> FrozenTrial:
        for trials in self._look().trials.values():
            for trial in trials:
                if trial._trial_id == trial_id:
                    return copy.deepcopy(trial)
        raise KeyError(f"no trial {trial_id}")

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        found = [trial for trial in self._look().trials[study_id] if states is None or trial.state in states]
        return copy.deepcopy(found) if deepcopy else found

    def create_new_study(self, directions: Sequence[StudyDirection], study_name: str | None = None) -> int:
        self._refuse()

    def delete_study(self, study_id: int) -> None:
        self._refuse()

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:
        self._refuse()

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        self._refuse()

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        self._refuse()

    def set_trial_param(
        self, trial_id: int, param_name: str, param_value_internal: float, distribution: BaseDistribution
    ) -> None:
        self._refuse()

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        self._refuse()

    def set_trial_intermediate_value(self, trial_id: int, step: int, intermediate_value: float) -> None:
        self._refuse()

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        self._refuse()

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise ReadOnlyError("This storage only shows a run; nothing in it can be changed.")
