"""Trees whose feature files or folders are broken."""

import os

from tests.broken import Broken, folder_instead, loop
from tests.spoil import (
    FEATURE_1,
    at,
    both,
    cell,
    constant,
    content,
    declared,
    file_instead,
    folder,
    gone,
    later,
    pipe_instead,
    row_10_000,
    rows,
    separated,
)

_FINITE = "row 3, video 1, segment 1: expected finite numbers, found"
_STEPS = "a header timestamp,segment_id and at least one feature column"
_NAME = "a feature's name of lower-case letters, digits, '_', '.' or '-'"
_MODALITY = "feature mfcc: expected its modality (A, V or T) in metadata/info.json"
_INFO = "metadata/info.json"

FILES = (
    Broken("empty file", content(FEATURE_1, ""), (f"{FEATURE_1}: expected content, found an empty file",)),
    Broken("mark alone", content(FEATURE_1, b"\xef\xbb\xbf"), (f"{FEATURE_1}", "expected")),
    Broken("header alone", rows(), (f"{FEATURE_1}, video 1: expected at least one row below the header, found none",)),
    Broken(
        "no header", content(FEATURE_1, "250,1,0,0,0\n"), (f"{FEATURE_1}, row 1: expected {_STEPS}, found 250,1,0",)
    ),
    Broken(
        "no columns", content(FEATURE_1, "timestamp,segment_id\n250,1\n"), (f"{FEATURE_1}, row 1: expected {_STEPS}",)
    ),
    Broken(
        "huge header",
        content(FEATURE_1, f"timestamp,segment_id,{'x' * 140_000}\n1,1,1\n"),
        (f"{FEATURE_1}, row 1: expected",),
    ),
    Broken(
        "duplicate timestamp column",
        content(FEATURE_1, "timestamp,timestamp,a\n1,1,1\n"),
        (f"row 1: expected {_STEPS}",),
    ),
    Broken("NaN", cell("NaN"), (f"{FEATURE_1}, {_FINITE} 'NaN' in column 4 (b)",)),
    Broken("inf", cell("-inf"), (f"{FEATURE_1}, {_FINITE} '-inf' in column 4 (b)",)),
    Broken("1e308", cell("1e308"), (f"{_FINITE} 1e308 (beyond float32, at most 3.4e+38) in column 4 (b)",)),
    Broken("1e999", cell("1e999"), (f"{_FINITE} '1e999' in column 4 (b)",)),
    Broken("blank", cell(""), (f"{_FINITE} a blank in column 4 (b)",)),
    Broken("decimal comma", cell('"0,5"'), (f"{_FINITE} '0,5' in column 4 (b)",)),
    Broken("formula", cell("=1+1"), (f"{_FINITE} '=1+1' in column 4 (b)",)),
    Broken("hexadecimal", cell("0x1F"), (f"{_FINITE} '0x1F' in column 4 (b)",)),
    Broken("underscore", cell("1_0"), (f"{_FINITE} '1_0' in column 4 (b)",)),
    Broken("Arabic digits", cell("٣"), (f"{_FINITE} '٣' in column 4 (b)",)),
    Broken("HTML in a cell", cell("<script>"), (f"{_FINITE} '<script>' in column 4 (b)",)),
    Broken("binary in a cell", cell("\x01\x02"), (f"{_FINITE} '\\x01\\x02' in column 4 (b)",)),
    Broken(
        "cell too many", rows("250,1,0,0,0", "500,1,0,0,0,0"), ("row 3", "expected 5 cells as in the header, found 6")
    ),
    Broken(
        "cell too few in row 10,000",
        row_10_000("2499750,1,0.5,1"),
        (f"{FEATURE_1}, row 10000, video 1, segment 1: expected 5 cells as in the header, found 4",),
    ),
    Broken(
        "word in row 10,000",
        row_10_000("2499750,1,0.5,1,zwei"),
        (f"{FEATURE_1}, row 10000, video 1, segment 1: expected finite numbers, found 'zwei' in column 5 (c)",),
    ),
    Broken(
        "timestamp twice",
        rows("250,1,0,0,0", "250,1,0,0,0"),
        ("row 3", "expected each timestamp once, found 250 of row 2"),
    ),
    Broken(
        "time backwards",
        rows("500,1,0,0,0", "250,1,0,0,0"),
        ("row 3", "expected a timestamp after 500 (row 2), found 250"),
    ),
    Broken(
        "half a millisecond",
        rows("250.5,1,0,0,0"),
        ("row 2", "expected a timestamp in whole milliseconds, found '250.5'"),
    ),
    Broken(
        "timestamp of 20 digits", rows(f"{10**19},1,0,0,0"), ("row 2", "expected a timestamp in whole milliseconds")
    ),
    Broken("segment blank", rows("250,,0,0,0"), ("row 2", "expected a whole segment_id from 1, found ''")),
    Broken(
        "segment in two places",
        rows("250,1,0,0,0", "500,2,0,0,0", "750,1,0,0,0"),
        ("row 4, video 1, segment 1: expected the rows of a segment together, found segment 1 again after segment 2",),
    ),
    Broken(
        "semicolons",
        separated(FEATURE_1, ";"),
        (f"{FEATURE_1}, row 1: expected {_STEPS}, found timestamp;segment_id;",),
    ),
    Broken("NUL bytes", rows("250,1,0,0,0", "\0" * 40), (f"{FEATURE_1}, row 3: expected text, found a NUL byte",)),
    Broken(
        "UTF-16",
        content(FEATURE_1, "timestamp,segment_id,a\n".encode("utf-16")),
        (f"{FEATURE_1}, row 1: expected text",),
    ),
    Broken(
        "Latin-1",
        content(FEATURE_1, b"timestamp,segment_id,a\n1,1,\xfc\n"),
        (f"{FEATURE_1}, row 2: expected UTF-8 text",),
    ),
    Broken("folder instead", at(FEATURE_1, folder_instead), (f"{FEATURE_1}: expected a file that can be read",)),
    Broken(
        "link to itself",
        at(FEATURE_1, loop),
        (f"{FEATURE_1}: expected a file that can be read, found Too many levels",),
    ),
    Broken("pipe instead", at(FEATURE_1, pipe_instead), (f"{FEATURE_1}: expected a file that can be read",)),
    Broken(
        "missing", at("feature_segments/fau/2.csv", gone), ("feature_segments/fau/2.csv, video 2: expected a CSV file",)
    ),
)

