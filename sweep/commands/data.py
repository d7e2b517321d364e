"""`sweep data check`, `describe` and `sample`: what is on disk, before anything is trained."""

import json
from pathlib import Path

import numpy as np
from pydantic import JsonValue
from rich.console import Console
from rich.table import Table

from search_spaces.corpus import PARTITIONS, Partition
from search_spaces.settings import N_CLASSES
from sweep import data_facts, feature_store, sample
from sweep.feature_store import FeatureStore, Survey
from sweep.plain import tell


def check(root: Path, reader: str, cache: Path, as_json: bool, console: Console, errors: Console) -> bool:
    """Prints every defect and notice of a tree; True when there is no defect."""
    found = _survey(root, reader, cache, errors)
    if as_json:
        _print_json(data_facts.checked(root, found), console)
        return not found.defects
    for defect in found.defects:
        tell(console, f"defect: {defect}")
    _print_notices(found, console)
    count = len(found.defects)
    if count:
        tell(console, f"{root}: {count} defect{'s' if count > 1 else ''}; no run can use this tree.")
        return False
    _, store = found.usable(root)
    tell(
        console,
        f"{root}: no defects. {len(store.videos)} videos, {store.segments.n_segments} segments, "
        f"{store.segments.n_steps} steps, {len(store.widths)} features, targets {', '.join(store.segments.classes)}.",
    )
    return True


def describe(root: Path, reader: str, cache: Path, as_json: bool, console: Console, errors: Console) -> None:
    """Prints partitions × segments × steps × classes, and the features with their widths.

    Raises:
        DataError: the tree has defects.
    """
    found = _survey(root, reader, cache, errors)
    corpus, store = found.usable(root)
    if as_json:
        _print_json(data_facts.described(corpus, store, found.notices), console)
        return
    console.print(_partitions(store))
    console.print(_lengths(store))
    console.print(_features(found, store))
    _print_notices(found, console)


def write_sample(root: Path, console: Console, scale: float = 1.0, real_widths: bool = False) -> None:
    """Writes the sample tree, or says that it stands already."""
    summary = sample.write_sample(root, scale=scale, real_widths=real_widths)
    tell(console, str(summary))


def _survey(root: Path, reader: str, cache: Path, errors: Console) -> Survey:
    found = feature_store.survey(root, reader, cache)
    for line in found.repaired:
        tell(errors, line)
    return found


def _print_json(value: JsonValue, console: Console) -> None:
    console.out(json.dumps(value, indent=1), highlight=False)


def _print_notices(found: Survey, console: Console) -> None:
    for notice in found.notices:
        tell(console, f"notice: {notice}")


def _partitions(store: FeatureStore) -> Table:
    segments = store.segments
    table = Table(title="Partitions", title_justify="left")
    for name in ("partition", "videos", "segments", "steps"):
        table.add_column(name, justify="left" if name == "partition" else "right")
    for target in segments.classes:
        table.add_column(f"{target} 0…{N_CLASSES - 1} (masked)")
    for partition in PARTITIONS:
        low, high = segments.partition_bounds[partition]
        row = [partition, str(len(np.unique(segments.video[low:high]))), str(high - low)]
        row.append(str(int(segments.length[low:high].sum())))
        table.add_row(*row, *(_classes(store, target, partition) for target in segments.classes))
    return table


def _classes(store: FeatureStore, target: str, partition: Partition) -> str:
    low, high = store.segments.partition_bounds[partition]
    classes = store.segments.classes[target][low:high]
    counts = " ".join(str(int((classes == label).sum())) for label in range(N_CLASSES))
    masked = int((classes < 0).sum())
    return f"{counts} ({masked})" if masked else counts


def _lengths(store: FeatureStore) -> Table:
    shares = (0, 5, 25, 50, 75, 95, 100)
    table = Table(title="Steps per segment, percentiles", title_justify="left")
    table.add_column("partition")
    for share in shares:
        table.add_column(f"{share} %", justify="right")
    for partition in PARTITIONS:
        low, high = store.segments.partition_bounds[partition]
        if high > low:
            quantiles = np.percentile(store.segments.length[low:high], shares)
            table.add_row(partition, *(f"{value:.0f}" for value in quantiles))
    return table


def _features(found: Survey, store: FeatureStore) -> Table:
    table = Table(title="Features", title_justify="left")
    for name in ("feature", "folder", "modality"):
        table.add_column(name)
    table.add_column("width", justify="right")
    if found.corpus is not None:
        for feature in found.corpus.features:
            folder = found.corpus.folders.get(feature, feature)
            table.add_row(feature, folder, found.corpus.modalities[feature], str(store.widths[feature]))
    return table
