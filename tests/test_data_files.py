"""Data that changed under a run: the refusal names the files."""

import json
import shutil
from pathlib import Path

import pytest

from sweep import data_files, feature_store
from sweep.data_files import changes, keep
from sweep.folder import RunFolder
from sweep.opened import open_data
from tests.conftest import Sweep
from tests.tiny_run import TinyRun, copied
from tests.trees import edit, feature_file, label_file, set_row, write_tree

FILES = {f"fau/{number:02}.csv": f"{number:064x}" for number in range(30)}


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder(tmp_path / "run")
    made.create()
    return made


def test_every_file_that_a_result_can_depend_on_has_its_digest(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "tree")
    found = feature_store.survey(root, "muse2021", tmp_path / "cache").files
    assert set(found) == {path.relative_to(root).as_posix() for path in root.rglob("*.csv")}


def test_changed_added_and_removed_files_are_named(folder: RunFolder) -> None:
    keep(folder, FILES)
    now = FILES | {"fau/03.csv": "f" * 64, "fau/99.csv": "e" * 64}
    del now["fau/07.csv"]
    assert changes(folder, now) == ("changed: fau/03.csv", "removed: fau/07.csv", "added: fau/99.csv")


@pytest.mark.parametrize(("count", "last"), [(10, "changed: fau/09.csv"), (11, "… and 1 more"), (30, "… and 20 more")])
def test_ten_are_named_and_the_rest_counted(folder: RunFolder, count: int, last: str) -> None:
    keep(folder, FILES)
    lines = changes(folder, FILES | dict.fromkeys(sorted(FILES)[:count], "f" * 64))
    assert len(lines) == min(count, 11)
    assert lines[-1] == last


def test_equal_files_under_another_digest_were_read_in_another_way(folder: RunFolder) -> None:
    keep(folder, FILES)
    assert changes(folder, FILES) == ("no file differs: this version of muse-sweep reads them in another way",)


def test_a_name_with_a_line_break_stays_one_line(folder: RunFolder) -> None:
    keep(folder, FILES)
    assert changes(folder, FILES | {"fau/a\nchanged: b": "0" * 64})[0] == "added: fau/a\\nchanged: b"


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"seal": "", "files": {}}', "other", "\xff"])
def test_a_list_that_is_missing_or_damaged_names_nothing_and_is_written_again(
    folder: RunFolder, content: str | None
) -> None:
    keep(folder, FILES)
    before = folder.data_files.read_bytes()
    match content:
        case None:
            folder.data_files.unlink()
        case "other":
            changed = json.loads(before)
            changed["files"]["fau/03.csv"] = "f" * 64
            folder.data_files.write_text(json.dumps(changed))
        case _:
            folder.data_files.write_bytes(content.encode("latin-1"))
    assert changes(folder, FILES) == (f"which files cannot be told: {folder.data_files} is missing or damaged",)
    keep(folder, FILES)
    assert folder.data_files.read_bytes() == before


def test_a_list_that_stands_is_not_written_again(folder: RunFolder) -> None:
    keep(folder, FILES)
    before = folder.data_files.stat().st_ino
    keep(folder, FILES)
    assert folder.data_files.stat().st_ino == before


def test_a_resume_on_changed_data_names_the_files_and_changes_nothing(
    finished: TinyRun, tmp_path: Path, cache: Path, sweep: Sweep
) -> None:
    run = copied(finished, tmp_path)
    tree = shutil.copytree(run.tree, tmp_path / "tree")
    assert sweep("resume", run.folder.path, "--data", tree).code == 0  # writes the list
    kept = run.folder.data_files.read_bytes()
    set_row(feature_file(tree, "fau", "2"), 2, "250,1,0.5,0.5")
    edit(tree / "metadata" / "partition.csv", "4,devel", "4,train")
    set_row(label_file(tree, "valence", "1"), 2, "0,1500,1,2")
    said = sweep("resume", run.folder.path, "--data", tree)
    assert said.code == 2
    assert (
        "    changed: feature_segments/fau/2.csv\n"
        "    changed: label_segments/valence/1.csv\n"
        "    changed: metadata/partition.csv\n"
    ) in said.err
    assert run.folder.data_files.read_bytes() == kept


def test_a_new_feature_and_a_missing_one_are_named(finished: TinyRun, tmp_path: Path, sweep: Sweep) -> None:
    run = copied(finished, tmp_path)
    tree = shutil.copytree(run.tree, tmp_path / "tree")
    data_files.keep(run.folder, open_data(tree, "muse2021", run.cache).files)
    shutil.copytree(tree / "feature_segments" / "fau", tree / "feature_segments" / "egemaps")
    said = sweep("run", run.space, "--data", tree, "--run", run.folder.path, "--cache", run.cache)
    assert said.code == 2
    assert "    added: feature_segments/egemaps/1.csv\n" in said.err
    shutil.move(tree / "feature_segments" / "egemaps", tmp_path)
    shutil.move(tree / "feature_segments" / "fau", tmp_path)
    said = sweep("replay", run.folder.path, "arousal vggish/way2", "--data", tree)
    assert said.code == 2
    assert "  removed: feature_segments/fau/1.csv\n" in said.err
