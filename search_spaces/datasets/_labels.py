"""The label files: one class a segment and target, joined on segment_id and never by position."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from search_spaces.corpus import MASKED, Defect, Notice, Span, Video
from search_spaces.datasets._files import Row, missing, read_rows, relative, whole
from search_spaces.datasets._folders import broken_links, csv_files, folders, strangers
from search_spaces.features import NAME
from search_spaces.settings import N_CLASSES

_HEADER = "a header like start,end,segment_id,class_id or timestamp,segment_id,class_id"
_BLANKS = ("", "nan")


@dataclass(frozen=True)
class LabelFolders:
    """Everything under label_segments/; `labels` and `times` as in Corpus."""

    labels: Mapping[str, Mapping[str, Mapping[int, int]]]
    times: Mapping[str, Mapping[str, Mapping[int, Span]]]
    files: tuple[Path, ...]
    defects: tuple[Defect, ...]
    notices: tuple[Notice, ...]


@dataclass(frozen=True)
class _LabelFile:
    classes: Mapping[int, int]
    times: Mapping[int, Span] = field(default_factory=dict)
    defects: tuple[Defect, ...] = ()
    classless: bool = False  # a readable header without class_id: a continuous target


def read_labels(root: Path, videos: tuple[Video, ...]) -> LabelFolders:
    """Reads the label files of every target that has classes; a continuous target is left out with a notice."""
    labels: dict[str, dict[str, Mapping[int, int]]] = {}
    times: dict[str, dict[str, Mapping[int, Span]]] = {}
    files: list[Path] = []
    defects = [*broken_links(root, root / "label_segments")]
    notices: list[Notice] = []
    targets = folders(root / "label_segments")
    for folder in targets:
        present = csv_files(folder)
        parsed = {v.id: _read_file(root, present[v.id]) for v in videos if v.id in present}
        if parsed and all(file.classless for file in parsed.values()):
            example = relative(root, present[next(iter(parsed))])
            notices.append(Notice("targets without class_id (continuous), left out", 1, example))
            continue
        if not NAME.fullmatch(folder.name):
            defects.append(Defect(relative(root, folder), "", "a target in lower case, like arousal", folder.name))
            continue
        if videos and not parsed:
            defects.append(Defect(relative(root, folder), "", "one CSV file a video of the partition", "none"))
            continue
        defects.extend(missing(root, folder / f"{v.id}.csv") for v in videos if v.id not in present)
        for file in parsed.values():
            defects.extend(file.defects)
        labels[folder.name] = {video: file.classes for video, file in parsed.items() if not file.defects}
        times[folder.name] = {video: file.times for video, file in parsed.items()}
        files.extend(present[video] for video in parsed)
        notices.extend(_class_notices(root, folder, labels[folder.name], videos))
        if len(labels[folder.name]) == len(videos):
            defects.extend(_unlabelled(root, folder, labels[folder.name], videos))
    if not labels and not defects:
        defects.append(Defect("label_segments", "", "a folder a target, like label_segments/arousal", "none"))
    notices.extend(strangers(root, "label", targets, videos))
    return LabelFolders(labels, times, tuple(files), tuple(defects), tuple(notices))


def _read_file(root: Path, path: Path) -> _LabelFile:
    file = relative(root, path)
    rows, unreadable = read_rows(root, path)
    if unreadable:
        return _LabelFile({}, defects=(unreadable,))
    header = rows[0].cells
    if "class_id" not in header or header.count("class_id") > 1 or header.count("segment_id") != 1:
        defect = Defect(file, "row 1", _HEADER, ",".join(header))
        classless = "class_id" not in header and "segment_id" in header
        return _LabelFile({}, defects=(defect,), classless=classless)
    classes: dict[int, int] = {}
    times: dict[int, Span] = {}
    lines: dict[int, int] = {}
    defects: list[Defect] = []
    for row in rows[1:]:
        found = _label(file, path.stem, header, row)
        if isinstance(found, Defect):
            defects.append(found)
        elif found[0] in classes:
            where = f"row {row.number}, video {path.stem}, segment {found[0]}"
            defects.append(Defect(file, where, "one row a segment", f"the segment of row {lines[found[0]]} again"))
        else:
            classes[found[0]] = found[1]
            lines[found[0]] = row.number
            if (span := _span(header, row)) is not None:
                times[found[0]] = span
    return _LabelFile(classes, times, tuple(defects))


def _span(header: tuple[str, ...], row: Row) -> Span | None:
    """The time that a row says its segment has; of one timestamp that millisecond."""
    said = dict(zip(header, map(whole, row.cells), strict=False))
    first = said.get("start", said.get("timestamp"))
    end = said.get("end", None if first is None else first + 1)
    return None if first is None or end is None else (first, end)


def _label(file: str, video: str, header: tuple[str, ...], row: Row) -> tuple[int, int] | Defect:
    """Segment and class of one row. A masked row may lack its last cell where that is the class."""
    where = f"row {row.number}, video {video}"
    cells = row.cells
    if len(cells) == len(header) - 1 and header[-1] == "class_id":
        cells = (*cells, "")
    if len(cells) != len(header):
        return Defect(file, where, f"{len(header)} cells as in the header", str(len(cells)))
    spelled, text = cells[header.index("segment_id")], cells[header.index("class_id")]
    segment = whole(spelled)
    if segment is None or segment < 1:
        return Defect(file, where, "a whole segment_id from 1", repr(spelled))
    if text.lower() in _BLANKS:
        return segment, MASKED
    found = whole(text)
    if found is None or not 0 <= found < N_CLASSES:
        return Defect(
            file, f"{where}, segment {segment}", f"a class_id from 0 to {N_CLASSES - 1}, or a blank", repr(text)
        )
    return segment, found


def _class_notices(
    root: Path, folder: Path, labels: Mapping[str, Mapping[int, int]], videos: tuple[Video, ...]
) -> Iterator[Notice]:
    """Blank classes, and classes that train never shows."""
    what = {
        "test": f"test labels of {folder.name} that are masked",
        "train": f"train labels of {folder.name} that are blank (not trained on)",
        "devel": f"devel labels of {folder.name} that are blank (not scored)",
    }
    blanks: dict[str, list[str]] = {}
    shown: Counter[int] = Counter()
    for video in videos:
        for segment, found in labels.get(video.id, {}).items():
            if found == MASKED:
                place = f"{relative(root, folder)}/{video.id}.csv, segment {segment}"
                blanks.setdefault(what[video.partition], []).append(place)
            elif video.partition == "train":
                shown[found] += 1
    yield from (Notice(kind, len(places), places[0]) for kind, places in blanks.items())
    absent = [str(number) for number in range(N_CLASSES) if not shown[number]]
    if absent and shown:
        yield Notice(f"classes of {folder.name} that train lacks", len(absent), f"class {', '.join(absent)}")


def _unlabelled(
    root: Path, folder: Path, labels: Mapping[str, Mapping[int, int]], videos: tuple[Video, ...]
) -> Iterator[Defect]:
    """Without two classes in train nothing can be learned, without one in devel nothing can be chosen."""
    for needed in ("train", "devel"):
        of_videos = [labels.get(video.id, {}).values() for video in videos if video.partition == needed]
        shown = {found for classes in of_videos for found in classes} - {MASKED}
        if of_videos and not shown:
            yield Defect(relative(root, folder), "", f"a class for at least one {needed} segment", "none")
        elif needed == "train" and len(shown) == 1:
            found = f"class {shown.pop()} alone"
            yield Defect(relative(root, folder), "", "two classes or more among the train segments", found)
