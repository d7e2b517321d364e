"""The live view at two widths, and the plain lines of a pipe."""

import io

import pytest
from rich.console import Console

from results.records import Cost, Hole
from sweep.events import CellDone, CellEpoch, CellFailed, CellsPlanned, CellStarted, Event
from sweep.job import EpochEvent
from sweep.live import _screen, showing
from sweep.tally import Tally
from tests.results_factory import MULTIMODAL, TARGETS, UNIMODAL, WAYS, cell, made_record

GRID = tuple(cell(t, f"{features}/{way}") for t in TARGETS for features in (*UNIMODAL, *MULTIMODAL) for way in WAYS)
DONE, RUNNING, STARTING, FAILED, BEFORE = GRID[0], GRID[8], GRID[9], GRID[10], GRID[11]
EVENTS: tuple[Event, ...] = (
    CellsPlanned(GRID, (made_record(GRID[1], (0.21,)),), (Hole(cell=BEFORE, state="failed", reason="nan"),)),
    CellStarted("arousal", DONE, 1),
    CellDone("arousal", DONE, made_record(DONE, (0.3, 0.32)), Cost(wall_s=2, peak_memory_mb=1, host="h", seeds=())),
    CellStarted("arousal", RUNNING, 1),
    CellEpoch("arousal", RUNNING, EpochEvent(seed=102, epoch=7, devel_f1=0.2512, best_f1=0.27)),
    CellStarted("arousal", STARTING, 1),
    CellFailed("arousal", FAILED, "loss is not finite in epoch 3", queued_again=False),
)


def screen(width: int) -> str:
    tally = Tally(2)
    for event in EVENTS:
        tally(event)
    console = Console(record=True, width=width, height=100, force_terminal=True, file=io.StringIO())
    console.print(_screen(tally))
    return console.export_text()


@pytest.mark.parametrize("width", [80, 120])
def test_the_screen_shows_counts_running_cells_and_figures(width: int) -> None:
    lines = screen(width).splitlines()
    assert all(len(line) <= width for line in lines)
    assert "2/120 cells" in lines[0]
    assert "2 failed" in lines[0]
    assert "ETA" in lines[0]
    running = [line for line in lines if "seed 102, epoch 7: F1 25.12 (best 27.00)" in line]
    assert len(running) == 1
    assert str(RUNNING) in running[0]
    assert any(str(STARTING) in line and "starting" in line for line in lines)
    row = next(line for line in lines if line.split()[:1] == ["vggish"])
    assert row.split()[1:3] == ["31.00", "21.00"]  # this command's, and an earlier one's
    assert sum(line.split().count("failed") for line in lines[1:]) == 2
    assert [line.strip() for line in lines if line.strip() in TARGETS] == list(TARGETS)


@pytest.mark.parametrize("width", [80, 120])
def test_every_way_keeps_its_column(width: int) -> None:
    head = next(line for line in screen(width).splitlines() if "features" in line)
    assert head.split()[1:] == list(WAYS)


def test_what_is_running_stands_above_what_a_low_terminal_cuts_off() -> None:
    lines = screen(80).splitlines()
    assert next(i for i, line in enumerate(lines) if str(RUNNING) in line) < 4


def test_a_pipe_gets_one_plain_line_a_finished_cell() -> None:
    pipe = io.StringIO()
    with showing(Console(file=pipe), 2) as view:
        for event in EVENTS:
            view.event(event)
        view.say("best(audio) is vggish")
        assert view.trained == 1
    assert pipe.getvalue().splitlines() == [
        "[2/120] arousal vggish/way1: F1 31.00 ± 1.41 (2 seeds) in 2.0 s, ETA 0:01:57",
        "[2/120] arousal fau/way5 failed: loss is not finite in epoch 3",
        "best(audio) is vggish",
    ]


def test_a_cell_that_is_tried_again_is_told_as_such() -> None:
    pipe = io.StringIO()
    with showing(Console(file=pipe), 1) as view:
        view.event(EVENTS[0])
        view.event(CellFailed("arousal", DONE, "killed by SIGKILL; attempt 1", queued_again=True))
    assert pipe.getvalue() == "[1/120] arousal vggish/way1 will be tried again: killed by SIGKILL; attempt 1\n"


def test_a_terminal_gets_a_screen_that_is_gone_afterwards_and_remarks_that_stay() -> None:
    terminal = io.StringIO()
    with showing(Console(file=terminal, force_terminal=True, width=80, height=40), 2) as view:
        for event in EVENTS:
            view.event(event)
        view.say("best(audio) is vggish")
    text = terminal.getvalue()
    assert "best(audio) is vggish" in text
    assert "arousal fau/way5 failed: loss is not finite in epoch 3" in text
    assert "\x1b" in text
