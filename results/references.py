"""Predictors without a temporal model: the floor every cell is read against. Labels and arrays in, one score out.

`constant` and `stratified` read no feature at all; `logistic` reads the mean and standard deviation of each feature
over a segment, so that what a Way adds to it is what the order of steps is worth.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from results.metrics import confusion, macro_f1
from results.run_results import ReferenceScore
from search_spaces.corpus import MASKED
from search_spaces.errors import SweepError
from search_spaces.settings import N_CLASSES

Classes = NDArray[np.integer]
C_GRID: tuple[float, ...] = (0.001, 0.01, 0.1, 1.0, 10.0)
"""Inverse regularisation strengths the probe may choose from; few, because each choice is made on devel."""
MAX_ITERATIONS = 1000
_BATCH = 512
"""Segments whose statistics are asked for at a time: 63 MB where all features of the challenge have 7675 columns."""
_TITLES = {
    "constant": "Constant (majority class)",
    "stratified": "Stratified random (expected)",
    "logistic": "Logistic regression (mean, std)",
}


class Rows(Protocol):
    """What a probe sees of segments: an array (S, D), or whatever computes rows of one when asked for them."""

    @property
    def shape(self) -> tuple[int, ...]:
        """S and D."""

    def __getitem__(self, rows: NDArray[np.intp], /) -> NDArray[np.floating]:
        """Those rows, as an array of the caller's own."""


@dataclass(frozen=True)
class Labelled:
    """The segments of one partition: what a probe sees and what it should say."""

    x: Rows  # (S, D)
    y: Classes  # (S,) classes 0…4, or -1 where masked


