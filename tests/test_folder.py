"""Paths of a run, and files that are whole or absent."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from results.records import Branch, Cell
from search_spaces.errors import SweepError
from sweep import atomic
from sweep.folder import RunFolder, cell_name, open_log
from tests.fake_run import made_folder
from tests.fake_trial import cell


def test_a_cells_name_is_readable_and_never_changes() -> None:
    # the digits are sha256sum's of {"target":"arousal","branches":[{"features":"vggish+bert~","way":"way1"}]}
    assert cell_name(cell("vggish+bert~", "way1")) == "arousal-vggish-bert-way1-fd908efbb5"


def test_cells_that_differ_in_one_sign_have_different_names() -> None:
    names = {cell_name(cell(features)) for features in ("bert", "bert~", "bert-", "be-rt", "BERT")}
    assert len({name.lower() for name in names}) == 5


def test_both_branches_and_the_target_are_in_the_name() -> None:
    one, two = Branch(features="a", way="way1"), Branch(features="b", way="way2")
    both = Cell(target="arousal", branches=(one, two))
    swapped = Cell(target="arousal", branches=(two, one))
    other = Cell(target="valence", branches=(one, two))
    assert len({cell_name(both), cell_name(swapped), cell_name(other), cell_name(cell("a"))}) == 4


def test_a_name_is_bounded_and_safe_whatever_the_cell_is_called() -> None:
    name = cell_name(cell("+".join(["../ü\0 :*?"] * 400), target="a/b\\c"))
    assert re.fullmatch(r"[a-z0-9-]{1,91}", name)


def test_every_path_of_a_run_lies_inside_it(tmp_path: Path) -> None:
    folder = made_folder(tmp_path)
    paths = [value for name in dir(RunFolder) if isinstance(value := getattr(folder, name), Path)]
    paths += [folder.artifact(cell("../../x")), folder.log(cell("../../x"))]
    assert len(paths) >= 10
    assert all(path.resolve().is_relative_to(folder.path) for path in paths)


def test_an_artifact_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    folder = made_folder(tmp_path)
    artifact = folder.write_artifact(cell("a"), b"content")
    assert folder.read_artifact(artifact) == b"content"
    assert artifact.path == f"artifacts/{cell_name(cell('a'))}.npz"
    assert artifact.sha256 == "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"  # of sha256sum


def test_a_run_folder_may_be_moved_with_its_artifacts(tmp_path: Path) -> None:
    folder = made_folder(tmp_path)
    artifact = folder.write_artifact(cell("a"), b"content")
    moved = RunFolder(folder.path.rename(tmp_path / "elsewhere"))
    assert moved.read_artifact(artifact) == b"content"


def test_a_changed_artifact_is_refused(tmp_path: Path) -> None:
    folder = made_folder(tmp_path)
    artifact = folder.write_artifact(cell("a"), b"content")
    folder.artifact(cell("a")).write_bytes(b"contenT")
    assert not folder.holds(artifact)
    with pytest.raises(SweepError, match=r"was changed: expected SHA-256 ed70.*, found"):
        folder.read_artifact(artifact)


def test_a_missing_artifact_is_named(tmp_path: Path) -> None:
    folder = made_folder(tmp_path)
    artifact = replace(folder.write_artifact(cell("a"), b"content"), path="artifacts/gone.npz")
    assert not folder.holds(artifact)
    with pytest.raises(SweepError, match=r"gone\.npz cannot be read: No such file"):
        folder.read_artifact(artifact)


def test_a_file_in_the_way_of_the_run_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(SweepError, match=r"cannot be made: .*run"):
        RunFolder(tmp_path / "run").create()


def test_a_failed_write_leaves_the_old_file_and_no_temporary_one(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(SweepError, match=r"taken cannot be written"):
        atomic.write_text(tmp_path / "taken", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_write_replaces_the_whole_content(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 250)
    atomic.write_text(path, "a long first version\n")
    atomic.write_text(path, "ü\n")
    assert path.read_bytes() == "ü\n".encode()
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_a_written_file_is_as_readable_as_any_other(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    atomic.write_text(tmp_path / "ours", "")
    assert (tmp_path / "ours").stat().st_mode == plain.stat().st_mode


def test_leftovers_of_a_killed_process_are_removed_and_nothing_else(tmp_path: Path) -> None:
    folder = made_folder(tmp_path)
    folder.write_artifact(cell("a"), b"content")
    (folder.artifacts / f".x-0123{atomic.TEMPORARY}").write_bytes(b"half")
    for name in ("run.json", "report.html"):
        (folder.path / f".{name}-0123{atomic.TEMPORARY}").write_bytes(b"half")
    folder.remove_leftovers()
    assert list(folder.artifacts.iterdir()) == [folder.artifact(cell("a"))]
    left = [path.name for path in folder.path.iterdir() if path.is_file()]
    assert left == [f".report.html-0123{atomic.TEMPORARY}"]  # somebody else may be writing it


@pytest.mark.parametrize(
    "path",
    ["../x.npz", "../../x.npz", "/etc/passwd", "artifacts/../run.json", "artifacts/a/b.npz", "x.npz", "", "run.json"],
)
def test_an_artifact_elsewhere_is_refused_whatever_the_study_says(tmp_path: Path, path: str) -> None:
    folder = made_folder(tmp_path)
    for place in (tmp_path / "x.npz", folder.path / "x.npz"):
        place.write_bytes(b"content")
    artifact = replace(folder.write_artifact(cell("a"), b"content"), path=path)
    assert not folder.holds(artifact)
    with pytest.raises(SweepError, match=r"must lie in artifacts/\. Found"):
        folder.read_artifact(artifact)


@pytest.mark.parametrize("name", ["artifacts", "checkpoints", "logs"])
def test_a_run_does_not_write_through_a_link_to_elsewhere(tmp_path: Path, name: str) -> None:
    folder = made_folder(tmp_path)
    (folder.path / name).rmdir()
    (tmp_path / "elsewhere").mkdir()
    (folder.path / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SweepError, match=rf"{name} is a link to .*elsewhere: a run writes nowhere but in its own"):
        folder.create()


def test_a_run_that_is_a_link_as_a_whole_is_one(tmp_path: Path) -> None:
    made = made_folder(tmp_path)
    (tmp_path / "link").symlink_to(made.path)
    linked = RunFolder(tmp_path / "link")
    linked.create()
    assert linked.read_artifact(linked.write_artifact(cell("a"), b"content")) == b"content"


def test_a_link_in_place_of_a_file_is_replaced_or_refused_never_followed(tmp_path: Path) -> None:
    folder = made_folder(tmp_path)
    (tmp_path / "precious").write_text("precious")
    for path in (folder.artifact(cell("a")), folder.log(cell("a")), folder.run_json):
        path.symlink_to(tmp_path / "precious")
    folder.write_artifact(cell("a"), b"content")
    atomic.write_text(folder.run_json, "{}")
    with pytest.raises(OSError, match="symbolic links"):
        open_log(folder.log(cell("a")))
    assert (tmp_path / "precious").read_text() == "precious"
