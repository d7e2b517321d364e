"""What a run is: kept as it was, and made only where nothing else stands."""

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
