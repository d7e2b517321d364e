"""The files of a sample tree: what stands in each, byte for byte."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from search_spaces.corpus import PARTITIONS
from search_spaces.settings import N_CLASSES
from sweep._sample_plan import SHARES, STEP_MS, PlannedVideo, Segment
from sweep._sample_signal import EXTRACTORS, Array, Extractor, hidden_courses, missing_rows, render

MARKER = "sample.json"


class SampleParameters(BaseModel):
    """Everything a sample tree depends on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1  # counts up whenever the same parameters give other bytes
    seed: int
    scale: float
    masked_test: bool
    real_widths: bool


class SampleContents(BaseModel):
    """What a sample tree holds: the text of `sample.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    parameters: SampleParameters
    videos: dict[str, int]  # partition -> count
    segments: dict[str, int]
    steps: dict[str, int]
    classes: dict[str, dict[str, tuple[int, ...]]]  # target -> partition -> segments of class 0…4
    features: dict[str, int]  # feature -> width
    size_bytes: int  # of all CSV files


def write_files(folder: Path, parameters: SampleParameters, videos: tuple[PlannedVideo, ...]) -> SampleContents:
    """Writes every file of a tree into an empty folder, the marker last.

    Returns:
        What the marker says.
    """
    for target in SHARES:
        (folder / "label_segments" / target).mkdir(parents=True)
    for extractor in EXTRACTORS:
        (folder / "feature_segments" / extractor.folder).mkdir(parents=True)
    (folder / "metadata").mkdir()
    lines = ["Id,Proposal", *(f"{video.id},{video.partition}" for video in videos)]
    size = _write(folder / "metadata" / "partition.csv", lines)
    extractors = tuple(e.at_real_width() if parameters.real_widths else e for e in EXTRACTORS)
    for video in videos:
        size += _write_labels(folder, video, masked=parameters.masked_test and video.partition == "test")
        courses, gone = hidden_courses(video, parameters.seed), missing_rows(video, parameters.seed)
        for extractor in extractors:
            path = folder / "feature_segments" / extractor.folder / f"{video.id}.csv"
            size += _write_feature(path, extractor, video, render(extractor, video, parameters.seed, courses, gone))
    contents = _contents(parameters, videos, extractors, size)
    (folder / MARKER).write_bytes(contents.model_dump_json(indent=1).encode() + b"\n")
    return contents


def _write_labels(folder: Path, video: PlannedVideo, *, masked: bool) -> int:
    size = 0
    for target in SHARES:
        rows = ["start,end,segment_id,class_id"]
        for s in video.segments:
            rows.append(f"{s.start_ms},{s.end_ms},{s.id}" + ("" if masked else f",{s.classes[target]}"))
        size += _write(folder / "label_segments" / target / f"{video.id}.csv", rows)
    return size


def _write_feature(path: Path, extractor: Extractor, video: PlannedVideo, values: Array) -> int:
    meta = ((s.start_ms + STEP_MS * t, s.id) for s in video.segments for t in range(s.steps))
    form = "%d,%d" + ",%.4g" * extractor.width
    header = ",".join(("timestamp", "segment_id", *extractor.columns(video.id)))
    return _write(path, [header, *(form % (*pair, *row) for pair, row in zip(meta, values.tolist(), strict=True))])


def _write(path: Path, lines: list[str]) -> int:
    # No fsync: the tree is renamed into place when whole, and can be made again at any time.
    return path.write_bytes("\n".join([*lines, ""]).encode())


def _contents(
    parameters: SampleParameters, videos: tuple[PlannedVideo, ...], extractors: tuple[Extractor, ...], size: int
) -> SampleContents:
    segments = {part: [s for v in videos if v.partition == part for s in v.segments] for part in PARTITIONS}
    return SampleContents(
        parameters=parameters,
        videos={part: sum(v.partition == part for v in videos) for part in PARTITIONS},
        segments={part: len(members) for part, members in segments.items()},
        steps={part: sum(s.steps for s in members) for part, members in segments.items()},
        classes={target: {p: _histogram(target, members) for p, members in segments.items()} for target in SHARES},
        features={extractor.name: extractor.width for extractor in extractors},
        size_bytes=size,
    )


def _histogram(target: str, segments: list[Segment]) -> tuple[int, ...]:
    found = [segment.classes[target] for segment in segments]
    return tuple(found.count(c) for c in range(N_CLASSES))
