"""Whatever happens to a file of the cache is noticed by the next command, told in one line, and built again."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from results.render import FORMATS
from search_spaces.errors import SweepError
from search_spaces.settings import Settings
from sweep import derived, feature_store, intact, packed, pca, scaling
from sweep.feature_store import FeatureStore
from tests.conftest import Sweep
from tests.tiny_run import ROLES, TinyRun, copied, write_space
from tests.trees import FEATURES, write_tree

SETTINGS = Settings()
KINDS = ("features", "oddities", "corpora", "scaled", "pca")


def alter(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "emptied": lambda path: path.write_bytes(b""),
    "altered": alter,
    "deleted": lambda path: path.unlink(),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "a link to itself": lambda path: (path.unlink(), path.symlink_to(path.name)),
}


def fill(tree: Path, cache: Path) -> tuple[str, ...]:
    """Everything a run keeps in the cache, as a command does it; what had to be built again."""
    found = feature_store.survey(tree, "muse2021", cache, workers=2)
    _, store = found.usable(tree)
    told = (*found.repaired, *derived.discard_damaged(store, SETTINGS))
    for feature in store.keys:
        scaling.standardize(store, feature)
        pca.reduce(store, feature, SETTINGS)
    return told


def content(cache: Path) -> dict[str, bytes]:
    paths = (path for path in cache.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {path.relative_to(cache).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A tree and its cache; not to be changed."""
    root = tmp_path_factory.mktemp("full")
    assert fill(write_tree(root / "tree"), root / "cache") == ()
    return root / "tree", root / "cache"


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_file_is_built_again_and_told_in_one_line(
    full: tuple[Path, Path], tmp_path: Path, kind: str, damage: str
) -> None:
    tree, whole = full
    before = content(whole)
    names = [name for name in before if name.startswith(f"{kind}/")]
    assert len(names) == {"features": 12, "oddities": 6, "corpora": 3, "scaled": 9, "pca": 9}[kind]
    for number, name in enumerate(names):
        cache = shutil.copytree(whole, tmp_path / str(number))
        DAMAGES[damage](cache / name)
        (line,) = fill(tree, cache)
        assert line.startswith("cache: ")
        assert f"{kind}/{Path(name).parent.name[:12]}…" in line
        if Path(name).name != intact.DIGESTS:  # where a digest was altered, its file differs
            assert Path(name).name in line
        assert "\n" not in line
        assert content(cache) == before
        assert fill(tree, cache) == ()


def test_a_file_too_many_is_removed_with_its_folder(full: tuple[Path, Path], tmp_path: Path) -> None:
    tree, whole = full
    cache = shutil.copytree(whole, tmp_path / "cache")
    folder = next((cache / "features").glob("[!.]*"))
    (folder / "more.txt").write_text("x")
    (line,) = fill(tree, cache)
    assert "more.txt does not belong there" in line
    assert content(cache) == content(whole)


def test_a_file_in_place_of_a_folder_is_built_again(full: tuple[Path, Path], tmp_path: Path) -> None:
    tree, whole = full
    cache = shutil.copytree(whole, tmp_path / "cache")
    for folder in [path for kind in KINDS for path in (cache / kind).glob("[!.]*")]:
        shutil.rmtree(folder)
        folder.write_text("a file")
    assert len(fill(tree, cache)) == 3 + 3 + 1 + 3 + 3
    assert content(cache) == content(whole)


def test_what_an_older_version_packed_without_digests_is_packed_again(full: tuple[Path, Path], tmp_path: Path) -> None:
    tree, whole = full
    cache = shutil.copytree(whole, tmp_path / "cache")
    for path in cache.rglob(intact.DIGESTS):
        path.unlink()
    told = fill(tree, cache)
    assert len(told) == 13
    assert all("digests.json is missing, unless an older version packed it" in line for line in told)
    assert content(cache) == content(whole)


def test_what_cannot_be_removed_is_told(full: tuple[Path, Path], tmp_path: Path) -> None:
    tree, whole = full
    cache = shutil.copytree(whole, tmp_path / "cache")
    values = next((cache / "features").glob("*/values.f32"))
    alter(values)
    lock = values.parent.parent / f".{values.parent.name}.lock"
    lock.unlink()
    lock.mkdir()
    with pytest.raises(SweepError, match=r"is damaged \(values.f32 was altered\) and cannot be removed"):
        fill(tree, cache)


