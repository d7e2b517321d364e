"""The studies of a run, made or opened, each with everything its cells may name: Optuna's categories cannot grow."""

from collections.abc import Callable, Iterable

from search_spaces.resolution import Resolution, candidates
from search_spaces.stages import BASELINE_WAY
from sweep.cells import grid_plan
from sweep.identity import Identity
from sweep.ledger import Choices, Ledger
from sweep.study_names import baseline_study, grid_study, multitask_study, screening_study


def open_screening(ledger: Ledger, identity: Identity, features: Iterable[str]) -> None:
    """One study a target for the ranking of the raw features; nothing where the space has none."""
    screening = identity.space.screening
    if screening is not None:
        _open(ledger, identity, screening_study, Choices(tuple(features), (screening.way,)))


def open_grid(ledger: Ledger, identity: Identity, resolution: Resolution) -> None:
    """The studies of the grid and of the official baseline; cells that the screening trained are taken over.

    Args:
        resolution: after the screening, where the space has one.
    """
    space = identity.space
    _open(ledger, identity, grid_study, Choices(space.candidates(resolution), space.ways))
    baseline = dict.fromkeys(
        features
        for slot in (space.baseline.features if space.baseline else ())
        for features in candidates(slot, resolution)
    )
    if baseline:
        _open(ledger, identity, baseline_study, Choices(tuple(baseline), (BASELINE_WAY,)))
    if space.screening is not None:
        for target in identity.targets:
            cells = [cell for _, cell in grid_plan(space, resolution, [target])]
            ledger.adopt(grid_study(target), screening_study(target), cells)


def open_multitask(ledger: Ledger, identity: Identity, resolution: Resolution) -> None:
    """One study a target for its joint run."""
    space = identity.space
    _open(ledger, identity, multitask_study, Choices(space.candidates(resolution), space.ways))


def _open(ledger: Ledger, identity: Identity, name_of: Callable[[str], str], choices: Choices) -> None:
    for target in identity.targets:
        ledger.open_study(name_of(target), choices)
