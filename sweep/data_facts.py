"""What a tree holds, as plain values: what `sweep data check --json` and `describe --json` print.

Keys may be added, none will change. `check`: root, usable, defects (file, where, expected, found), notices (what,
count, example), and of a usable tree digest, videos, segments, steps, features, targets. `describe`: root, digest,
targets, partitions (train, devel, test: videos, segments, steps; steps_per_segment by percentile; classes: of each
target the segments by class, 0 to 4 and "masked"), features (name, folder, modality, width), notices.
"""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import numpy as np
from pydantic import JsonValue

from search_spaces.corpus import PARTITIONS, Corpus, Notice, Partition
from search_spaces.settings import N_CLASSES
from sweep.feature_store import FeatureStore, Survey

PERCENTILES = (0, 5, 25, 50, 75, 95, 100)


def checked(root: Path, found: Survey) -> JsonValue:
    """What is wrong or odd with a tree."""
    store = found.store
    size: dict[str, JsonValue] = {}
    if store is not None:
        size = {
            "digest": store.digest,
            "videos": len(store.videos),
            "segments": store.segments.n_segments,
            "steps": store.segments.n_steps,
            "features": len(store.widths),
            "targets": list(store.segments.classes),
        }
    return {
        "root": str(root),
        "usable": not found.defects,
        "defects": [asdict(defect) for defect in found.defects],
        "notices": _notices(found.notices),
        **size,
    }


def described(corpus: Corpus, store: FeatureStore, notices: Iterable[Notice]) -> JsonValue:
    """What a tree without defects holds."""
    return {
        "root": str(corpus.root),
        "digest": store.digest,
        "targets": list(store.segments.classes),
        "partitions": {partition: _partition(store, partition) for partition in PARTITIONS},
        "features": [
            {
                "name": name,
                "folder": corpus.folders.get(name, name),
                "modality": corpus.modalities[name],
                "width": store.widths[name],
            }
            for name in corpus.features
        ],
        "notices": _notices(notices),
    }


def _partition(store: FeatureStore, partition: Partition) -> JsonValue:
    segments = store.segments
    low, high = segments.partition_bounds[partition]
    lengths = segments.length[low:high]
    quantiles = np.percentile(lengths, PERCENTILES).tolist() if high > low else [None] * len(PERCENTILES)
    return {
        "videos": len(np.unique(segments.video[low:high])),
        "segments": high - low,
        "steps": int(lengths.sum()),
        "steps_per_segment": {str(share): value for share, value in zip(PERCENTILES, quantiles, strict=True)},
        "classes": {target: _classes(classes[low:high].tolist()) for target, classes in segments.classes.items()},
    }


def _classes(classes: list[int]) -> JsonValue:
    counts: dict[str, JsonValue] = {str(label): classes.count(label) for label in range(N_CLASSES)}
    return {**counts, "masked": sum(label < 0 for label in classes)}


def _notices(notices: Iterable[Notice]) -> JsonValue:
    return [asdict(notice) for notice in notices]