# What a worker notices, which looks at the big files' lengths only and builds nothing again.


@pytest.fixture
def opened(full: tuple[Path, Path], tmp_path: Path) -> FeatureStore:
    tree, whole = full
    cache = shutil.copytree(whole, tmp_path / "cache")
    return feature_store.build(tree, "muse2021", cache)[1]


@pytest.mark.parametrize("damage", ["truncated", "longer", "emptied", "deleted", "a folder", "a link to itself"])
def test_a_worker_that_finds_a_feature_damaged_says_what_to_do(opened: FeatureStore, damage: str) -> None:
    DAMAGES[damage](opened.cache / "features" / opened.keys["fau"] / "values.f32")
    with pytest.raises(SweepError, match=r"damaged while it was used: .*values.f32.*`sweep resume RUN`"):
        opened.values("fau")


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["index.json", "segments.npz", intact.DIGESTS])
def test_a_worker_refuses_an_index_that_is_not_what_was_written(opened: FeatureStore, name: str, damage: str) -> None:
    DAMAGES[damage](opened.cache / "corpora" / opened.digest / name)
    with pytest.raises(SweepError, match="The cache was damaged while it was used"):
        feature_store.open_store(opened.cache, opened.digest)


@pytest.mark.parametrize("change", [0x01, 0xFF])
def test_arrays_with_any_byte_altered_are_refused_or_read_and_crash_nothing(opened: FeatureStore, change: int) -> None:
    path = pca.reduce(opened, "fau", SETTINGS) / "model.npz"
    whole = path.read_bytes()
    refused = 0
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ change]) + whole[at + 1 :])
        try:
            intact.read_arrays(path)
        except SweepError:
            refused += 1
    assert refused > len(whole) // 3  # the rest is what zip does not read: times, rights, copies of sizes


def test_a_folder_being_filled_by_another_process_is_left_alone(tmp_path: Path) -> None:
    assert packed.discard_damaged(tmp_path / "key") is None


# Whole commands.


def test_a_run_on_a_damaged_cache_gives_the_same_tables_and_tells_each_repair(
    finished: TinyRun, tmp_path: Path, sweep: Sweep
) -> None:
    cache = shutil.copytree(finished.cache, tmp_path / "cache")
    folders = [path for kind in KINDS for path in sorted((cache / kind).glob("[!.]*"))]
    ways = ("truncated", "emptied", "altered", "deleted")
    for number, folder in enumerate(folders):
        files = sorted(path for path in folder.iterdir() if path.name != intact.DIGESTS)
        DAMAGES[ways[number % 4]](files[number % len(files)])
    space = write_space(tmp_path / "own.toml", ROLES)
    words = ("run", space, "--data", finished.tree, "--run", tmp_path / "run", "--cache", cache, "--workers", "1")
    said = sweep(*words)
    assert said.code == 0, said.err
    assert said.err.count("cache: ") == 3 + 3 + 1 + 3 + 3
    for format_ in FORMATS:
        mine, theirs = (
            sweep("tables", run, "--format", format_).out for run in (tmp_path / "run", finished.folder.path)
        )
        assert mine == theirs
    assert "cache: " not in sweep(*words).err


@pytest.mark.parametrize(
    "words",
    [
        ("data", "check"),
        ("data", "describe"),
        ("plan", "own.toml", "--epochs", "1", "--data"),
        ("resume", "run", "--data"),
    ],
    ids=lambda words: words[0],
)
def test_every_command_that_opens_the_data_tells_a_repair_on_standard_error(
    finished: TinyRun, tmp_path: Path, sweep: Sweep, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    copied(finished, tmp_path)
    write_space(tmp_path / "own.toml", ROLES)
    cache = shutil.copytree(finished.cache, tmp_path / "cache")
    store = feature_store.build(finished.tree, "muse2021", cache)[1]
    alter(cache / "features" / store.keys["fau"] / "values.f32")
    said = sweep(*words, finished.tree, "--cache", cache)
    assert said.code == 0, said.err
    assert said.err.count("cache: fau (features/") == 1
    assert "was damaged and is built again: values.f32 was altered\n" in said.err
    assert "cache: " not in said.out


def test_the_features_of_a_tree_are_all_looked_at(full: tuple[Path, Path]) -> None:
    assert {path.name for path in (full[1]).iterdir()} >= set(KINDS)
    assert len(FEATURES) == 3
