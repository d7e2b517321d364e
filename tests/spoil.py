"""Ways to spoil the small tree of `tests.trees`: each gives something that is called with the tree's root."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.broken import put, replace
from tests.trees import feature_file, label_file

Spoil = Callable[[Path], object]
PARTITION = "metadata/partition.csv"
FEATURE_1 = "feature_segments/vggish/1.csv"
LABELS_1 = "label_segments/arousal/1.csv"
VIDEOS = ("1,train", "2,train", "3,devel", "4,test")


def both(*spoils: Spoil) -> Spoil:
    """One thing after the other."""
    return lambda tree: [spoil(tree) for spoil in spoils]


def at(place: str, act: Spoil) -> Spoil:
    """The same, done to a place in the tree."""
    return lambda tree: act(tree / place)


def gone(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def file_instead(path: Path) -> None:
    gone(path)
    put(path, "a file\n")


def pipe_instead(path: Path) -> None:
    gone(path)
    os.mkfifo(path)


def content(place: str, new: bytes | str) -> Spoil:
    return lambda tree: put(tree / place, new)


def separated(place: str, sign: str) -> Spoil:
    """Another sign than the comma between cells."""
    return lambda tree: put(tree / place, (tree / place).read_text().replace(",", sign))


def partition(*rows: str) -> Spoil:
    """A partition file with these rows below its header."""
    return content(PARTITION, "\n".join(("id,partition", *rows)) + "\n")


def video(spelled: str) -> Spoil:
    """One more video in the partition file, its id as it would be spelled in CSV."""
    return partition(*VIDEOS, f"{spelled},train")


def label(old: str, new: str) -> Spoil:
    """A change to the arousal labels of video 1: segments 1, 2, 3 of classes 0, 1, 2."""
    return lambda tree: replace(label_file(tree, "arousal", "1"), old.encode(), new.encode())


def labels(change: Callable[[int], str], target: str = "arousal") -> Spoil:
    """The class of every segment, from the segment's number."""

    def spoil(tree: Path) -> None:
        for path in (tree / "label_segments" / target).iterdir():
            head, *rows = path.read_text().splitlines()
            changed = (row.rsplit(",", 1)[0] + f",{change(int(row.split(',')[2]))}" for row in rows)
            put(path, "\n".join([head, *changed]) + "\n")

    return spoil


def rows(*lines: str) -> Spoil:
    """vggish of video 1 with these rows below a right header."""
    return content(FEATURE_1, "\n".join(("timestamp,segment_id,a,b,c", *lines)) + "\n")


def cell(value: str) -> Spoil:
    """A value in row 3 of vggish of video 1, in the column b."""
    return rows("250,1,0,0,0", f"500,1,0,{value},0", "750,1,0,0,0")


def row_10_000(line: str) -> Spoil:
    """vggish of video 1 with 12,000 rows, one of them this."""
    lines = [f"{250 * step},1,0.5,1,2" for step in range(1, 12_001)]
    lines[9_998] = line
    return rows(*lines)


def folder(name: str) -> Spoil:
    """A copy of a feature's folder under this name."""
    return lambda tree: shutil.copytree(tree / "feature_segments" / "fau", tree / "feature_segments" / name)


def target(name: str) -> Spoil:
    """A copy of a target's folder under this name."""
    return lambda tree: shutil.copytree(tree / "label_segments" / "arousal", tree / "label_segments" / name)


def declared(info: str) -> Spoil:
    """A feature that no row of ours names, with this metadata/info.json."""
    return both(folder("mfcc"), content("metadata/info.json", info))


def later(tree: Path) -> None:
    """The steps of fau of video 2 a quarter of a second after those of the other features."""
    path = feature_file(tree, "fau", "2")
    head, *lines = path.read_text().splitlines()
    moved = (f"{int(stamp) + 250},{rest}" for stamp, rest in (line.split(",", 1) for line in lines))
    put(path, "\n".join([head, *moved]) + "\n")


def constant(tree: Path) -> None:
    """Every value of fau is 7."""
    for path in (tree / "feature_segments" / "fau").iterdir():
        head, *lines = path.read_text().splitlines()
        put(path, "\n".join([head, *(",".join([*line.split(",")[:2], "7", "7"]) for line in lines)]) + "\n")


def renamed(new: str) -> Spoil:
    """Video 1 under another id, in every folder and in the partition file."""

    def spoil(tree: Path) -> None:
        for path in [*tree.rglob("1.csv")]:
            path.rename(path.with_name(f"{new}.csv"))
        spelled = '"' + new.replace('"', '""') + '"' if set(new) & set(',"') else new
        replace(tree / PARTITION, b"\n1,", f"\n{spelled},".encode())

    return spoil


def everywhere(change: Callable[[bytes], bytes]) -> Spoil:
    """The same change to every file of the tree."""

    def spoil(tree: Path) -> None:
        for path in [*tree.rglob("*.csv")]:
            path.write_bytes(change(path.read_bytes()))

    return spoil
