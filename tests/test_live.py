"""The live view: the table on a terminal, plain lines in a pipe; a real terminal (a pseudo one) is never disturbed."""

import io
import re
import sys
from pathlib import Path

import pytest
from rich.console import Console

from results.records import Cost, Hole
from search_spaces.features import CATALOGUE
from search_spaces.resolution import Resolution
from search_spaces.space import load_space
from sweep.events import CellDone, CellEpoch, CellFailed, CellsPlanned, CellStarted, Event
from sweep.job import EpochEvent
from sweep.live import showing
from sweep.tally import Tally
from tests.pseudo_terminal import PseudoTerminal
from tests.results_factory import MULTIMODAL, TARGETS, UNIMODAL, WAYS, cell, made_record

MUSE = Resolution(modalities={feature.name: feature.modality for feature in CATALOGUE})
GRID = tuple(cell(t, f"{features}/{way}") for t in TARGETS for features in (*UNIMODAL, *MULTIMODAL) for way in WAYS)
DONE, RUNNING, STARTING, FAILED, BEFORE = GRID[0], GRID[8], GRID[9], GRID[10], GRID[11]
EVENTS: tuple[Event, ...] = (
    CellsPlanned(GRID, (made_record(GRID[1], (0.21,)),), (Hole(cell=BEFORE, state="failed", reason="nan"),), MUSE),
    CellStarted("arousal", DONE, 1),
    CellDone("arousal", DONE, made_record(DONE, (0.3, 0.32)), Cost(wall_s=2, peak_memory_mb=1, host="h", seeds=())),
    CellStarted("arousal", RUNNING, 1),
    CellEpoch("arousal", RUNNING, EpochEvent(seed=102, epoch=7, devel_f1=0.2512, best_f1=0.27)),
    CellStarted("arousal", STARTING, 1),
    CellFailed("arousal", FAILED, "loss is not finite in epoch 3", queued_again=False),
)
SHOW = """
import sys, time
from rich.console import Console
from sweep.live import showing
from tests.test_live import EVENTS, made_tally
with showing(Console(), made_tally()) as view:
    for event in EVENTS:
        view.event(event)
    view.say("best(audio) is vggish")
    print("shown", file=sys.stderr, flush=True)
    sys.stdin.readline()
print("over")
"""


def made_tally() -> Tally:
    space = load_space("paper")
    return Tally(space.model_copy(update={"multitask": False}), TARGETS, 2)


def test_a_pipe_gets_one_plain_line_a_finished_cell() -> None:
    pipe = io.StringIO()
    with showing(Console(file=pipe), made_tally()) as view:
        for event in EVENTS:
            view.event(event)
        view.say("best(audio) is vggish")
        assert view.trained == 1
    first, *rest = pipe.getvalue().splitlines()
    assert re.fullmatch(r"\[2/120\] arousal vggish/way1: F1 31.00 ± 1.41 \(2 seeds\) in 2.0 s, ETA \d:\d\d:\d\d", first)
    assert rest == ["[2/120] arousal fau/way5 failed: loss is not finite in epoch 3", "best(audio) is vggish"]


def test_a_cell_that_is_tried_again_is_told_as_such() -> None:
    pipe = io.StringIO()
    with showing(Console(file=pipe), made_tally()) as view:
        view.event(EVENTS[0])
        view.event(CellFailed("arousal", DONE, "killed by SIGKILL; attempt 1", queued_again=True))
    assert pipe.getvalue() == "[1/120] arousal vggish/way1 will be tried again: killed by SIGKILL; attempt 1\n"


@pytest.mark.parametrize("name", ["dumb", "unknown"])
def test_a_terminal_that_cannot_move_its_cursor_is_a_pipe(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", name)
    pipe = io.StringIO()
    with showing(Console(file=pipe, force_terminal=True), made_tally()) as view:
        for event in EVENTS:
            view.event(event)
    assert "\x1b[" not in pipe.getvalue()
    assert len(pipe.getvalue().splitlines()) == 2


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
def test_a_terminal_gets_the_table_and_what_is_said_stays_above_it(size: tuple[int, int]) -> None:
    with PseudoTerminal(size, sys.executable, "-c", SHOW) as terminal:
        terminal.wait_for("shown")
        terminal.wait_for("F1 25.12 (best 27.00)")
        terminal.type("\n")
        assert terminal.ended() == 0
    text = terminal.plain
    assert "Traceback" not in text
    assert [line for line in text.splitlines() if len(line) > size[0]] == []
    assert text.index("arousal fau/way5 failed: loss is not finite in epoch 3") < text.index("best(audio) is vggish")
    row = next(line for line in text.splitlines() if line.startswith("fau ") and "2e7" in line)
    assert row.split()[1:] == ["·", "·", "2e7", "…", "✗", "✗", *"······"]
    assert text.rstrip().endswith("over")


def test_the_table_is_gone_afterwards_and_the_cursor_is_back() -> None:
    with PseudoTerminal((80, 24), sys.executable, "-c", SHOW) as terminal:
        terminal.wait_for("F1 25.12 (best 27.00)")
        terminal.type("\n")
        terminal.ended()
    drawn, _, after = terminal.raw.rpartition("F1 25.12 (best 27.00)")
    assert "\x1b[?25l" in drawn  # the cursor is hidden while it would run to and fro
    assert "\x1b[?25h" in after
    assert after.count("\x1b[2K") >= 20  # the table's lines, erased


def test_a_picture_that_has_not_changed_is_not_drawn_again() -> None:
    with PseudoTerminal((80, 24), sys.executable, "-c", SHOW) as terminal:
        terminal.wait_for("F1 25.12 (best 27.00)")
        terminal.listen(0.5)  # the last event may still be drawn
        before = len(terminal.raw)
        terminal.listen(1.5)  # six times the time of a picture
        assert len(terminal.raw) == before
        terminal.type("\n")
        terminal.ended()


def test_a_resized_terminal_gets_a_picture_of_its_new_size() -> None:
    with PseudoTerminal((160, 50), sys.executable, "-c", SHOW) as terminal:
        terminal.wait_for("31.00")  # two decimals: there is room
        terminal.listen(0.5)
        before = len(terminal.raw)
        terminal.resize((60, 15))
        terminal.listen(1.5)
        after = terminal.raw[before:]
        terminal.type("\n")
        assert terminal.ended() == 0
    _, cleared, after = after.rpartition("\x1b[2J\x1b[H")  # what stood there was wrapped to nobody knows how many lines
    assert cleared
    lines = terminal.plain_of(after).splitlines()
    assert all(len(line) <= 60 for line in lines)
    assert 5 < len(lines) <= 15


@pytest.mark.parametrize("name", ["xterm-256color", "vt100", "linux", "screen", "", "no-such-terminal", "dumb"])
def test_no_name_of_a_terminal_is_a_traceback(name: str) -> None:
    with PseudoTerminal((80, 24), sys.executable, "-c", SHOW, TERM=name) as terminal:
        terminal.wait_for("shown")
        terminal.listen(0.5)
        terminal.type("\n")
        assert terminal.ended() == 0
    assert "Traceback" not in terminal.raw


def test_a_terminal_without_a_size_is_none_of_our_worries(tmp_path: Path) -> None:
    with PseudoTerminal((0, 0), sys.executable, "-c", SHOW) as terminal:
        terminal.wait_for("shown")
        terminal.type("\n")
        assert terminal.ended() == 0
    assert "Traceback" not in terminal.raw
