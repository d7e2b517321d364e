"""Trials and studies with attributes that a person can read, for a dashboard. Part of the ledger; writes nothing.

A stored trial keeps its record as one long text; here it is figures. Its learning curve, which the study keeps inside
the record, becomes Optuna's intermediate values: that costs the run no commit, and runs of every age have it.
"""

import copy
import statistics
from collections.abc import Mapping, Sequence
from itertools import zip_longest

from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial, TrialState

from results.records import Cost, SeedRecord, TrialRecord
from results.summary import collapse, summarize
from sweep._seals import KEY

METRIC = "devel macro-F1"
_METRIC_NAMES = "study:metric_names"  # where Optuna keeps what a study's values are called
_STORED = ("record", "cost", "artifact", KEY, "n_seeds", "macro_f1_std")

Attribute = str | int | float


def readable_trial(trial: FrozenTrial) -> FrozenTrial:
    """The same trial, its attributes in words and figures, with its learning curve.

    Args:
        trial: of a study that was found undamaged.
    """
    shown = copy.copy(trial)
    kept = {key: value for key, value in trial.user_attrs.items() if key not in _STORED}
    if trial.state == TrialState.COMPLETE and "record" in trial.user_attrs:
        record = TrialRecord.model_validate_json(trial.user_attrs["record"])
        cost = Cost.model_validate_json(trial.user_attrs["cost"])
        shown.user_attrs = {"cell": kept.pop("cell"), **_measured(record, cost), **kept}  # a page shows the first few
        shown.intermediate_values = curve(record.seeds)
    else:
        shown.user_attrs = kept
    return shown


def readable_study(study: FrozenStudy, attributes: Mapping[str, Attribute]) -> FrozenStudy:
    """The same study with these attributes, and a name for its trials' values."""
    shown = copy.copy(study)
    shown.user_attrs = dict(attributes)
    shown.system_attrs = {**study.system_attrs, _METRIC_NAMES: [METRIC]}
    return shown


def curve(seeds: Sequence[SeedRecord]) -> dict[int, float]:
    """Devel macro-F1 after every epoch, from 1: the mean over the seeds that trained it."""
    epochs = zip_longest(*(seed.devel_f1 for seed in seeds))
    return {
        epoch: statistics.fmean(figure for figure in figures if figure is not None)
        for epoch, figures in enumerate(epochs, start=1)
    }


def _measured(record: TrialRecord, cost: Cost) -> dict[str, Attribute]:
    summary, collapsed = summarize(record), collapse(record)
    figures = zip(summary.seeds, summary.macro_f1, strict=True)
    return {
        "seeds": ", ".join(f"{seed}: {figure:.4f}" for seed, figure in figures),
        "best_seed": summary.best_seed,
        **({} if summary.std is None else {"std": summary.std}),
        "weighted_f1": summary.weighted_f1,
        "micro_f1": summary.micro_f1,
        **({"collapsed": collapsed} if collapsed else {}),
        "best_epochs": ", ".join(str(seed.best_epoch) for seed in record.seeds),
        "epochs": ", ".join(str(seed.epochs) for seed in record.seeds),
        "parameters": record.parameters,
        "widths": ", ".join(map(str, record.widths)),
        "trained_s": cost.wall_s,
        "peak_memory_mb": cost.peak_memory_mb,
        "host": cost.host,
        "device": record.device,
        "torch": record.versions.get("torch", "unknown"),
    }