FOLDERS = (
    Broken(
        "another width",
        content("feature_segments/fau/1.csv", "timestamp,segment_id,a\n250,1,0\n"),
        ("feature_segments/fau/1.csv, video 1: expected 2 feature columns as in 3 of the 4 files of fau, found 1",),
    ),
    Broken(
        "other steps",
        later,
        ("feature_segments/fau/2.csv, step 1, video 2, segment 1: expected timestamp 250 in segment 1",),
    ),
    Broken("no features", at("feature_segments", gone), ("feature_segments: expected a folder a feature",)),
    Broken("features a file", at("feature_segments", file_instead), ("feature_segments: expected a folder a feature",)),
    Broken(
        "feature empty",
        lambda tree: (tree / "feature_segments" / "vggface").mkdir(),
        ("feature_segments/vggface: expected one CSV file a video of the partition, found none",),
    ),
    Broken(
        "feature that never changes",
        constant,
        ("feature_segments/fau: expected a column that changes among the train steps, found none (leave the folder",),
    ),
    Broken(
        "two folders for fau", folder("au"), ("feature fau: expected one folder for the feature, found au and fau",)
    ),
    Broken(
        "feature link to itself",
        both(at("feature_segments/fau", gone), at("feature_segments/fau", loop)),
        ("feature_segments/fau: expected a folder, found a symbolic link to fau, which leads nowhere",),
    ),
    Broken("feature a,b", folder("a,b"), (f"feature_segments/a,b: expected {_NAME}, found 'a,b'",)),
    Broken("feature in capitals", folder("MFCC"), (f"feature_segments/MFCC: expected {_NAME}, found 'MFCC'",)),
    Broken("feature with newline", folder("a\nb"), (f"feature_segments/a\\nb: expected {_NAME}, found 'a\\nb'",)),
    Broken(
        "feature with escape", folder("\x1b[2J"), (f"feature_segments/\\x1b[2J: expected {_NAME}, found '\\x1b[2J'",)
    ),
    Broken("feature of HTML", folder("<script>"), (f"feature_segments/<script>: expected {_NAME}, found '<script>'",)),
    Broken("feature of markup", folder("[bold]"), (f"feature_segments/[bold]: expected {_NAME}, found '[bold]'",)),
    Broken("feature =1+1", folder("=1+1"), (f"feature_segments/=1+1: expected {_NAME}, found '=1+1'",)),
    Broken("feature of 200 characters", folder("x" * 200), (f"expected {_NAME}, found 'xxx",)),
    Broken("feature größe", folder("größe"), (f"feature_segments/größe: expected {_NAME}, found 'größe'",)),
    Broken("feature in no encoding", folder(os.fsdecode(b"\xff")), (f"feature_segments/\\udcff: expected {_NAME}",)),
    Broken(
        "feature named rest",
        folder("rest"),
        ("feature_segments/rest: expected a feature's name that is no role of a space (best, better, next, rest)",),
    ),
    Broken("no modality", folder("mfcc"), (_MODALITY, "found no modality")),
    Broken("modality smell", declared('{"features": {"mfcc": {"modality": "smell"}}}'), (_MODALITY, "found 'smell'")),
    Broken("info.json a list", declared("[1]"), (_MODALITY, "found no modality")),
    Broken(
        "info.json cut short", declared('{"features": {'), (f"{_INFO}: expected JSON, found Expecting property name",)
    ),
    Broken(
        "info.json nested deep", declared("[" * 100_000), (f"{_INFO}: expected JSON, found maximum recursion depth",)
    ),
    Broken("info.json of huge numbers", declared("9" * 6000), (f"{_INFO}: expected JSON, found Exceeds the limit",)),
    Broken("info.json link to itself", both(folder("mfcc"), at(_INFO, loop)), (_MODALITY,)),
)
