"""Every statistic against an independent computation, or a simulation whose truth is known."""

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from scikit_posthocs import posthoc_nemenyi_friedman
from scipy import stats
from scipy.stats import friedmanchisquare
from sklearn.metrics import f1_score

from results.statistics import late_fusion
from results.statistics.bootstrap import f1_interval, generator, percentiles, resamples
from results.statistics.collapse import is_length_alone
from results.statistics.comparison import compare, holm, swaps
from results.statistics.counts import Counts, macro_f1, resampled_f1, video_counts
from results.statistics.ranks import rank_columns
from results.statistics.winner import correct
from search_spaces.settings import N_CLASSES

Classes = NDArray[np.int64]
VIDEOS, EACH = 20, 8


def random(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def videos(count: int = VIDEOS, each: int = EACH) -> Classes:
    return np.repeat(np.arange(count), each)


def guesses(truth: Classes, share_right: float, rng: np.random.Generator, seeds: int = 1) -> Classes:
    """Right with a given probability, else any class."""
    right = rng.random((seeds, len(truth))) < share_right
    return np.where(right, truth, rng.integers(0, N_CLASSES, (seeds, len(truth))))


def clustered(truth: Classes, video: Classes, rng: np.random.Generator, seeds: int = 1) -> Classes:
    """Videos that are easy or hard as a whole."""
    easy = rng.random((seeds, video.max() + 1)) < 0.5
    return np.where(easy[:, video], guesses(truth, 0.9, rng, seeds), guesses(truth, 0.1, rng, seeds))


def sklearn_f1(truth: Classes, predicted: Classes) -> float:
    return float(f1_score(truth, predicted, labels=range(N_CLASSES), average="macro", zero_division=0))


def test_weighted_counts_are_f1_of_repeated_videos_without_masked_segments() -> None:
    rng = random(1)
    video, truth = videos(), rng.integers(-1, N_CLASSES, VIDEOS * EACH)
    predicted = rng.integers(0, N_CLASSES, (3, len(truth)))
    counts = video_counts(predicted, truth, video, VIDEOS)
    known = truth >= 0
    assert macro_f1(counts) == pytest.approx(np.mean([sklearn_f1(truth[known], seed[known]) for seed in predicted]))
    weight = rng.integers(0, 4, VIDEOS)
    times = np.where(known, weight[video], 0)
    drawn = [sklearn_f1(np.repeat(truth, times), np.repeat(seed, times)) for seed in predicted]
    assert resampled_f1(counts, weight[None].astype(float))[0] == pytest.approx(np.mean(drawn))


def test_a_partition_without_a_class_keeps_that_class_at_zero() -> None:
    truth = np.array([0, 0, 1, 1])
    counts = video_counts(truth[None], truth, np.array([0, 0, 1, 1]), 2)
    assert macro_f1(counts) == pytest.approx(2 / N_CLASSES)


def test_the_interval_is_scipys_over_videos() -> None:
    rng = random(2)
    video, truth = videos(), rng.integers(0, N_CLASSES, VIDEOS * EACH)
    predicted = clustered(truth, video, rng)
    found = f1_interval(video_counts(predicted, truth, video, VIDEOS), resamples(VIDEOS, generator("a")))

    def statistic(drawn: Classes) -> float:
        rows = np.concatenate([np.flatnonzero(video == each) for each in drawn])
        return sklearn_f1(truth[rows], predicted[0, rows])

    theirs = stats.bootstrap(
        (np.arange(VIDEOS),), statistic, n_resamples=1000, method="percentile", vectorized=False, rng=random(3)
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.02)


def test_intervals_over_videos_hold_the_truth_and_those_over_segments_do_not() -> None:
    population = random(4)
    many = np.repeat(np.arange(4000), EACH)
    truth = population.integers(0, N_CLASSES, len(many))
    true_f1 = sklearn_f1(truth, clustered(truth, many, population)[0])
    held = {"videos": 0, "segments": 0}
    for number in range(200):
        rng = random(100 + number)
        video, truth = videos(30), rng.integers(0, N_CLASSES, 30 * EACH)
        predicted = clustered(truth, video, rng)
        for name, units in (("videos", video), ("segments", np.arange(len(truth)))):
            count = int(units.max()) + 1
            counts = video_counts(predicted, truth, units, count)
            interval = f1_interval(counts, resamples(count, rng, 300))
            held[name] += interval.low <= true_f1 <= interval.high
    assert held["videos"] >= 180
    assert held["segments"] <= 150


def test_the_permutation_p_is_scipys_over_all_swaps() -> None:
    rng = random(5)
    count = 7
    video, truth = videos(count), rng.integers(0, N_CLASSES, count * EACH)
    one, other = guesses(truth, 0.5, rng, 2), guesses(truth, 0.25, rng, 2)
    counts = [video_counts(each, truth, video, count) for each in (one, other)]
    ours = compare(*counts, resamples(count, rng), swaps(count, rng))

    def statistic(a: Classes, b: Classes) -> float:
        sides = np.array([one, other])  # (2, n, S)
        return _mean_f1(truth, sides[a[video], :, np.arange(len(truth))].T) - _mean_f1(
            truth, sides[b[video], :, np.arange(len(truth))].T
        )

    theirs = stats.permutation_test(
        (np.zeros(count, int), np.ones(count, int)),
        statistic,
        permutation_type="samples",
        n_resamples=np.inf,
        vectorized=False,
    )
    assert ours.difference == pytest.approx(float(theirs.statistic))
    assert ours.p == pytest.approx(float(theirs.pvalue), abs=0.015)


def _mean_f1(truth: Classes, predicted: Classes) -> float:
    return float(np.mean([sklearn_f1(truth, seed) for seed in predicted]))


def test_equal_cells_are_rarely_called_different_and_unlike_ones_are() -> None:
    called = 0
    for number in range(200):
        rng = random(200 + number)
        video, truth = videos(), rng.integers(0, N_CLASSES, VIDEOS * EACH)
        pair = [video_counts(clustered(truth, video, rng), truth, video, VIDEOS) for _ in range(2)]
        called += compare(*pair, resamples(VIDEOS, rng, 10), swaps(VIDEOS, rng, 199)).p < 0.05
    assert called <= 20  # 10 are expected
    good, bad = (video_counts(guesses(truth, share, rng), truth, video, VIDEOS) for share in (0.8, 0.2))
    found = compare(good, bad, resamples(VIDEOS, rng), swaps(VIDEOS, rng))
    assert found.p < 0.001
    assert 0 < found.interval.low < found.difference < found.interval.high


def test_a_cell_does_not_differ_from_itself_and_comparing_is_antisymmetric() -> None:
    rng = random(6)
    video, truth = videos(), rng.integers(0, N_CLASSES, VIDEOS * EACH)
    one, other = (video_counts(guesses(truth, share, rng), truth, video, VIDEOS) for share in (0.5, 0.4))
    weights, swapped = resamples(VIDEOS, rng), swaps(VIDEOS, rng)
    assert compare(one, one, weights, swapped).p == 1
    there, back = compare(one, other, weights, swapped), compare(other, one, weights, swapped)
    assert there.difference == -back.difference
    assert there.p == back.p
    with pytest.raises(ValueError, match="same seeds and videos"):
        compare(one, np.concatenate([one, one]), weights, swapped)


def test_holm_is_the_closed_test_of_bonferroni() -> None:
    for number in range(30):
        p = (random(number).random(1 + number % 7) ** 3).tolist()
        subsets = [s for size in range(1, len(p) + 1) for s in combinations(range(len(p)), size)]
        closed = [max(min(1, len(s) * min(p[j] for j in s)) for s in subsets if i in s) for i in range(len(p))]
        assert holm(p) == pytest.approx(closed)
    assert holm([]) == ()


def noise(rng: np.random.Generator, cells: int = 40, seeds: int = 2) -> tuple[list[Counts], float]:
    """Cells that know nothing, and the F1 that they have in truth."""
    video, truth = videos(), rng.integers(0, N_CLASSES, VIDEOS * EACH)
    return [video_counts(guesses(truth, 0, rng, seeds), truth, video, VIDEOS) for _ in range(cells)], 1 / N_CLASSES


def test_the_winner_among_equal_cells_is_corrected_to_chance() -> None:
    naive, corrected = [], []
    for number in range(30):
        rng = random(300 + number)
        cells, chance = noise(rng)
        found = correct(cells, resamples(VIDEOS, rng, 400))
        naive.append(found.naive - chance)
        corrected.append(found.corrected - chance)
    assert np.mean(naive) > 0.03
    assert abs(np.mean(corrected)) < 0.01


def test_each_resample_chooses_the_best_cell_and_the_first_of_equal_ones() -> None:
    rng = random(13)
    cells, _ = noise(rng, cells=7)
    cells, weights = [*cells, *cells], resamples(VIDEOS, rng, 300)
    times = np.bincount(np.array([resampled_f1(each, weights) for each in cells]).argmax(axis=0), minlength=len(cells))
    assert correct(cells, weights).chosen == pytest.approx(times / 300)
    assert not times[7:].any()


def test_a_winner_that_is_better_in_truth_keeps_its_f1() -> None:
    gaps = []
    for number in range(20):
        rng = random(400 + number)
        video, truth = videos(), rng.integers(0, N_CLASSES, VIDEOS * EACH)
        cells, _ = noise(rng)
        good = video_counts(guesses(truth, 0.6, rng, 2), truth, video, VIDEOS)
        found = correct([*cells, good], resamples(VIDEOS, rng, 200))
        assert found.index == len(cells)
        assert found.chosen[-1] > 0.95
        gaps.append(found.naive - found.corrected)
    assert abs(np.mean(gaps)) < 0.01


def test_ranks_are_scipys_and_scikit_posthocs() -> None:
    figures = random(7).random((13, 6)) + np.array([0.5, 0.3, 0, 0, 0, 0])
    found = rank_columns(figures)
    assert found.p == pytest.approx(friedmanchisquare(*figures.T).pvalue)
    assert np.array(found.pairwise_p) == pytest.approx(posthoc_nemenyi_friedman(-figures).to_numpy(), abs=1e-6)
    assert np.argmin(found.mean_ranks) == 0


def test_the_critical_difference_is_that_of_demsars_example() -> None:
    assert rank_columns(random(8).random((14, 4))).critical_difference == pytest.approx(1.25, abs=0.005)


def test_ranks_of_a_table_without_a_difference() -> None:
    found = rank_columns(np.full((3, 3), 0.2))
    assert (found.p, found.mean_ranks) == (1.0, (2.0, 2.0, 2.0))
    with pytest.raises(ValueError, match="two rows and three columns"):
        rank_columns(np.zeros((1, 6)))


LENGTHS = random(9).integers(4, 200, 160)


@pytest.mark.parametrize(
    "of_length",
    [lambda n: n > 90, lambda n: np.digitize(n, [30, 80, 140]), lambda n: np.where((n > 50) & (n < 120), 3, 1)],
)
def test_predictions_of_length_alone_are_caught(of_length: Callable[[Classes], Classes]) -> None:
    assert is_length_alone(of_length(LENGTHS).astype(int), LENGTHS)


def test_predictions_that_read_features_are_not() -> None:
    rng = random(10)
    assert not is_length_alone(rng.integers(0, 5, 160), LENGTHS)
    assert not is_length_alone(np.ones(160, int), LENGTHS)  # one class: another kind of collapse
    few = np.ones(160, int)
    few[rng.integers(0, 160, 3)] = 2
    assert not is_length_alone(few, LENGTHS)
    nearly = (LENGTHS > 90).astype(int)
    nearly[rng.integers(0, 160, 12)] ^= 1
    assert not is_length_alone(nearly, LENGTHS)
    torn = (LENGTHS > 90).astype(int)
    torn[np.flatnonzero(np.diff(np.sort(LENGTHS)) == 0)] ^= 1  # equal lengths, unlike classes
    assert not is_length_alone(torn, LENGTHS)


def candidates(rng: np.random.Generator, shares: list[float], seeds: int = 2) -> late_fusion.Candidates:
    """Cells that give the right class a certain lead."""
    video, truth = videos(), rng.integers(0, N_CLASSES, VIDEOS * EACH)
    probabilities = []
    for share in shares:
        raw = rng.random((seeds, len(truth), N_CLASSES)) + share * np.eye(N_CLASSES)[truth]
        probabilities.append((raw / raw.sum(axis=2, keepdims=True)).astype(np.float32))
    counts = [video_counts(each.argmax(axis=2), truth, video, VIDEOS) for each in probabilities]
    return late_fusion.Candidates(probabilities.__getitem__, counts, truth, video)


def test_a_fusion_of_fair_cells_beats_each_of_them() -> None:
    rng = random(11)
    cells = candidates(rng, [0.3] * 8)
    singles = [macro_f1(counts) for counts in cells.counts]
    for rule in (late_fusion.top, late_fusion.greedy):
        found = late_fusion.select(rule, cells, resamples(VIDEOS, rng, 100))
        assert np.mean(found.f1) > max(singles)
        assert found.corrected > np.mean(singles)
        fused = np.mean([cells.probabilities(index) for index in found.members], axis=0, dtype=np.float64)
        ours = [sklearn_f1(cells.truth, seed) for seed in fused.argmax(axis=2)]
        assert found.f1 == pytest.approx(ours)


def test_top_takes_the_best_and_breaks_ties_by_order() -> None:
    cells = candidates(random(12), [0.3] * 7)
    f1 = np.array([0.1, 0.5, 0.3, 0.3, 0.3, 0.3, 0.4])
    assert late_fusion.top(cells, f1, np.ones(VIDEOS)) == (1, 2, 3, 4, 6)


def test_greedy_adds_what_helps_most_as_a_plain_search_finds_it() -> None:
    cells = candidates(random(13), [0.35, 0.3, 0.2, 0.25])
    f1 = np.array([macro_f1(counts) for counts in cells.counts])
    members, reached = [int(np.argmax(f1))], float(f1.max())
    while len(members) < 10:
        tried = {}
        for index in range(4):
            fused = np.mean([cells.probabilities(i) for i in (*members, index)], axis=0, dtype=np.float64)
            tried[index] = np.mean([sklearn_f1(cells.truth, seed) for seed in fused.argmax(axis=2)])
        best = max(tried, key=lambda index: tried[index])
        if tried[best] <= reached + 1e-9:
            break
        members, reached = [*members, best], float(tried[best])
    assert sorted(members) == list(late_fusion.greedy(cells, f1, np.ones(VIDEOS)))


def test_a_fusion_of_cells_that_know_nothing_is_corrected_to_chance() -> None:
    naive, corrected = [], []
    for number in range(12):
        rng = random(500 + number)
        found = late_fusion.select(late_fusion.greedy, candidates(rng, [0.0] * 12), resamples(VIDEOS, rng, 60))
        naive.append(np.mean(found.f1) - 1 / N_CLASSES)
        corrected.append(found.corrected - 1 / N_CLASSES)
    assert np.mean(naive) > 0.03
    assert abs(np.mean(corrected)) < 0.015


def test_draws_belong_to_names() -> None:
    assert np.array_equal(resamples(9, generator("a", "b")), resamples(9, generator("a", "b")))
    assert not np.array_equal(resamples(9, generator("a", "b")), resamples(9, generator("ab")))
    assert resamples(9, generator("a")).sum(axis=1).tolist() == [9.0] * 2000
    assert percentiles(np.arange(1001.0)).low == pytest.approx(25)
