"""A real sweep in real processes: killed, interrupted, carried on; the outcome is the one of a run left in peace."""

import io
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer
from rich.console import Console

from benchmarks.traces import outcome
from sweep.commands.ending import Ending
from sweep.commands.run import Options, Request, resume, run
from tests.conftest import Sweep
from tests.tiny_run import ROLES, TinyRun, tiny_run, trials


class _SignalAt(io.StringIO):
    """A pipe that sends this process a signal when a word is printed."""

    def __init__(self, word: str, number: signal.Signals) -> None:
        super().__init__()
        self._word = word
        self._number = number

    def write(self, text: str) -> int:
        if self._word and self._word in text:
            self._word = ""
            os.kill(os.getpid(), self._number)
        return super().write(text)


@dataclass
class Ended:
    """How often each cell was handed out by then, and what was printed."""

    trials: dict[str, list[str]]
    printed: str


def _interrupted(folder: Path, word: str, number: signal.Signals, workers: int) -> Ended:
    """Resumes a run until a word is printed, then stops it."""
    pipe = _SignalAt(word, number)
    with pytest.raises(typer.Exit) as stopped:
        resume(folder, None, None, Options(workers), Console(file=pipe))
    assert stopped.value.exit_code == 130
    return Ended(trials(folder), pipe.getvalue())


@pytest.fixture(scope="module")
def battered(tmp_path_factory: pytest.TempPathFactory, tree: Path, cache: Path) -> tuple[TinyRun, list[Ended], Ending]:
    """A run with two workers that was killed, stopped by SIGINT and by SIGTERM, and carried to its end each time."""
    root = tmp_path_factory.mktemp("battered")
    made = tiny_run(root, tree, cache, ROLES)
    words = ["run", made.space, "--data", tree, "--run", made.folder.path, "--cache", cache, "--workers", "2"]
    log = root / "log"
    code = "from sweep.cli import main; main()"
    with log.open("w") as file, subprocess.Popen([sys.executable, "-c", code, *map(str, words)], stderr=file) as killed:
        try:
            while "[3/6]" not in log.read_text():
                assert killed.poll() is None, log.read_text()
                time.sleep(0.02)
        finally:
            killed.kill()
    assert killed.returncode == -signal.SIGKILL
    stops = [Ended(trials(made.folder.path), log.read_text())]
    stops.append(_interrupted(made.folder.path, "[9/", signal.SIGINT, 2))
    stops.append(_interrupted(made.folder.path, "multitask run of", signal.SIGTERM, 1))
    return made, stops, resume(made.folder.path, None, None, Options(1), Console(file=io.StringIO()))


@pytest.mark.slow
def test_a_run_that_was_killed_and_stopped_ends_complete(battered: tuple[TinyRun, list[Ended], Ending]) -> None:
    _, _, ending = battered
    assert ending.progress.complete
    assert ending.progress.done == 20
    assert ending.trained == 2  # the joint runs: everything else was finished before


@pytest.mark.slow
def test_no_finished_cell_is_trained_twice(battered: tuple[TinyRun, list[Ended], Ending]) -> None:
    made, stops, _ = battered
    last = trials(made.folder.path)
    assert all(states.count("COMPLETE") == 1 for states in last.values())
    for stop in stops:
        done = {cell: states for cell, states in stop.trials.items() if "COMPLETE" in states}
        assert done
        assert all(last[cell] == states for cell, states in done.items())
    assert [len([s for s in stop.trials.values() if "COMPLETE" in s]) for stop in stops] == sorted(
        len([s for s in stop.trials.values() if "COMPLETE" in s]) for stop in stops
    )


@pytest.mark.slow
def test_a_stop_says_how_to_go_on(battered: tuple[TinyRun, list[Ended], Ending]) -> None:
    made, stops, _ = battered
    for stop in stops[1:]:
        assert stop.printed.endswith(
            f"Stopped; what is finished is kept. Go on with: sweep resume {made.folder.path}\n"
        )


@pytest.mark.slow
def test_kills_stops_and_workers_change_no_byte_of_a_record_an_artifact_or_a_table(
    battered: tuple[TinyRun, list[Ended], Ending], finished: TinyRun
) -> None:
    peaceful, restless = (outcome(each.folder.path) for each in (finished, battered[0]))
    assert restless == peaceful


def test_a_stop_before_the_first_cell_leaves_a_run_that_goes_on(tmp_path: Path, tree: Path, cache: Path) -> None:
    made = tiny_run(tmp_path, tree, cache, ROLES)
    request = Request(str(made.space), tree, made.folder.path, (), None, None, "cpu", cache, "muse2021")
    pipe = _SignalAt("Reference scores", signal.SIGTERM)
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(typer.Exit) as stopped:
        run(request, Options(1), Console(file=pipe))
    assert stopped.value.exit_code == 130
    assert "sweep resume" in pipe.getvalue()
    assert signal.getsignal(signal.SIGTERM) is before
    assert len(made.carry_out()) == 20


@pytest.mark.parametrize("words", [("resume",), ("run", "own.toml", "--run")])
def test_a_run_that_is_done_says_so_and_trains_nothing(
    finished: TinyRun, sweep: Sweep, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(finished.space.parent)
    before = trials(finished.folder.path)
    data = ("--data", finished.tree, "--cache", finished.cache)
    said = sweep(*words, "run", *data)
    assert (said.code, said.out) == (0, "")
    assert said.err == "All 20 cells are done, nothing was left to train. See them with: sweep tables run\n"
    assert trials(finished.folder.path) == before
