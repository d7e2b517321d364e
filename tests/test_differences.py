"""What is asked for, held against what the run is: refused by name, and versions let through on demand."""

from pathlib import Path

import pytest

from search_spaces.errors import SweepError
from search_spaces.space import load_space
from sweep import data_files, identity
from sweep.differences import check_same
from sweep.folder import RunFolder
from sweep.identity import Identity

FILES = {"feature_segments/fau/1.csv": "a" * 64, "metadata/partition.csv": "b" * 64}


def made(space: str = "paper", digest: str = "d" * 64, device: str = "cpu") -> Identity:
    return identity.new(load_space(space), ("arousal", "valence"), "muse2021", digest, device, Path("data"), Path("c"))


def under(**versions: str) -> Identity:
    return made().model_copy(update={"versions": made().versions | versions})


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made_folder = RunFolder(tmp_path / "run")
    made_folder.create()
    return made_folder


def refusal(folder: RunFolder, asked: Identity, *, other_versions: bool = False) -> list[str]:
    with pytest.raises(SweepError) as told:
        check_same(folder, made(), asked, FILES, other_versions=other_versions)
    return str(told.value).splitlines()


def test_where_and_when_are_no_part_of_what_a_run_is(folder: RunFolder) -> None:
    moved = made().model_copy(update={"data": Path("/b"), "cache": Path("/d"), "created": "", "git_revision": "x"})
    assert check_same(folder, made(), moved, FILES) == ()


def test_a_title_is_no_part_of_what_a_run_is(folder: RunFolder) -> None:
    renamed = made().space.model_copy(update={"title": "Other", "name": "other", "description": "words"})
    assert check_same(folder, made(), made().model_copy(update={"space": renamed}), FILES) == ()


def test_everything_that_differs_is_named_with_both_values(folder: RunFolder) -> None:
    data_files.keep(folder, FILES | {"feature_segments/fau/1.csv": "c" * 64})
    other = made("paper", "e" * 64, "cuda")
    other = other.model_copy(
        update={
            "space": other.space.with_overrides(seeds=3),
            "targets": ("valence",),
            "versions": other.versions | {"torch": "9.9"},
        }
    )
    lines = refusal(folder, other)
    assert lines[0] == f"Run {folder.path} was made with other settings:"
    assert lines[1:-1] == [
        "  data: some content of the tree differs (digest dddddddddddd… in the run, eeeeeeeeeeee… now)",
        "    changed: feature_segments/fau/1.csv",
        '  device: the run has "cpu", now asked for "cuda"',
        "  space.settings.seeds: the run has 5, now asked for 3",
        '  targets: the run has ["arousal", "valence"], now asked for ["valence"]',
        f'  versions.torch: the run has "{made().versions["torch"]}", here it is "9.9"',
    ]
    assert lines[-1].endswith("--other-versions lets versions differ, and nothing else.")


def test_other_versions_alone_are_refused_with_the_option_that_lets_them_through(folder: RunFolder) -> None:
    lines = refusal(folder, under(torch="9.9", numpy="8.8"))
    assert lines == [
        f"Run {folder.path} was made under other versions:",
        f'  versions.numpy: the run has "{made().versions["numpy"]}", here it is "8.8"',
        f'  versions.torch: the run has "{made().versions["torch"]}", here it is "9.9"',
        "Install those again, or go on with --other-versions: the tables then mark what is trained under these.",
    ]


def test_other_versions_are_let_through_on_demand_and_named(folder: RunFolder) -> None:
    expected = (f"torch 9.9, the run's is {made().versions['torch']}",)
    assert check_same(folder, made(), under(torch="9.9"), FILES, other_versions=True) == expected
    assert check_same(folder, made(), made(), FILES, other_versions=True) == ()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"data_digest": "e" * 64}, "data: some content"),
        ({"device": "cuda"}, "device: the run has"),
        ({"targets": ("valence",)}, "targets: the run has"),
        ({"reader": "other"}, "reader: the run has"),
        ({"space": made("smoke").space}, "space."),
    ],
)
def test_whatever_else_differs_is_refused_all_the_same(
    folder: RunFolder, change: dict[str, object], named: str
) -> None:
    lines = refusal(folder, under(torch="9.9").model_copy(update=change), other_versions=True)
    assert lines[1].startswith(f"  {named}")
    assert not any("versions" in line for line in lines)
