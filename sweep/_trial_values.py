"""Between our values and the attributes that a study stores of a trial. Part of the ledger."""

import json
import statistics
from dataclasses import asdict
from typing import TypeVar

from pydantic import JsonValue, TypeAdapter, ValidationError

from results.records import Cost, TrialRecord
from results.scored import ScoredTrial
from search_spaces.errors import SweepError
from sweep import _seals as seals
from sweep._stored import Attributed
from sweep.folder import Artifact

_FORMAT = 1  # of TrialRecord
_RECORD, _SCORED = TypeAdapter(TrialRecord), TypeAdapter(ScoredTrial)
T = TypeVar("T")


def value_of(record: TrialRecord) -> float:
    """What Optuna ranks: macro-F1 on devel, mean over seeds."""
    return statistics.fmean(seed.devel.macro_f1 for seed in record.seeds)


def attributes_of(record: TrialRecord, cost: Cost, artifact: Artifact) -> dict[str, JsonValue]:
    """What a finished trial keeps: two figures for a reader of the dashboard, and what its result is read from."""
    scores = [seed.devel.macro_f1 for seed in record.seeds]
    kept: dict[str, JsonValue] = {
        "artifact": asdict(artifact),
        "cost": cost.model_dump_json(),
        "record": record.model_dump_json(),
    }
    return {
        "n_seeds": len(scores),
        "macro_f1_std": statistics.stdev(scores) if len(scores) > 1 else None,
        seals.KEY: seals.of_trial(str(record.cell), kept),
        **kept,
    }


def record_of(trial: Attributed) -> TrialRecord:
    """What a trial measured.

    Raises:
        SweepError: it has no record, or one of a format we do not know.
    """
    return _read(_RECORD, trial)


def scored_of(trial: Attributed) -> ScoredTrial:
    """What a trial scored; as `record_of`, with a fifteenth of the memory."""
    return _read(_SCORED, trial)


def _read(kind: TypeAdapter[T], trial: Attributed) -> T:
    text = trial.user_attrs.get("record")
    try:
        return kind.validate_json(text or "", strict=True)  # as it was written; and a quarter faster
    except ValidationError as error:
        raise SweepError(
            f"The record of trial {trial.number} ({trial.user_attrs.get('cell')}) cannot be read: "
            f"expected format {_FORMAT}, found {_format_in(text)}. {error.errors()[0]['msg']}. "
            "Update muse-sweep, put a copy of the study back, or make another run."
        ) from error


def cost_of(trial: Attributed) -> Cost:
    """What a finished trial took.

    Raises:
        SweepError: it does not say so.
    """
    try:
        return Cost.model_validate_json(trial.user_attrs.get("cost") or "")
    except ValidationError as error:
        raise SweepError(
            f"What trial {trial.number} ({trial.user_attrs.get('cell')}) took cannot be read: "
            f"{error.errors()[0]['msg']}. Put a copy of the study back, or make another run."
        ) from error


def artifact_of(trial: Attributed) -> Artifact | None:
    """The artifact that a trial names, or None where it did not get that far.

    Raises:
        SweepError: it names something else.
    """
    match trial.user_attrs.get("artifact"):
        case None:
            return None
        case {"path": str(path), "sha256": str(sha256)}:
            return Artifact(path, sha256)
        case other:
            raise SweepError(
                f"The artifact of trial {trial.number} ({trial.user_attrs.get('cell')}) cannot be read: expected a "
                f"path and a SHA-256, found {str(other)[:80]}. Put a copy of the study back, or make another run."
            )


def _format_in(text: str | None) -> str:
    try:
        return f"format {json.loads(text or '').get('format')}"
    except (ValueError, AttributeError):
        return "none" if text is None else "no JSON object"
