"""The fast pass over a feature file gives what the careful pass gives, or leaves the file to it."""

import random
import tracemalloc
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from search_spaces.corpus import FeatureTable
from search_spaces.datasets import _feature_cells, muse2021
from search_spaces.datasets._feature_file import META, FeatureText, read_fast
from search_spaces.datasets._feature_rows import read_carefully
from tests.trees import feature_file, partition_of, set_row, write_tree

PLAIN = (
    "0.1", "-2", "17.123456789012345",
    "0.0000000000067388886835846", "9007199254740993", "0.1000000000000000055511151231257827021181583404541015625",
    "1e-45", "7e-46", "4.9e-324", "1e-400", "2.2250738585072011e-308", "1E5", "1e+05", "1e05", "+1", "1.", ".5", "-0",
    "00012", "3.4028234663852886e38", "3.4028235677973362e38", " 1 ", "123456789012345678901234567890e-20",
)  # fmt: skip
"""What the fast pass must read; 3.4028235677973366e38 would be the first that float32 rounds to infinity."""

REFUSED = (
    "", " ", "nan", "NaN", "NA", "null", "inf", "-inf", "Infinity", "1e400", "3.4028235677973366e38", "1_0", "0x10",
    "0b1", "1e", "1e+", "e5", "--1", "+-1", "1-", "1..2", "1.2.3", "1 2", "1 e5", "1e 5", "1e5.0", "1f", "1d5", "1j",
    "True", "#1", "'1'", "\\1", "(1)", "1%", "\ufeff1", "\u0661", ".", "-", "+", "+1e 5", "+1e\f5", "1;2",
)  # fmt: skip

LATER = ("1\t", "\t1", "1\x1c", "\x851", "\xa01", '"1.5"', '" 1 "', '"1e5"')
"""Numbers to the careful pass alone, which strips all that Python calls blank and knows quotes."""


def fast(body: str, columns: int = 1, header: str = "") -> FeatureTable | None:
    return read_fast([_text(body, columns, header)])[0]


def careful(body: str, columns: int = 1, header: str = "") -> FeatureTable | None:
    text = _text(body, columns, header)
    return read_carefully("f.csv", "1", text.data, text.columns)[0]


def _text(body: str, columns: int, header: str = "") -> FeatureText:
    names = tuple(f"c{at}" for at in range(columns))
    return FeatureText(f"{header or ','.join((*META, *names))}\n{body}".encode(), names)


def equal(one: FeatureTable | None, other: FeatureTable | None) -> bool:
    if one is None or other is None:
        return one is other
    arrays = ("timestamps", "segment_ids", "values")
    pairs = [(getattr(one, name), getattr(other, name)) for name in arrays]
    return all((a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes()) for a, b in pairs)


@pytest.mark.parametrize("text", PLAIN)
def test_a_plain_number_is_the_float32_of_the_float64_nearest_to_its_text(text: str) -> None:
    table = fast(f"250,1,{text}\n500,1,1\n")
    assert table is not None
    assert table.values[0, 0] == np.float32(float(text))
    assert equal(table, careful(f"250,1,{text}\n500,1,1\n"))


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_finite_number_is_refused_by_both_passes(text: str) -> None:
    assert fast(f"250,1,{text}\n500,1,1\n") is None
    assert careful(f"250,1,{text}\n500,1,1\n") is None


@pytest.mark.parametrize("text", LATER)
def test_a_number_in_an_unusual_dress_is_left_to_the_careful_pass(text: str) -> None:
    assert fast(f"250,1,{text}\n500,1,1\n") is None
    table = careful(f"250,1,{text}\n500,1,1\n")
    assert table is not None
    assert table.values[0, 0] == np.float32(float(text.strip().strip('"')))


def test_a_value_is_rounded_twice_like_every_float64_that_becomes_float32() -> None:
    # 1 + 2^-24 + 1e-25 lies above the middle of 1 and the next float32, and nearest to the float64 that is the middle.
    text = "1.0000000596046447753906251"
    table = fast(f"250,1,{text}\n")
    assert table is not None
    assert table.values[0, 0] == 1.0
    assert Decimal(text) > 1 + Decimal(2) ** -24


