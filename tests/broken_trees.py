"""Trees whose partition file or labels are broken; those with broken features are `broken_features`."""

from tests.broken import Broken, folder_instead, loop
from tests.spoil import (
    LABELS_1,
    PARTITION,
    at,
    content,
    file_instead,
    gone,
    label,
    labels,
    partition,
    separated,
    target,
    video,
)

_ID = "an id that is the stem of the video's files"
_HEADER = "a header like start,end,segment_id,class_id or timestamp,segment_id,class_id"
_CLASS = "a class_id from 0 to 4, or a blank"
_LOWER = "a target in lower case, like arousal"

PARTITIONS = (
    Broken(
        "no partition file", at(PARTITION, gone), (f"{PARTITION}, video partition: expected a CSV file, found no such",)
    ),
    Broken("empty partition file", content(PARTITION, ""), (f"{PARTITION}: expected content, found an empty file",)),
    Broken("byte order mark alone", content(PARTITION, b"\xef\xbb\xbf"), (f"{PARTITION}: expected content",)),
    Broken("header alone", partition(), (f"{PARTITION}: expected at least one train video, found none",)),
    Broken(
        "no devel", partition("1,train", "4,test"), (f"{PARTITION}: expected at least one devel video, found none",)
    ),
    Broken(
        "no train", partition("3,devel", "4,test"), (f"{PARTITION}: expected at least one train video, found none",)
    ),
    Broken(
        "row numbers before the ids",
        content(PARTITION, ",Id,Proposal\n1,3,train\n2,4,train\n3,1,devel\n4,2,test\n"),
        (f"{PARTITION}, row 1: expected the id in the first column, found a column without a name, as of row numbers",),
    ),
    Broken("in two partitions", video("3"), ("row 6, video 3: expected each video once", "the same video as in row 4")),
    Broken("video twice", video("1"), ("row 6, video 1: expected each video once", "the same video as in row 2")),
    Broken(
        "partition dev", partition("1,train", "3,dev"), ("row 3, video 3: expected one of train, devel, test", "'dev'")
    ),
    Broken(
        "no partition", partition("1,train", "3,"), ("row 3, video 3: expected one of train, devel, test", "found ''")
    ),
    Broken("one column", partition("1", "2"), ("row 2: expected an id and a partition, a comma between, found 1",)),
    Broken(
        "semicolons", separated(PARTITION, ";"), ("row 2: expected an id and a partition, a comma between, found 1;",)
    ),
    Broken("blank id", video(""), (f"row 6: expected {_ID}, found ''",)),
    Broken("id ../x", video("../x"), (f"row 6: expected {_ID}, found '../x'",)),
    Broken("id /etc/passwd", video("/etc/passwd"), (f"row 6: expected {_ID}, found '/etc/passwd'",)),
    Broken("id C:\\x", video("C:\\x"), (f"row 6: expected {_ID}, found 'C:\\\\x'",)),
    Broken("id with newline", video('"a\nb"'), (f"row 7: expected {_ID}, found 'a\\nb'",)),
    Broken("id with escape", video("\x1b[31mred"), (f"row 6: expected {_ID}, found '\\x1b[31mred'",)),
    Broken("id of 300 characters", video("x" * 300), (f"{'x' * 300}.csv", "video xxx", "expected a CSV file")),
    Broken("id of 5000 digits", video("7" * 5000), ("7" * 5000 + ".csv", "expected a CSV file")),
    Broken(
        "id a,b", video('"a,b"'), ("feature_segments/fau/a,b.csv, video a,b: expected a CSV file, found no such file",)
    ),
    Broken("id =1+1", video("=1+1"), ("feature_segments/fau/=1+1.csv, video =1+1: expected a CSV file",)),
    Broken("id of HTML", video("<b>"), ("feature_segments/fau/<b>.csv, video <b>: expected a CSV file",)),
    Broken("id of markup", video("[b]"), ("feature_segments/fau/[b].csv, video [b]: expected a CSV file",)),
    Broken("open quote", video('"7'), (f"{PARTITION}, row 6: expected comma-separated cells",)),
    Broken("Latin-1", content(PARTITION, b"id,p\nM\xfcller,train\n"), (f"{PARTITION}, row 2: expected UTF-8 text",)),
    Broken("binary", content(PARTITION, bytes(range(256))), (f"{PARTITION}, row 1: expected text, found a NUL byte",)),
    Broken("huge cell", video("x" * 140_000), (f"{PARTITION}, row 6: expected comma-separated cells", "field limit")),
    Broken("folder instead", at(PARTITION, folder_instead), (f"{PARTITION}: expected a file that can be read",)),
    Broken("link to itself", at(PARTITION, loop), (f"{PARTITION}: expected a file that can be read, found Too many",)),
    Broken("metadata a file", at("metadata", file_instead), (f"{PARTITION}: expected a file that can be read",)),
)

