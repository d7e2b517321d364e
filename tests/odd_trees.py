"""Trees that are odd and right all the same: each is taken, and what is worth knowing is said."""

from pathlib import Path

from tests.broken import Broken
from tests.spoil import LABELS_1, PARTITION, both, content, declared, everywhere, label, labels, renamed
from tests.trees import feature_file

RIGHT = "tree: no defects. 4 videos, 12 segments, 32 steps, 3 features, targets arousal, valence."


def _quoted(data: bytes) -> bytes:
    return b"".join(b'"' + line.replace(b",", b'","') + b'"\n' for line in data.splitlines())


def _shifted(tree: Path) -> None:
    """The columns of one file of vggish counted from 1 where the others count from 0."""
    path = feature_file(tree, "vggish", "2")
    head, *lines = path.read_text().splitlines()
    path.write_text("\n".join([head.replace("_2", "_3").replace("_1", "_2").replace("_0", "_1"), *lines]) + "\n")


def _no_face(tree: Path) -> None:
    path = feature_file(tree, "fau", "1")
    lines = path.read_text().splitlines()
    lines[1:3] = ["250,1,0,0", "500,1,0,0"]
    path.write_text("\n".join(lines) + "\n")


def _constant(tree: Path) -> None:
    for path in (tree / "feature_segments" / "fau").iterdir():
        head, *lines = path.read_text().splitlines()
        path.write_text("\n".join([head, *(line.rsplit(",", 1)[0] + ",7" for line in lines)]) + "\n")


def _gap_in_ids(tree: Path) -> None:
    """Segment 3 of video 1 is called 7, in every file."""
    for path in [*tree.rglob("1.csv")]:
        head, *lines = path.read_text().splitlines()
        changed = []
        for line in lines:
            cells = line.split(",")
            place = 2 if "label_segments" in str(path) else 1
            cells[place] = cells[place].replace("3", "7")
            changed.append(",".join(cells))
        path.write_text("\n".join([head, *changed]) + "\n")


ODD = (
    Broken("byte order marks", everywhere(lambda data: b"\xef\xbb\xbf" + data), (RIGHT,)),
    Broken("Windows line ends", everywhere(lambda data: data.replace(b"\n", b"\r\n")), (RIGHT,)),
    Broken("no last line end", everywhere(lambda data: data.rstrip(b"\n")), (RIGHT,)),
    Broken("blank lines", everywhere(lambda data: data + b"\n\n"), (RIGHT,)),
    Broken("quoted cells", everywhere(_quoted), (RIGHT,)),
    Broken(
        "a class missing in train",
        labels(str),
        (RIGHT, "arousal that train lacks: 2 (e.g. class 0, 4)"),
    ),
    Broken(
        "one class in devel alone",
        content("label_segments/arousal/3.csv", "segment_id,class_id\n1,4\n2,4\n3,4\n"),
        (RIGHT,),
    ),
    Broken("classes as fractions", labels(lambda segment: f"{segment}.0"), (RIGHT,)),
    Broken(
        "a blank class", label(",1,0\n", ",1,\n"), (RIGHT, "train labels of arousal that are blank (not trained on): 1")
    ),
    Broken(
        "test rows short",
        content("label_segments/arousal/4.csv", "start,end,segment_id,class_id\n1,2,1\n1,2,2\n1,2,3\n"),
        (RIGHT, "test labels of arousal that are masked: 3 (e.g. label_segments/arousal/4.csv, segment 1)"),
    ),
    Broken("label rows in disorder", content(LABELS_1, "segment_id,class_id\n3,2\n1,0\n2,1\n"), (RIGHT,)),
    Broken(
        "no test",
        content(PARTITION, "id,p\n1,train\n2,train\n3,devel\n"),
        ("partitions without a video: 1 (e.g. test)", "feature files but not in the partition file, left out: 1 (e.g."),
    ),
    Broken(
        "columns shifted by one",
        _shifted,
        (RIGHT, "column names differ from the feature's other files (matched by position): 1"),
    ),
    Broken("rows of zeros", _no_face, (RIGHT, "steps of fau that are all zero: 2 (e.g. video 1, segment 1)")),
    Broken("a constant column", _constant, (RIGHT, "columns of fau that are constant on train: 1 (e.g. column 2)")),
    Broken(
        "a gap in segment ids",
        _gap_in_ids,
        (RIGHT, "gaps in segment ids: 1 (e.g. feature_segments/vggish/1.csv, segment 7 follows 2)"),
    ),
    Broken(
        "a feature of its own", declared('{"features": {"mfcc": {"modality": "A"}}}'), ("no defects.", "4 features")
    ),
    Broken(
        "info.json with a mark",
        both(declared("{}"), content("metadata/info.json", b'\xef\xbb\xbf{"features": {"mfcc": {"modality": "v"}}}')),
        ("no defects.",),
    ),
    Broken("video a,b", renamed("a,b"), (RIGHT,)),
    Broken("video Käthe ü", renamed("Käthe ü"), (RIGHT,)),
    Broken(
        "video <b>",
        renamed("<b>"),
        (RIGHT, "segments of one step: 4 (e.g. feature_segments/vggish/<b>.csv, segment 2)"),
    ),
    Broken("video [b]", renamed("[b]"), (RIGHT,)),
    Broken("video =1+1", renamed("=1+1"), (RIGHT,)),
    Broken("video of 200 digits", renamed("0" * 200), (RIGHT,)),
    Broken("a folder of Mac leftovers", content("feature_segments/vggish/._1.csv", b"\0\1"), (RIGHT,)),
    Broken("a note beside the features", content("feature_segments/README.txt", "hello"), (RIGHT,)),
    Broken(
        "a continuous target",
        content("label_segments/eda/1.csv", "timestamp,segment_id,value\n1,1,0.5\n"),
        (RIGHT, "targets without class_id (continuous), left out: 1 (e.g. label_segments/eda/1.csv)"),
    ),
)
