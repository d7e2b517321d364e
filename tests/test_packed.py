import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from search_spaces.corpus import FeatureTable
from search_spaces.errors import SweepError
from sweep import packed
from tests.memory import mapped_mb, wide_map


def table(rows: int, first: float, columns: tuple[str, ...] = ("a", "b")) -> FeatureTable:
    values = first + np.arange(rows * len(columns), dtype=np.float32).reshape(rows, -1)
    return FeatureTable(250 * np.arange(rows), np.arange(rows) // 2 + 1, values, columns)


def write(folder: Path, tables: Iterable[FeatureTable]) -> None:
    with packed.filling(folder) as half:
        assert half is not None
        packed.write(half, tables)


WRITER = """
import sys, time
from pathlib import Path
from sweep import packed
from tests.memory import mapped_mb, wide_map
from tests.test_packed import table
def tables():
    yield table(1000, 0)
    print("half", flush=True)
    time.sleep({pause})
    yield table(1000, 1)
with packed.filling(Path(sys.argv[1])) as half:
    print("standing" if half is None else "filling", flush=True)
    if half is not None:
        packed.write(half, tables())
"""


def start_writer(folder: Path, pause: float) -> subprocess.Popen[str]:
    root = Path(__file__).resolve().parents[1]
    return subprocess.Popen(
        [sys.executable, "-c", WRITER.format(pause=pause), str(folder)], stdout=subprocess.PIPE, text=True, cwd=root
    )


def test_what_was_packed_is_read_back(tmp_path):
    tables = [table(3, 0), table(1, 100, ("other", "names")), table(4, 200)]
    write(tmp_path / "key", tables)
    steps = packed.read_steps(tmp_path / "key")
    assert [step.columns for step in steps] == [("a", "b"), ("other", "names"), ("a", "b")]
    for step, original in zip(steps, tables, strict=True):
        assert np.array_equal(step.timestamps, original.timestamps)
        assert np.array_equal(step.segment_ids, original.segment_ids)
        assert step.width == 2
    assert np.array_equal(packed.read_values(tmp_path / "key", 8, 2), np.concatenate([t.values for t in tables]))


def test_packed_values_are_mapped_and_cannot_be_written(tmp_path):
    write(tmp_path / "key", [table(3, 0)])
    values = packed.read_values(tmp_path / "key", 3, 2)
    assert isinstance(values.base, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        values[0] = 1


def test_a_folder_that_stands_is_not_filled_again(tmp_path):
    write(tmp_path / "key", [table(3, 0)])
    with packed.filling(tmp_path / "key") as half:
        assert half is None


def test_an_error_while_filling_leaves_nothing_under_the_final_name(tmp_path):
    def tables() -> Iterator[FeatureTable]:
        yield table(3, 0)
        raise RuntimeError("midway")

    with pytest.raises(RuntimeError, match="midway"):
        write(tmp_path / "key", tables())
    assert [path.name for path in tmp_path.iterdir()] == [".key.lock"]


@pytest.mark.skipif(os.name != "posix", reason="kills a process by signal")
def test_a_kill_leaves_nothing_under_the_final_name_and_the_next_writer_succeeds(tmp_path):
    folder = tmp_path / "key"
    with start_writer(folder, pause=60) as writer:
        assert writer.stdout is not None
        assert [writer.stdout.readline() for _ in range(2)] == ["filling\n", "half\n"]
        writer.send_signal(signal.SIGKILL)
    assert (tmp_path / ".key.half").exists()
    assert not folder.exists()
    write(folder, [table(3, 7)])
    assert np.array_equal(packed.read_values(folder, 3, 2), table(3, 7).values)
    assert not (tmp_path / ".key.half").exists()


def test_a_second_process_waits_for_the_first_and_finds_its_folder(tmp_path):
    with start_writer(tmp_path / "key", pause=1.5) as first:
        assert first.stdout is not None
        assert [first.stdout.readline() for _ in range(2)] == ["filling\n", "half\n"]
        with packed.filling(tmp_path / "key") as half:
            assert half is None
    assert first.returncode == 0
    assert len(packed.read_steps(tmp_path / "key")) == 2


def test_a_cache_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(SweepError, match=r"cache.*cannot be written"), packed.filling(tmp_path / "cache" / "x" / "key"):
        pass


def test_no_rows_are_an_empty_array(tmp_path):
    assert packed.read_values(tmp_path, 0, 4).shape == (0, 4)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep what was mapped")
def test_blocks_hold_no_more_of_a_map_than_one_of_them(tmp_path):
    values, before = wide_map(tmp_path / "key", 100_000, 128), mapped_mb()  # 49 MB, a block 4
    sums = []
    for block in packed.blocks(values):
        sums.append(block.sum(dtype=np.float64))
        assert mapped_mb() < before + 8
    assert mapped_mb() < before + 4
    assert sum(sums) == pytest.approx(values.sum(dtype=np.float64))


def test_what_is_given_back_can_be_read_again_and_an_array_of_ones_own_is_left_alone(tmp_path):
    values = wide_map(tmp_path / "key", 300, 4)
    copy = values.copy()
    packed.give_back(values[100:])
    packed.give_back(copy)
    assert np.array_equal(values, copy)
    assert copy.any()


def test_whatever_stands_in_the_place_of_a_folder_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "key"
    (tmp_path / ".key.half").write_text("of a kill amid the removal of a file")
    write(folder, [table(2, 0)])
    other = tmp_path / "other"
    other.symlink_to(tmp_path / "nowhere")
    assert packed.discard_damaged(other) is not None
    write(other, [table(2, 0)])
    assert (other / "values.f32").read_bytes() == (folder / "values.f32").read_bytes()
