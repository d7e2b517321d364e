import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits

from search_spaces.errors import SweepError
from search_spaces.settings import Settings
from sweep import packed, pca
from sweep.feature_store import FeatureStore
from tests.stores import store_of

# Sums of squares 10 and 10, of products 6: eigenvalues (10 + 6) / 3 along (1, 1)/√2 and (10 - 6) / 3 across it.
CROSS = np.array([[2, 2], [-2, -2], [1, -1], [-1, 1]], np.float32)
LENGTHS = {"train": (3, 1), "devel": (2,), "test": (1,)}


def store(cache: Path, train: NDArray[np.float32], devel: float = 0.0) -> FeatureStore:
    rest = np.full((3, train.shape[1]), devel, np.float32)
    return store_of(cache, {"fau": np.concatenate([train, rest])}, LENGTHS, {"arousal": (0, 1, 2, 3)})


def oracle(train: NDArray[np.float32], variance: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Eigenvectors as rows, and their shares, straight from numpy."""
    values, vectors = np.linalg.eigh(np.cov(train.astype(np.float64), rowvar=False))
    shares = values[::-1] / values.sum()
    k = int(np.argmax(shares.cumsum() > variance)) + 1
    rows = vectors.T[::-1][:k]
    signs = np.sign(rows[np.arange(k), np.abs(rows).argmax(axis=1)])
    return rows * signs[:, None], shares[:k]


def scikit_learn(train: NDArray[np.float32], variance: float) -> PCA:
    """Fitted on steps that are centred before: it takes products of the values as they are."""
    steps = train.astype(np.float64)
    return PCA(n_components=variance, svd_solver="covariance_eigh").fit(steps - steps.mean(axis=0))


def ragged(seed: int, rows: int = 200, width: int = 12) -> NDArray[np.float32]:
    random = np.random.default_rng(seed)
    scales = np.geomspace(10, 0.1, width)
    return (random.normal(size=(rows, width)) * scales @ random.normal(size=(width, width)) + 3).astype(np.float32)


@pytest.mark.parametrize(("variance", "width"), [(0.5, 1), (0.79, 1), (0.81, 2), (1.0, 2)])
def test_the_smallest_reduction_that_keeps_the_variance_is_taken(variance, width):
    reduction = pca.fit(CROSS, variance)
    assert reduction.width == width
    assert reduction.explained == pytest.approx([0.8, 0.2][:width])  # 16/20 and 4/20


def test_the_first_direction_of_the_cross_is_its_diagonal():
    reduction = pca.fit(CROSS + np.float32([5, -3]), 0.5)
    assert reduction.mean == pytest.approx([5, -3])
    assert reduction.components == pytest.approx(np.full((1, 2), 0.5**0.5))
    assert reduction.map(np.array([[7, -1], [6, -4]], np.float32)) == pytest.approx(np.array([[8**0.5], [0]]))


@pytest.mark.parametrize("variance", [0.5, 0.9, 0.95, 0.999])
def test_the_reduction_is_that_of_the_covariance_matrix(variance):
    train = ragged(0)
    components, shares = oracle(train, variance)
    reduction = pca.fit(train, variance)
    assert reduction.components == pytest.approx(components, abs=1e-8)
    assert reduction.explained == pytest.approx(shares, abs=1e-10)


@pytest.mark.parametrize("variance", [0.5, 0.95])
def test_up_to_one_block_every_digit_is_scikit_learns(variance):
    train = ragged(3)
    reduction, model = pca.fit(train, variance), scikit_learn(train, variance)
    assert np.array_equal(reduction.components, model.components_)
    assert np.array_equal(reduction.explained, model.explained_variance_ratio_)


@pytest.mark.parametrize("block", [1, 37, 199])
@pytest.mark.parametrize("away", [0, 1e4])
def test_blocks_of_any_size_give_the_pca_of_the_whole(monkeypatch, block, away):
    train = ragged(4) + np.float32(away)
    model = scikit_learn(train, 0.95)
    monkeypatch.setattr(packed, "_BLOCK", block)
    reduction = pca.fit(train, 0.95)
    assert reduction.components == pytest.approx(model.components_, abs=1e-10)
    assert reduction.explained == pytest.approx(model.explained_variance_ratio_, abs=1e-12)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_does_not_grow_with_the_steps(tmp_path):
    code = """
from pathlib import Path
from sweep import environment, packed, pca
from tests.memory import wide_map
packed._BLOCK = 4096
def peak_after(name, rows):
    values = wide_map(Path(name), rows, 64)
    for _ in map(pca.fit(values, 0.95).map, packed.blocks(values)):
        pass
    return environment.peak_memory_mb()
few = peak_after("few", 20_000)
print(peak_after("many", 400_000) - few)  # 102 MB of them; as float64 205
"""
    root = Path(__file__).resolve().parents[1]
    search = {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=search)
    assert float(done.stdout) < 20


@pytest.mark.parametrize("seed", range(5))
def test_the_largest_entry_of_every_direction_is_positive(seed):
    rows = pca.fit(ragged(seed), 0.99).components
    assert len(rows) > 2
    assert (rows[np.arange(len(rows)), np.abs(rows).argmax(axis=1)] > 0).all()


def test_turning_all_values_round_turns_no_direction():
    assert pca.fit(-ragged(1), 0.99).components == pytest.approx(pca.fit(ragged(1), 0.99).components, abs=1e-6)


def test_more_columns_than_steps_are_reduced():
    reduction = pca.fit(ragged(2, rows=5), 1.0)
    assert reduction.width == 4  # five points lie in four dimensions
    assert np.isfinite(reduction.components).all()


@pytest.mark.parametrize("standardize", [False, True])
def test_a_constant_column_has_no_weight(standardize):
    # The mean of a thousand float32 0.1 is not exactly 0.1, so the deviation of this column is not exactly 0.
    train = np.column_stack([np.repeat(CROSS, 250, axis=0), np.full(1000, 0.1)]).astype(np.float32)
    reduction = pca.fit(train, 1.0, standardize)
    assert reduction.width == 2
    assert np.abs(reduction.components[:, 2]) == pytest.approx(0, abs=1e-12)
    assert reduction.scale[2] == 1
    assert reduction.map(train)[:4] == pytest.approx(pca.fit(train[:, :2], 1.0, standardize).map(train[:4, :2]))


def test_standardised_columns_weigh_the_same_whatever_their_unit():
    metres = pca.fit(CROSS, 0.5, standardize=True)
    mixed = pca.fit(CROSS * np.float32([1, 1000]), 0.5, standardize=True)
    assert metres.scale == pytest.approx([2.5**0.5, 2.5**0.5])  # ddof 0: 10 / 4
    assert mixed.components == pytest.approx(metres.components)
    assert pca.fit(CROSS * np.float32([1, 1000]), 0.5).components == pytest.approx(np.array([[0, 1]]), abs=1e-2)


def test_devel_and_test_do_not_move_the_reduction(tmp_path):
    settings = Settings(pca_variance=0.5)
    calm = pca.read_reduction(pca.reduce(store(tmp_path / "calm", CROSS), "fau", settings))
    wild = pca.read_reduction(pca.reduce(store(tmp_path / "wild", CROSS, devel=1e6), "fau", settings))
    assert np.array_equal(calm.components, wild.components)
    assert np.array_equal(calm.mean, wild.mean)


def test_every_step_of_every_partition_is_mapped_in_its_place(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "_BLOCK", 3)  # so that the last block is a part of one
    here = store(tmp_path, CROSS, devel=10)
    folder = pca.reduce(here, "fau", Settings(pca_variance=0.5))
    mapped = packed.read_values(folder, 7, pca.read_reduction(folder).width)
    expected = [8**0.5, -(8**0.5), 0, 0, 200**0.5, 200**0.5, 200**0.5]
    assert mapped[:, 0] == pytest.approx(expected, abs=1e-6)


def test_a_reduction_is_fitted_once_and_read_back(tmp_path):
    here = store(tmp_path, CROSS)
    folder = pca.reduce(here, "fau", Settings())
    written = {file: file.stat().st_mtime_ns for file in folder.iterdir()}
    assert pca.reduce(here, "fau", Settings()) == folder
    assert {file: file.stat().st_mtime_ns for file in folder.iterdir()} == written
    fitted, stored = pca.fit(CROSS, 0.95), pca.read_reduction(folder)
    for name in ("mean", "scale", "components", "explained"):
        assert np.array_equal(getattr(fitted, name), getattr(stored, name))


def test_settings_and_data_change_the_key(tmp_path):
    here = store(tmp_path / "a", CROSS)
    folders = [
        pca.reduce(here, "fau", Settings()),
        pca.reduce(here, "fau", Settings(pca_variance=0.5)),
        pca.reduce(here, "fau", Settings(pca_standardize=True)),
        pca.reduce(store_of(here.cache, {"bert": np.ones((7, 2)) + np.eye(7, 2)}, LENGTHS, {}), "bert", Settings()),
    ]
    assert len({folder.name for folder in folders}) == 4
    assert pca.reduce(here, "fau", Settings(hidden=8, epochs=3)) == folders[0]


def test_a_constant_feature_is_refused_with_its_name_and_leaves_nothing(tmp_path):
    here = store(tmp_path, np.full((4, 2), 0.1, np.float32), devel=1)
    with pytest.raises(SweepError, match="Feature 'fau' cannot be reduced by PCA: 4 train steps without any variance"):
        pca.reduce(here, "fau", Settings())
    assert [path for path in (tmp_path / "pca").iterdir() if path.is_dir()] == []


def test_one_train_step_cannot_be_reduced():
    with pytest.raises(ValueError, match="1 train steps"):
        pca.fit(CROSS[:1], 0.95)


def test_the_number_of_threads_changes_no_digit():
    train = ragged(3, rows=9000, width=384)
    found = []
    for threads in (1, 2, 4):
        with threadpool_limits(threads, "blas"):
            reduction = pca.fit(train, 0.95)
            found.append((reduction.components.tobytes(), reduction.map(train).tobytes()))
    assert found[0] == found[1] == found[2]