def segment_statistics(
    values: NDArray[np.floating], start: NDArray[np.integer], length: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Mean and standard deviation (ddof 0) of every column over every segment.

    Args:
        values: (N, F) steps of all segments, one segment's steps in one piece; a memory map is read piece by piece.
        start: (S,) first row of each segment.
        length: (S,) steps of each segment, at least one.

    Returns:
        (S, 2F): the F means, then the F standard deviations.

    Raises:
        ValueError: a segment without a step, or one that reaches past the last row.
    """
    if np.any(length < 1) or np.any(start < 0) or np.any(start + length > len(values)):
        raise ValueError(f"Every segment must have a step and lie inside the {len(values)} rows.")
    statistics = np.empty((len(start), 2 * values.shape[1]))
    for row, (first, steps) in enumerate(zip(start, length, strict=True)):
        piece = np.asarray(values[first : first + steps], dtype=np.float64)  # (T, F)
        statistics[row] = np.concatenate([piece.mean(axis=0), piece.std(axis=0)])
    return statistics


def constant(target: str, train: Classes, devel: Classes, test: Classes) -> ReferenceScore:
    """Macro-F1 of always answering the most frequent class of train (the smallest of them on a tie).

    Args:
        target: the target the classes belong to.
        train: (S,) classes, -1 where masked; likewise `devel` and `test`.
        devel: as `train`.
        test: as `train`; all masked gives no test score.
    """
    answer = int(np.argmax(_counts(train)))
    figures = (_score(devel, np.full_like(devel, answer)), _score(test, np.full_like(test, answer)))
    return _reference("constant", target, figures, f"always class {answer}")


def stratified(target: str, train: Classes, devel: Classes, test: Classes) -> ReferenceScore:
    """Expected macro-F1 of drawing every answer at random with the class shares of train; exact, not one lucky draw.

    With n segments, n_c of class c, and answers c drawn with probability p_c, the number m of answers c is binomial
    (n, p_c), and of those m·n_c/n are right on average, whatever m is. F1_c = 2·right / (n_c + m) is linear in `right`,
    so E[F1_c] = Σ_m P(m) · 2·(m·n_c/n) / (n_c + m), and the expected macro-F1 is the mean of these over the classes.

    Args:
        target: the target the classes belong to.
        train: (S,) classes, -1 where masked; likewise `devel` and `test`.
        devel: as `train`.
        test: as `train`; all masked gives no test score.
    """
    share = _counts(train) / _counts(train).sum()
    figures = (_expected_macro_f1(devel, share), _expected_macro_f1(test, share))
    return _reference("stratified", target, figures, "class shares of train")


def logistic(target: str, features: str, train: Labelled, devel: Labelled, test: Labelled) -> ReferenceScore:
    """Macro-F1 of a logistic regression on whole segments, columns standardised on train, C chosen on devel.

    Args:
        target: the target the classes belong to.
        features: what the columns were computed from, spelled as a feature set.
        train: segment statistics and classes, see `segment_statistics`; likewise `devel` and `test`.
        devel: as `train`.
        test: as `train`; all classes masked gives no test score.

    Raises:
        SweepError: train has one class only, so there is nothing to tell apart.
    """
    if np.count_nonzero(_counts(train.y)) < 2:
        raise SweepError(f"The logistic reference of {target!r} needs two classes in train. Found one class only.")
    x, scaler = _standardized(train)
    probes = {c: _fit(c, x, train.y[train.y != MASKED]) for c in C_GRID}
    devel_f1 = {c: _score(devel.y, said) for c, said in _answers(probes, scaler, devel.x).items()}
    best_c = max(C_GRID, key=lambda c: (devel_f1[c] or 0.0, -c))  # on a tie the simpler probe
    best = {best_c: probes[best_c]}
    test_f1 = _score(test.y, _answers(best, scaler, test.x)[best_c]) if _is_known(test.y) else None
    figures = (devel_f1[best_c], test_f1)
    return _reference("logistic", target, figures, f"C={best_c:g}, chosen on devel", features)


def _standardized(train: Labelled) -> tuple[NDArray[np.float64], StandardScaler]:
    """The labelled segments, and the scaler; one array of them, for those of a real package fill half a gigabyte."""
    known = np.flatnonzero(train.y != MASKED)
    x, scaler = np.empty((len(known), train.x.shape[1])), StandardScaler(copy=False)
    for low in range(0, len(known), _BATCH):
        batch = slice(low, low + _BATCH)
        x[batch] = train.x[known[batch]]
        scaler.partial_fit(x[batch])
    return scaler.transform(x), scaler


def _fit(c: float, x: NDArray[np.float64], y: Classes) -> LogisticRegression:
    with warnings.catch_warnings():
        # A probe stopped at MAX_ITERATIONS is still a lower bound, and devel decides whether it is used.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LogisticRegression(C=c, max_iter=MAX_ITERATIONS).fit(x, y)


def _answers(probes: Mapping[float, LogisticRegression], scaler: StandardScaler, x: Rows) -> dict[float, Classes]:
    """What each probe says of every segment."""
    said: dict[float, list[Classes]] = {c: [] for c in probes}
    for rows in np.array_split(np.arange(x.shape[0]), -(-x.shape[0] // _BATCH)):
        batch = scaler.transform(np.asarray(x[rows], np.float64))
        for c, probe in probes.items():
            said[c].append(probe.predict(batch))
    return {c: np.concatenate(parts) for c, parts in said.items()}


def _expected_macro_f1(truth: Classes, share: NDArray[np.float64]) -> float | None:
    if not _is_known(truth):
        return None
    n_true = _counts(truth)  # (C,)
    n = int(n_true.sum())
    m = np.arange(1, n + 1)  # m = 0 contributes nothing
    per_class = [
        np.sum(binom.pmf(m, n, p) * 2 * (m * n_c / n) / (n_c + m)) for n_c, p in zip(n_true, share, strict=True)
    ]
    return float(np.mean(per_class))


def _score(truth: Classes, predicted: Classes) -> float | None:
    return macro_f1(confusion(truth, predicted)) if _is_known(truth) else None


def _is_known(truth: Classes) -> bool:
    return bool(np.any(truth != MASKED))


def _counts(truth: Classes) -> NDArray[np.int64]:
    return np.bincount(truth[truth != MASKED], minlength=N_CLASSES)


def _reference(
    name: str, target: str, figures: tuple[float | None, float | None], note: str, features: str | None = None
) -> ReferenceScore:
    devel, test = figures
    if devel is None:
        raise ValueError(f"Devel needs at least one segment with a known class of {target!r}.")
    title = _TITLES[name]
    return ReferenceScore(name=name, title=title, target=target, features=features, devel=devel, test=test, note=note)
