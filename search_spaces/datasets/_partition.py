"""The partition file: which video belongs to train, devel or test."""

import re
from dataclasses import dataclass
from pathlib import Path

from search_spaces.corpus import PARTITIONS, Defect, Notice, Partition, Video
from search_spaces.datasets._files import Row, read_rows, relative

_NUMBER = re.compile("[0-9]{1,18}")  # longer ones are names: nobody counts that far, and int() may refuse them
_WANTED = "one of train, devel, test in the last column"


@dataclass(frozen=True)
class PartitionFile:
    """What the file says; videos as `Corpus.videos` orders them."""

    path: Path
    videos: tuple[Video, ...]
    defects: tuple[Defect, ...]
    notices: tuple[Notice, ...]


def read_partition(root: Path) -> PartitionFile:
    """Reads metadata/partition.csv: the first column is the id and the last the partition, whatever the header says."""
    path = root / "metadata" / "partition.csv"
    file = relative(root, path)
    rows, unreadable = read_rows(root, path)
    if unreadable:
        return PartitionFile(path, (), (unreadable,), ())
    defects: list[Defect] = []
    if rows[0].cells[-1] in PARTITIONS:
        defects.append(Defect(file, "row 1", "a header row like id,partition", ",".join(rows[0].cells)))
    if len(rows[0].cells) > 2 and not rows[0].cells[0]:
        nameless = "a column without a name, as of row numbers"
        defects.append(Defect(file, "row 1", "the id in the first column", nameless))
    videos: dict[str, Video] = {}
    lines: dict[str, int] = {}
    for row in rows[1:]:
        found = _video(file, row)
        if isinstance(found, Defect):
            defects.append(found)
        elif found.id in videos:
            twice = f"the same video as in row {lines[found.id]}"
            defects.append(Defect(file, f"row {row.number}, video {found.id}", "each video once", twice))
        else:
            videos[found.id] = found
            lines[found.id] = row.number
    ordered = tuple(sorted(videos.values(), key=_order))
    for needed in ("train", "devel"):
        if all(video.partition != needed for video in ordered):
            defects.append(Defect(file, "", f"at least one {needed} video", "none"))
    notices: tuple[Notice, ...] = ()
    if ordered and all(video.partition != "test" for video in ordered):
        notices = (Notice("partitions without a video", 1, "test"),)
    return PartitionFile(path, ordered, tuple(defects), notices)


def _video(file: str, row: Row) -> Video | Defect:
    name, spelled = row.cells[0], row.cells[-1]
    where = f"row {row.number}, video {name}"
    if len(row.cells) < 2:
        wanted = "an id and a partition, a comma between"
        return Defect(file, f"row {row.number}", wanted, ",".join(row.cells) or "a blank")
    if not name or name.startswith(".") or not name.isprintable() or any(sign in name for sign in "/\\:"):
        return Defect(file, f"row {row.number}", "an id that is the stem of the video's files", repr(name))
    partition: Partition | None = next((known for known in PARTITIONS if known == spelled), None)
    if partition is None:
        return Defect(file, where, _WANTED, repr(spelled))
    return Video(name, partition)


def _order(video: Video) -> tuple[int, int, str]:
    number = int(video.id) if _NUMBER.fullmatch(video.id) else -1
    return PARTITIONS.index(video.partition), number, video.id
