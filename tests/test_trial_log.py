"""A trial's log: the line of an epoch, written and read."""

from pathlib import Path

import pytest

from sweep.job import EpochEvent
from sweep.trial_log import _END, LogEnd, epoch_line, read_end

HEADER = "--- arousal f0/way1 in process 7\n"


def event(seed: int = 101, epoch: int = 1) -> EpochEvent:
    return EpochEvent(seed=seed, epoch=epoch, devel_f1=0.25, best_f1=0.5)


def written(path: Path, *parts: str) -> LogEnd | None:
    path.write_text("".join(parts))
    return read_end(path)


def test_the_line_of_an_epoch_is_for_people_too() -> None:
    assert epoch_line(event(102, 7), 1.23456) == "seed 102, epoch 7: loss 1.2346, devel F1 25.00 (best 50.00)\n"


def test_the_last_epoch_is_read_back(tmp_path: Path) -> None:
    found = written(tmp_path / "log", HEADER, epoch_line(event(), 1), "a warning\n", epoch_line(event(102, 3), 1))
    assert found is not None
    assert (found.last, found.epochs) == (event(102, 3), 2)
    assert found.at == pytest.approx((tmp_path / "log").stat().st_mtime)


def test_an_attempt_starts_afresh(tmp_path: Path) -> None:
    before = HEADER + epoch_line(event(), 1) * 5
    assert written(tmp_path / "log", before, HEADER) is None
    found = written(tmp_path / "log", before, HEADER, epoch_line(event(103, 9), 1))
    assert found is not None
    assert (found.last, found.epochs) == (event(103, 9), 1)


def test_of_a_long_log_the_end_is_read(tmp_path: Path) -> None:
    found = written(tmp_path / "log", HEADER, "noise\n" * _END, epoch_line(event(), 1))
    assert found is not None
    assert (found.last, found.epochs) == (event(), None)


@pytest.mark.parametrize("text", ["", "seed 1", "seed 101, epoch 3: loss 1.0, devel F1 x (best y)\n", "\x00" * 100])
def test_a_log_without_an_epoch_says_nothing(tmp_path: Path, text: str) -> None:
    assert written(tmp_path / "log", text) is None


def test_half_a_line_is_not_read(tmp_path: Path) -> None:
    line = epoch_line(event(epoch=12), 1)
    for cut in range(1, len(line) - 1):
        found = written(tmp_path / "log", HEADER, epoch_line(event(epoch=11), 1), line[:cut])
        assert found is not None
        assert found.last.epoch == 11


def test_a_missing_log_says_nothing(tmp_path: Path) -> None:
    assert read_end(tmp_path / "none") is None


def test_a_loss_that_is_nan_is_a_line_too(tmp_path: Path) -> None:
    assert written(tmp_path / "log", epoch_line(event(), float("nan"))) is not None