def test_thousands_of_numbers_that_are_hard_to_round_are_rounded_correctly() -> None:
    drawn = random.Random(3)  # noqa: S311 - not for secrets
    texts = []
    for _ in range(4000):
        number = np.ldexp(drawn.random(), drawn.randint(-120, 100))
        middle = (Decimal(float(number)) + Decimal(float(np.nextafter(number, np.inf)))) / 2
        digits = f"%.{drawn.randint(0, 20)}e"
        texts += [repr(float(number)), str(middle), digits % number, f"{drawn.getrandbits(90)}e{drawn.randint(-60, 5)}"]
    numbers = _feature_cells._numbers(",".join(texts).encode())
    assert numbers is not None
    assert numbers.tolist() == [float(text) for text in texts]


@pytest.mark.parametrize(
    "meta",
    ["1e3,1", "1000,1e0", ".0,1", "1.00000000000000000001,1", "1000,1.0000000000000000001", "1_0,1",
     "9007199254740993,1", "0000000000000000000001,1", "nan,1", "1000,", "1000,0", "1000,-1", "1000,1.5"],
)  # fmt: skip
def test_a_time_or_segment_that_only_float64_takes_for_whole_is_never_read_fast(meta: str) -> None:
    assert fast(f"{meta},0.5\n") is None


@pytest.mark.parametrize("meta", ["1000,1", "1000.0,1.000", "+1000,+1", "-250,1", "1000, 1", "0,000001", "1000.,1."])
def test_a_whole_number_is_read_fast_however_it_is_spelled(meta: str) -> None:
    table = fast(f"{meta},0.5\n")
    assert table is not None
    assert equal(table, careful(f"{meta},0.5\n"))


@pytest.mark.parametrize(
    ("body", "columns"),
    [
        ("250,1,5\n500,1\n,750,1,7\n", 1),  # nine cells all the same
        ("250,1,5,500\n1,6\n", 1),
        ("250,1,5\n\n500,1,6\n", 1),
        ("250,1,5\r500,1,6\n", 1),
        ("250,1,5\n500,1,6\n ", 1),
        ('250,1,"5\n500",1,6\n', 2),
        ('250,1,"5,6"\n', 2),
    ],
)
def test_rows_that_do_not_all_look_like_the_header_are_left_to_the_careful_pass(body: str, columns: int) -> None:
    assert fast(body, columns) is None


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\n\n", "\r\n\r\n"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_line_ends_of_either_kind_and_any_last_one_are_read_fast(line_end: str, ending: str) -> None:
    body = line_end.join(["250,1,5,6", "500,1,7,8"]) + ending
    table = fast(body, 2)
    assert table is not None
    assert table.values.tolist() == [[5, 6], [7, 8]]
    assert equal(table, careful(body, 2))


def test_a_header_may_be_quoted_but_not_go_on_in_the_next_line() -> None:
    assert fast("250,1,5\n", header='"timestamp","segment_id","a, b"') is not None
    assert fast("250,1,5\n", header='timestamp,segment_id,"a\nb"') is None
    assert fast("250,1,5\n", header="timestamp,segment_id,a\r0,1,4") is None


def test_a_header_that_is_no_utf8_is_refused_by_both_passes() -> None:
    data = "timestamp,segment_id,größe\n250,1,5\n".encode("latin-1")
    assert read_fast([FeatureText(data, ("größe",))]) == [None]
    assert read_carefully("f.csv", "1", data, ("größe",))[0] is None


def test_a_file_parsed_in_pieces_is_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    body = "".join(f"{250 * step},{1 + step // 9},{step / 7:.6f},{-step}e-3\n" for step in range(100))
    whole = fast(body, 2)
    assert equal(whole, careful(body, 2))
    for size in (0, 1, 22, 100, len(body) - 1):
        monkeypatch.setattr(_feature_cells, "_BLOCK", size)
        assert equal(fast(body, 2), whole)
    broken = body.replace(",-60e-3\n", ",x\n")
    monkeypatch.setattr(_feature_cells, "_BLOCK", 100)
    assert fast(broken, 2) is None


