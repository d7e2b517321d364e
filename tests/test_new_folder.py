"""A folder that a command fills: everything, or nothing that was not there before."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from search_spaces.errors import SweepError
from sweep.new_folder import filling
from tests.tiny_run import files


def fill(folder: Path, source: Path | None = None, then: Callable[[], object] = str) -> None:
    with filling(folder, "--out", source) as half:
        (half / "deep" / "er").mkdir(parents=True)
        (half / "deep" / "er" / "a.txt").write_text("a")
        (half / "b.txt").write_text("b")
        then()


FILLED = {"deep": b"", "deep/er": b"", "deep/er/a.txt": b"a", "b.txt": b"b"}


@pytest.mark.parametrize("name", ["new", "deeper/than/that", "there"])
def test_a_new_or_an_empty_folder_is_filled(tmp_path: Path, name: str) -> None:
    (tmp_path / "there").mkdir()
    fill(tmp_path / name)
    assert files(tmp_path / name) == FILLED


def test_what_a_killed_command_has_left_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / ".0123456789ab.tmp").mkdir()
    fill(tmp_path)
    assert files(tmp_path).items() >= FILLED.items()


@pytest.mark.parametrize("there", [False, True])
def test_an_error_leaves_everything_as_it_was(tmp_path: Path, there: bool) -> None:
    folder = tmp_path / "deep" / "folder"
    if there:
        folder.mkdir(parents=True)
    before = files(tmp_path)
    with pytest.raises(ZeroDivisionError):
        fill(folder, then=lambda: 1 / 0)
    assert files(tmp_path) == before


def test_what_came_into_the_way_meanwhile_stays_alone(tmp_path: Path) -> None:
    with pytest.raises(SweepError, match="cannot be written"):
        fill(tmp_path, then=lambda: (tmp_path / "deep").write_text("somebody else's"))
    assert files(tmp_path) == {"deep": b"somebody else's"}


def _file(root: Path) -> None:
    (root / "out").write_text("")


def _full(root: Path) -> None:
    (root / "out").mkdir()
    (root / "out" / "paper.pdf").write_text("")
    (root / "out" / "thesis.pdf").write_text("")


def _inside(root: Path) -> None:
    (root / "source" / "out").mkdir(parents=True)
    (root / "out").symlink_to(root / "source" / "out")


def _sealed(root: Path) -> None:
    (root / "out").mkdir(mode=0o555)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (_file, "--out must be a new folder or an empty one. Found a file"),
        (_full, "Found paper.pdf and more in"),
        (_inside, r"outside of .*source\. Found .*out in it"),
        pytest.param(
            _sealed,
            "cannot be written: Permission denied",
            marks=pytest.mark.skipif(not os.getuid(), reason="root may"),
        ),
    ],
)
def test_what_cannot_be_filled_is_refused_and_stays(
    tmp_path: Path, make: Callable[[Path], None], expected: str
) -> None:
    make(tmp_path)
    before = files(tmp_path)
    with pytest.raises(SweepError, match=expected):
        fill(tmp_path / "out", tmp_path / "source")
    assert files(tmp_path) == before
