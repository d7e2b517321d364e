"""The test partition, opened once, for what was selected on devel: the multitask run and the official baseline.

A trial stores test probabilities and never scores them. Here the one seed that would be submitted, the best on devel,
is scored; a run keeps that score and does not make another one.
"""

from collections.abc import Collection

import numpy as np

from results.metrics import scores
from results.predictions import unpack
from results.records import TrialRecord
from results.run_results import Entry, TestScore
from results.select import submitted
from search_spaces.corpus import MASKED
from sweep.feature_store import FeatureStore
from sweep.folder import RunFolder
from sweep.ledger import Ledger
from sweep.study_names import baseline_study, multitask_study


def score_selected(
    ledger: Ledger, folder: RunFolder, store: FeatureStore, target: str, scored: Collection[Entry] = ()
) -> tuple[TestScore, ...]:
    """The test scores of a target's selected cells, best baseline and multitask, as far as they are trained.

    Args:
        scored: entries that have their score already; they get no other.

    Raises:
        SweepError: stored predictions are missing or damaged.
    """
    found = to_score(ledger, target, scored)
    return tuple(_score(ledger, folder, store, study, record, entry) for entry, (study, record) in found.items())


def to_score(ledger: Ledger, target: str, scored: Collection[Entry] = ()) -> dict[Entry, tuple[str, TrialRecord]]:
    """What of a target would be scored now: each entry's study and the record that would be submitted."""
    studies: dict[Entry, str] = {"baseline": baseline_study(target), "multitask": multitask_study(target)}
    records = {
        entry: submitted(ledger.records(study), target) for entry, study in studies.items() if entry not in scored
    }
    return {entry: (studies[entry], record) for entry, record in records.items() if record is not None}


def _score(
    ledger: Ledger, folder: RunFolder, store: FeatureStore, study: str, record: TrialRecord, entry: Entry
) -> TestScore:
    best = max(record.seeds, key=lambda seed: (seed.devel.macro_f1, -seed.seed))
    predictions = unpack(folder.read_artifact(ledger.artifacts(study)[str(record.cell)]))
    low, high = store.segments.partition_bounds["test"]
    truth = store.segments.classes[record.cell.target][low:high]
    known = truth != MASKED
    predicted = predictions.test[predictions.seeds.index(best.seed)].argmax(axis=1)
    return TestScore(
        target=record.cell.target,
        entry=entry,
        cell=record.cell,
        seed=best.seed,
        scores=scores(truth[known], predicted[known]) if np.any(known) else None,
    )
