"""Table I: each feature's columns, raw and after PCA."""

from results import published
from results.footnotes import Gap
from results.run_results import FeatureRow, RunResults
from results.table import Block, Column, Count, FeatureSet, Row, Table, Text, View
from results.tables._parts import LETTERS, nothing_yet, paper_words
from results.versions import marks
from search_spaces.features import REDUCED

NUMBER = "I"
_COLUMNS = (
    Column("Features", "features"),
    Column("Modality", "modality"),
    Column("Dimension", "width"),  # the paper's heads; everywhere else this is the width
    Column("PCA features", "pca_features"),
    Column("Dimension", "pca_width"),
)


def build(results: RunResults, view: View) -> Table:
    """Widths as soon as PCA ran; no trial is needed.

    Raises:
        SweepError: PCA has not reduced any feature yet.
    """
    if all(feature.reduced_width is None for feature in results.features):
        raise nothing_yet(NUMBER, "the PCA of at least one feature")
    caption = (
        "Comparison between unimodal features and the features after PCA. A, V and T stand for audio, video and text."
    )
    rows = tuple(_row(feature, results, view) for feature in results.features)
    counts = [value for row in rows for value in row.values if isinstance(value, Count)]
    return Table(NUMBER, caption, (Block("features", _COLUMNS, rows),), paper_words(counts))


def _row(feature: FeatureRow, results: RunResults, view: View) -> Row:
    paper = published.load().width(feature.name) if view.compare == "paper" else None
    gap = (
        Gap("failed", "PCA cannot reduce a feature that is constant on train")
        if feature.reduced_width is None
        else None
    )
    marked = marks(feature.versions, results.versions, "reduced")
    return Row(
        (
            FeatureSet(feature.name),
            Text(LETTERS[feature.modality]),
            Count(feature.width, published=paper.width if paper else None),
            FeatureSet(feature.name + REDUCED),
            Count(feature.reduced_width, gap, paper.reduced_width if paper else None, () if gap else marked),
        )
    )