LABELS = (
    Broken(
        "class 7", label(",1,0\n", ",1,7\n"), (f"{LABELS_1}, row 2, video 1, segment 1: expected {_CLASS}, found '7'",)
    ),
    Broken("class -1", label(",1,0\n", ",1,-1\n"), (f"segment 1: expected {_CLASS}, found '-1'",)),
    Broken("class 1.5", label(",1,0\n", ",1,1.5\n"), (f"segment 1: expected {_CLASS}, found '1.5'",)),
    Broken("class inf", label(",1,0\n", ",1,inf\n"), (f"segment 1: expected {_CLASS}, found 'inf'",)),
    Broken("class 1e308", label(",1,0\n", ",1,1e308\n"), (f"segment 1: expected {_CLASS}, found '1e308'",)),
    Broken("class a formula", label(",1,0\n", ",1,=1+1\n"), (f"segment 1: expected {_CLASS}, found '=1+1'",)),
    Broken(
        "classes all equal",
        labels(lambda _: "2"),
        ("label_segments/arousal: expected two classes or more among the train segments, found class 2 alone",),
    ),
    Broken(
        "classes all blank",
        labels(lambda _: ""),
        ("expected a class for at least one train segment, found none", "for at least one devel segment, found none"),
    ),
    Broken("segment 0", label(",1,0\n", ",0,0\n"), ("row 2, video 1: expected a whole segment_id from 1, found '0'",)),
    Broken(
        "segment nan", label(",1,0\n", ",nan,0\n"), ("row 2, video 1: expected a whole segment_id from 1, found 'nan'",)
    ),
    Broken("segment twice", label(",2,1\n", ",1,1\n"), ("row 3, video 1, segment 1: expected one row a segment",)),
    Broken(
        "segment unknown",
        label(",3,2\n", ",9,2\n"),
        ("segment 9: expected steps in the feature files", "segment 3: expected a label row for the segment"),
    ),
    Broken(
        "class_id twice", content(LABELS_1, "class_id,segment_id,class_id\n1,1,1\n"), (f"row 1: expected {_HEADER}",)
    ),
    Broken(
        "one file continuous", content(LABELS_1, "timestamp,segment_id,value\n1,1,1\n"), (f"row 1: expected {_HEADER}",)
    ),
    Broken(
        "row too short",
        content(LABELS_1, "start,end,segment_id,class_id\n0,250\n"),
        (f"{LABELS_1}, row 2, video 1: expected 4 cells as in the header, found 2",),
    ),
    Broken("empty labels", content(LABELS_1, ""), (f"{LABELS_1}: expected content, found an empty file",)),
    Broken(
        "blanks for labels", content(LABELS_1, " \n\n \t\n"), (f"{LABELS_1}: expected content, found an empty file",)
    ),
    Broken("mark for labels", content(LABELS_1, b"\xef\xbb\xbf\n"), (f"{LABELS_1}: expected content",)),
    Broken(
        "semicolons in labels", separated(LABELS_1, ";"), (f"{LABELS_1}, row 1: expected {_HEADER}, found start;end",)
    ),
    Broken(
        "label link to itself", at(LABELS_1, loop), (f"{LABELS_1}: expected a file that can be read, found Too many",)
    ),
    Broken(
        "label file missing", at(LABELS_1, gone), (f"{LABELS_1}, video 1: expected a CSV file, found no such file",)
    ),
    Broken("labels a file", at("label_segments", file_instead), ("label_segments: expected a folder a target",)),
    Broken(
        "target link to nowhere",
        lambda tree: (tree / "label_segments" / "anger").symlink_to("/nowhere/anger"),
        ("label_segments/anger: expected a folder, found a symbolic link to /nowhere/anger, which leads nowhere",),
    ),
    Broken("target in capitals", target("Anger"), (f"label_segments/Anger: expected {_LOWER}, found Anger",)),
    Broken("target a,b", target("a,b"), (f"label_segments/a,b: expected {_LOWER}, found a,b",)),
    Broken("target with newline", target("a\nb"), (f"label_segments/a\\nb: expected {_LOWER}, found a\\nb",)),
    Broken("target of HTML", target("<b>"), (f"label_segments/<b>: expected {_LOWER}, found <b>",)),
    Broken("target of 200 characters", target("x" * 200), (f"expected {_LOWER}, found xxx",)),
)
