"""A feature in the form in which a trial reads it: raw, z-scored, or reduced by PCA. Says where; reads no steps."""

from dataclasses import dataclass
from pathlib import Path

from search_spaces.features import Term
from search_spaces.settings import Settings
from sweep import pca, scaling
from sweep.feature_store import FeatureStore

ALL = "all"
"""In `settings.standardize`: every raw feature."""


@dataclass(frozen=True)
class Form:
    """A packed folder, and the columns of its steps."""

    folder: Path
    width: int


def of_term(store: FeatureStore, term: Term, settings: Settings) -> Form:
    """The form of one term of a feature set; computed where the cache lacks it.

    Raises:
        SweepError: the corpus has no such feature, or the form cannot be computed or written.
    """
    feature = term.feature
    if term.reduced:
        folder = pca.reduce(store, feature, settings)
        return Form(folder, pca.read_reduction(folder).width)
    if feature in settings.standardize or ALL in settings.standardize:
        return Form(scaling.standardize(store, feature), store.widths[feature])
    return Form(store.folder(feature), store.widths[feature])
