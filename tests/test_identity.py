"""What a run is: kept as it was, held against what is asked for, and made only where nothing else stands."""

from pathlib import Path

import pytest

from search_spaces.errors import SweepError
from search_spaces.space import load_space
from sweep import environment, identity
from sweep.folder import RunFolder
from sweep.identity import Identity


def made(space: str = "paper", digest: str = "d" * 64, device: str = "cpu") -> Identity:
    return identity.new(load_space(space), ("arousal", "valence"), "muse2021", digest, device, Path("data"), Path("c"))


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made_folder = RunFolder(tmp_path / "run")
    made_folder.create()
    return made_folder


@pytest.mark.parametrize("space", ["paper", "protocol", "smoke", "demo"])
def test_what_is_written_is_read_again(folder: RunFolder, space: str) -> None:
    before = made(space)
    identity.write(folder, before)
    assert identity.read(folder) == before
    assert before.versions == environment.versions()
    assert before.data.is_absolute()


def test_where_and_when_are_no_part_of_what_a_run_is(folder: RunFolder) -> None:
    moved = made().model_copy(update={"data": Path("/b"), "cache": Path("/d"), "created": "", "git_revision": "x"})
    identity.check_same(folder, made(), moved)


def test_a_title_is_no_part_of_what_a_run_is(folder: RunFolder) -> None:
    renamed = made().space.model_copy(update={"title": "Other", "name": "other", "description": "words"})
    identity.check_same(folder, made(), made().model_copy(update={"space": renamed}))


def test_everything_that_differs_is_named_with_both_values(folder: RunFolder) -> None:
    other = made("paper", "e" * 64, "cuda")
    other = other.model_copy(
        update={
            "space": other.space.with_overrides(seeds=3),
            "targets": ("valence",),
            "versions": other.versions | {"torch": "9.9"},
        }
    )
    with pytest.raises(SweepError) as told:
        identity.check_same(folder, made(), other)
    lines = str(told.value).splitlines()
    assert lines[0] == f"Run {folder.path} was made with other settings:"
    assert lines[1:-1] == [
        "  data: some content of the tree differs (digest dddddddddddd… in the run, eeeeeeeeeeee… now)",
        '  device: the run has "cpu", now asked for "cuda"',
        "  space.settings.seeds: the run has 5, now asked for 3",
        '  targets: the run has ["arousal", "valence"], now asked for ["valence"]',
        f'  versions.torch: the run has "{made().versions["torch"]}", now asked for "9.9"',
    ]


def test_a_new_run_may_be_made_where_nothing_stands(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert identity.existing(RunFolder(tmp_path / "empty")) is None
    assert identity.existing(RunFolder(tmp_path / "deep" / "er")) is None
    assert not (tmp_path / "deep").exists()


def test_what_a_killed_start_leaves_is_no_obstacle(tmp_path: Path) -> None:
    for name in (".coordinator.lock", "coordinator.json", ".run.json-0123456789ab.tmp"):
        (tmp_path / name).write_text('{"pid": 1')
    assert identity.existing(RunFolder(tmp_path)) is None


@pytest.mark.parametrize("name", ["thesis.tex", "study.db", "artifacts"])
def test_a_folder_with_anything_else_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("precious")
    with pytest.raises(SweepError, match="exists and is no run"):
        identity.existing(RunFolder(tmp_path))


def test_a_checkout_has_a_revision() -> None:
    revision = identity.git_revision()
    assert revision is None or len(revision.removesuffix("+changes")) == 40
