"""`sweep predict`: a run's predictions in the layout of the challenge, and as the official baseline writes them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console

from results.findings import FusionRule
from results.run_results import RunResults
from search_spaces import registry
from search_spaces.errors import SweepError, unknown
from search_spaces.stages import BASELINE_WAY
from sweep import data_files, environment, feature_store, new_folder
from sweep.chosen import Chosen, Model, choose
from sweep.collect import run_results
from sweep.folder import RunFolder
from sweep.identity import Identity
from sweep.opened import open_run, open_studies
from sweep.plain import tell
from sweep.prediction_files import Tree, files

ABOUT = "predictions.json"


@dataclass(frozen=True)
class Request:
    """What to write where; all targets, where none is named."""

    out: Path
    targets: tuple[str, ...]
    model: Model
    rule: FusionRule
    partition: Literal["devel", "test"]
    root: Path | None  # where the data lies now, if it moved
    cache: Path | None  # of packed arrays; where it was, if None


def predict(path: Path, request: Request, console: Console, errors: Console) -> None:
    """Writes the files of every target, and beside them what predicted; all of them or none.

    Raises:
        SweepError: nothing is trained that could predict, its predictions are lost, the data is not the run's, or the
            folder is in use.
    """
    folder, identity = open_run(path)
    for target in request.targets:
        if target not in identity.targets:
            raise unknown("Target", target, identity.targets)
    targets = tuple(target for target in identity.targets if target in request.targets) or identity.targets
    with open_studies(folder) as studies:
        results = run_results(folder, identity, studies, statistics=request.model == "late-fusion")
        chosen = [choose(folder, studies, results, target, request.model, request.rule) for target in targets]
    root = request.root or identity.data
    with new_folder.filling(request.out, "--out", root) as half:
        tree = _tree(folder, identity, root, request.cache or identity.cache, errors)
        for target in tree.store.segments.classes:
            (half / "label_segments" / target).mkdir(parents=True)  # the challenge wants an empty one too
        count = sum(_write(half, tree, each, request) for each in chosen)
        about = json.dumps(_about(folder, identity, chosen, request), indent=1, ensure_ascii=False)
        (half / ABOUT).write_text(about + "\n", encoding="utf-8")
    for each in chosen:
        for line in _remarks(each, results, request.model):
            tell(errors, line)
        tell(console, _sentence(each))
    tell(console, f"{count} label files of {request.partition} are written: {request.out / 'label_segments'}")


def _tree(folder: RunFolder, identity: Identity, root: Path, cache: Path, errors: Console) -> Tree:
    """The run's data, which must be what it was."""
    fill_labels = getattr(registry.load("datasets", identity.reader), "fill_labels", None)
    if fill_labels is None:
        raise SweepError(f"The reader {identity.reader!r} cannot write label files: it has no `fill_labels`.")
    if not root.exists():
        raise SweepError(f"The data of the run is not at {root}. --data DIR says where it lies now.")
    found = feature_store.survey(root, identity.reader, cache)
    corpus, store = found.usable(root)
    if store.digest != identity.data_digest:
        raise SweepError(
            f"The data at {root} is not what the run was made with: expected digest {identity.data_digest[:12]}…, "
            f"found {store.digest[:12]}…." + "".join(f"\n  {line}" for line in data_files.changes(folder, found.files))
        )
    for line in found.repaired:
        tell(errors, line)
    return Tree(corpus, store, store.timestamps(), fill_labels)


def _write(half: Path, tree: Tree, chosen: Chosen, request: Request) -> int:
    """Writes a target's files; how many videos."""
    labels = 0
    for name, text in files(tree, chosen, request.partition):
        place = half / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8", newline="")
        labels += name.startswith("label_segments/")
    return labels


def _about(folder: RunFolder, identity: Identity, chosen: list[Chosen], request: Request) -> dict[str, object]:
    """What predicted, for whoever finds the folder later."""
    return {
        "run": folder.name,
        "partition": request.partition,
        "model": request.model,
        **({"rule": request.rule} if request.model == "late-fusion" else {}),
        "data_digest": identity.data_digest,
        "targets": {
            each.target: {
                "cells": [{"cell": str(cell), "weight": weight} for cell, weight in each.cells],
                "seed": each.seed,
                "devel_macro_f1": each.devel.macro_f1,
            }
            for each in chosen
        },
        "versions": environment.versions(),
    }


def _remarks(chosen: Chosen, results: RunResults, model: Model) -> list[str]:
    if model == "multitask":
        return []
    holes = [
        hole
        for hole in results.holes
        if hole.cell.target == chosen.target
        and len(hole.cell.branches) == 1
        and hole.cell.branches[0].way != BASELINE_WAY
    ]
    missing = "1 cell of the grid has" if len(holes) == 1 else f"{len(holes)} cells of the grid have"
    return [f"{chosen.target}: {missing} no result; this is the best of the others."] if holes else []


def _sentence(chosen: Chosen) -> str:
    cells = ", ".join(
        f"{weight} × {cell.branches[0]}" if weight > 1 else " & ".join(map(str, cell.branches))
        for cell, weight in chosen.cells
    )
    score = f"{100 * chosen.devel.macro_f1:.2f}"
    return f"{chosen.target}: {cells}, seed {chosen.seed}, devel macro-F1 {score} %"