def test_whatever_the_fast_pass_reads_of_damaged_files_the_careful_pass_reads_alike() -> None:
    drawn = random.Random(5)  # noqa: S311 - not for secrets
    bits = [*PLAIN, *REFUSED, *LATER, "\n", "\r", "\r\n", ",", '"', "250", "1.0", "\x0b", "\x1f", "\x85", "\u2028"]
    read = 0
    for _ in range(3000):
        lines = [f"{250 * step},{1 + step // 2},{step}.5,-{step}" for step in range(3)]
        at = drawn.randrange(len(lines))
        cells = lines[at].split(",")
        place, bit = drawn.randrange(4), drawn.choice(bits)
        cells[place] = drawn.choice([bit, cells[place] + bit, bit + cells[place]])
        lines[at] = ",".join(cells)
        body = drawn.choice(["\n", "\r\n"]).join(lines)
        table = fast(body, 2)
        if table is not None:
            read += 1
            assert equal(table, careful(body, 2)), body
    assert read > 400


def test_files_parsed_together_are_those_files() -> None:
    bodies = ["250,1,5\n500,1,6\n", "0,1,1e-3", "250,2,7\r\n500,3,8\r\n\r\n"]
    together = read_fast([_text(body, 1) for body in bodies])
    assert all(table is not None for table in together)
    assert all(equal(table, careful(body)) for table, body in zip(together, bodies, strict=True))


@pytest.mark.parametrize(
    ("odd", "columns"), [("250,1,x\n", 1), ('250,1,"5"\n', 1), ("500,1,5\n250,1,5\n", 1), ("250,1,5,6\n", 2)]
)
def test_a_file_that_is_wrong_or_wider_harms_none_that_is_parsed_with_it(odd: str, columns: int) -> None:
    texts = [_text("250,1,5\n", 1), _text(odd, columns), _text("500,1,6\n", 1)]
    first, second, third = read_fast(texts)
    assert equal(first, careful("250,1,5\n"))
    assert equal(third, careful("500,1,6\n"))
    assert equal(second, fast(odd, columns))
    assert read_fast([]) == []


def test_files_read_together_say_what_each_says_alone(tmp_path: Path) -> None:
    root = write_tree(tmp_path, partition=partition_of(6))
    paths = [feature_file(root, "fau", str(video)) for video in range(1, 10)]  # there is no ninth
    set_row(paths[1], 3, "500,1,nan,0.1")
    set_row(paths[3], 1, "segment_id,timestamp,a,b")
    set_row(paths[4], 3, '500,1,"0.25",0.1')
    paths[6].write_bytes(b"")
    together = muse2021.read_features(root, paths)
    alone = [muse2021.read_feature(root, path) for path in paths]
    assert [defects for _, defects in together] == [defects for _, defects in alone]
    assert [len(defects) for _, defects in together] == [0, 1, 0, 1, 0, 0, 1, 0, 1]
    assert all(equal(one, other) for (one, _), (other, _) in zip(together, alone, strict=True))


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_parsing_holds_a_file_its_values_and_one_block(monkeypatch: pytest.MonkeyPatch, line_end: str) -> None:
    monkeypatch.setattr(_feature_cells, "_BLOCK", 2**17)
    row = ",".join(f"{value:.4f}" for value in np.random.default_rng(0).random(500))
    text = _text(line_end.join(f"{250 * step},1,{row}" for step in range(2000)), 500)  # 7 MB
    read_fast([_text("250,1,5", 1)])  # imports pandas
    table, peak = _peak(lambda: read_fast([text])[0])
    assert table is not None
    assert table.values.nbytes == 4_000_000
    assert peak < table.values.nbytes + 2_500_000


def test_the_careful_pass_holds_one_row_of_cells() -> None:
    row = ",".join(f"{value:.4f}" for value in np.random.default_rng(0).random(200))
    text = _text("\n".join([*(f"{250 * step},1,{row}" for step in range(100)), f'25000,1,"0.5",{row[7:]}']), 200)
    table, peak = _peak(lambda: read_carefully("f.csv", "1", text.data, text.columns)[0])
    assert table is not None
    assert table.values[-1, 0] == 0.5
    assert peak < 4 * len(text.data)  # its cells as strings would take ten times as much


def _peak(work: Callable[[], FeatureTable | None]) -> tuple[FeatureTable | None, int]:
    """What it gives, and the bytes that it held at most."""
    tracemalloc.start()
    try:
        return work(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
