"""Whether a stored trial still says what was stored. Part of the ledger."""

import json
from collections.abc import Callable, Mapping
from typing import get_args

from search_spaces.errors import SweepError
from sweep import _seals as seals
from sweep._stored import Stored
from sweep._trial_values import artifact_of, cost_of, record_of
from sweep._trials import Cause

_EXPECTED: Mapping[str, Callable[[object], bool]] = {
    "attempt": lambda found: type(found) is int and found > 0,
    "cause": lambda found: found in get_args(Cause),
    "reason": lambda found: isinstance(found, str),
}


def check(trial: Stored, study: str) -> None:
    """Makes sure that a trial says what was stored: its cell fits its parameters, its record and the rest their digest.

    A trial of an early version has no digest; its record must at least be its cell's.

    Args:
        trial: of ours, in any state.
        study: the name of its study, without the run's.

    Raises:
        SweepError: something was altered; the message names the trial.
    """
    attributes = trial.user_attrs
    cell = attributes.get("cell")
    expected = f"{study.partition('/')[0]} {_spelled(trial.params)}"
    if cell != expected:
        raise _altered(trial, study, f"its cell is {cell!r}, its study and parameters say {expected!r}")
    for key, is_right in _EXPECTED.items():
        if key in attributes and not is_right(attributes[key]):
            raise _altered(trial, study, f"its {key} is {attributes[key]!r}")
    if "record" not in attributes or _is_sealed(trial, expected):
        return
    found = str(record_of(trial).cell)
    if found != expected:
        raise _altered(trial, study, f"its cell is {expected!r}, its record is of {found!r}")
    cost_of(trial)
    artifact_of(trial)
    if attributes.get(seals.KEY, seal := seals.of_trial(expected, attributes)) != seal:
        raise _altered(trial, study, f"its record, cost or artifact has SHA-256 {seal}, not {attributes[seals.KEY]}")


def _is_sealed(trial: Stored, cell: str) -> bool:
    """Whether a trial has a digest, it is right, and the record begins with its cell; else there is more to look at."""
    attributes = trial.user_attrs
    record, target = attributes["record"], cell.partition(" ")[0]
    prefixes = ("", "related_") if "related_way" in trial.params else ("",)
    branches = [{"features": trial.params[f"{of}features"], "way": trial.params[f"{of}way"]} for of in prefixes]
    begins = json.dumps({"format": 1, "cell": {"target": target, "branches": branches}}, separators=(",", ":"))
    is_of_cell = isinstance(record, str) and record.startswith(begins[:-1])
    return is_of_cell and attributes.get(seals.KEY) == seals.of_trial(cell, attributes)


def _spelled(parameters: Mapping[str, object]) -> str:
    """The branches of a cell as `str` spells them, from `_parameters`."""
    main = f"{parameters.get('features')}/{parameters.get('way')}"
    if "related_way" not in parameters:
        return main
    return f"{main} & {parameters.get('related_features')}/{parameters['related_way']}"


def _altered(trial: Stored, study: str, how: str) -> SweepError:
    return SweepError(
        f"Trial {trial.number} of study {study!r} was altered: {how}. "
        "Put a copy of the study back, or make another run."
    )
