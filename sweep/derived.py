"""The scaled and reduced forms of a run's features in the cache, held against their digests once a command."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from search_spaces.settings import Settings
from sweep import environment, packed, pca, scaling
from sweep.feature_store import FeatureStore


def discard_damaged(store: FeatureStore, settings: Settings) -> tuple[str, ...]:
    """Removes what does not hold what was written; whoever needs it computes it again.

    Args:
        store: the features.
        settings: of the run; other settings have other reduced forms.

    Returns:
        A line for every form that was removed.

    Raises:
        SweepError: a damaged form cannot be removed.
    """
    forms: dict[str, Path] = {}
    for feature in store.keys:
        forms[f"{feature}, scaled"] = scaling.folder_of(store, feature)
        forms[f"{feature}, reduced"] = pca.folder_of(store, feature, settings)
    with ThreadPoolExecutor(environment.cores()) as pool:
        wrong = pool.map(packed.discard_damaged, forms.values())
        found = list(zip(forms.items(), wrong, strict=True))
    return tuple(packed.told(folder, name, what) for (name, folder), what in found if what is not None)
