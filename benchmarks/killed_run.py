"""One run that is killed and resumed until it is done, and what the kills did to it."""

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil

from benchmarks import traces
from sweep.folder import RunFolder

SWEEP = str(Path(sys.executable).with_name("sweep"))
KINDS = ("coordinator", "worker", "both")
_AT_START = 0.15  # of the starts are struck while everything loads
_START_S = 4.0
_JITTER_S = 0.2
_LOOK_S = 0.02
_ENDS_WITHIN_S = 10.0  # a worker whose coordinator is gone
_HOLES = 3  # exit status of a sweep with failed cells


@dataclass
class Toll:
    """What the kills did, and what is off."""

    kills: Counter[str] = field(default_factory=Counter)
    starts: int = 0
    holes: int = 0  # cells that lost as many workers as they may, and were tried again when asked
    interrupted: int = 0  # trials that a kill found in flight
    trials: int = 0
    records: int = 0
    lost: set[str] = field(default_factory=set)
    duplicated: set[str] = field(default_factory=set)
    again: set[str] = field(default_factory=set)
    orphans: int = 0  # workers that outlived their coordinator
    afresh: int = 0  # epochs trained again by cells that had lost three workers, which --retry-failed starts afresh
    repeated: list[int] = field(default_factory=list)  # epochs that a second, third, … attempt trained again


class KilledRun:
    """One run that is killed and resumed until it is done.

    Args:
        words: of the command that starts it.
        folder: where it is.
        kills: how many.
        epochs: how many it trains in all.
        draw: chance.
    """

    def __init__(self, words: list[str], folder: RunFolder, kills: int, epochs: int, draw: random.Random) -> None:
        self._words = words
        self._folder = folder
        self._kills = kills
        self._epochs = epochs
        self._draw = draw
        self._finished: dict[str, tuple[str, int]] = {}  # "study: cell" -> its record, and attempts by then
        self._afresh: dict[str, int] = {}  # str(cell) -> attempts before it was tried again as a failed cell
        self.toll = Toll()

    def carry_through(self) -> None:
        """Starts the sweep, kills, resumes, until it has ended by itself."""
        words, status = self._words, None
        while status != 0:
            self.toll.starts += 1
            with subprocess.Popen([SWEEP, *words], stderr=subprocess.PIPE, text=True) as process:
                self._strike(psutil.Process(process.pid))
                said = process.stderr.read() if process.stderr else ""
            status = process.returncode
            self._look()
            if status not in (0, -signal.SIGKILL, _HOLES):
                sys.exit(f"sweep {' '.join(words)} ended with {status}:\n{said}")
            there = self._folder.run_json.exists()  # a kill may come before
            words = ["resume", str(self._folder.path), *self._words[-2:]] if there else self._words
            if status == _HOLES:
                for name, each in traces.trials(self._folder.study_db).items():
                    if {trial.state for trial in each} == {"FAIL"}:
                        cell = name.partition(": ")[2]
                        self._afresh[cell] = len(traces.attempts(self._folder.logs)[cell])
                self.toll.holes = len(self._afresh)
                words = [*words, "--retry-failed"]

    def _strike(self, sweep: psutil.Process) -> None:
        """Kills workers of a sweep until it is the coordinator's turn, or no kill is left."""
        at_start = self._draw.random() < _AT_START
        while (left := self._kills - self.toll.kills.total()) > 0:
            kind = self._draw.choice(KINDS)
            if at_start:
                kind, at_start = "coordinator", False
                moment = time.monotonic() + self._draw.uniform(0, _START_S)
                reached = _waits(sweep, partial(_is_past, moment))
            else:
                done = self._logged()
                wanted = done + self._draw.uniform(0, 2 * max(0, self._epochs - done) / (left + 1))
                reached = _waits(sweep, partial(self._has_logged, wanted))
                time.sleep(self._draw.uniform(0, _JITTER_S))
            if not reached or not self._kill(sweep, kind):
                return

    def _kill(self, sweep: psutil.Process, kind: str) -> bool:
        """Kills; whether the coordinator still lives."""
        if kind != "coordinator":
            _waits(sweep, lambda: bool(_workers(sweep)))
        workers = _workers(sweep)
        if not _lives(sweep) or (kind != "coordinator" and not workers):
            return False
        victims = {"coordinator": [sweep], "worker": [self._draw.choice(workers)] if workers else []}
        victims["both"] = self._draw.sample(victims["worker"] + [sweep], k=len(victims["worker"]) + 1)
        for victim in victims[kind]:
            victim.kill()
        self.toll.kills[kind] += 1
        if kind != "worker":
            self.toll.orphans += len(psutil.wait_procs(workers, _ENDS_WITHIN_S)[1])
        print(f"kill {self.toll.kills.total()}: {kind}, {self._logged()} epochs", file=sys.stderr, flush=True)
        return kind == "worker"

    def _logged(self) -> int:
        """Epochs trained by now, those trained twice counted twice."""
        return sum(path.read_bytes().count(b", epoch ") for path in self._folder.logs.glob("*.log"))

    def _has_logged(self, epochs: float) -> bool:
        return self._logged() >= epochs

    def _look(self) -> None:
        """What is true of the study now, while nobody works on it."""
        tried = traces.attempts(self._folder.logs)
        trials = traces.trials(self._folder.study_db)
        for name, each in trials.items():
            states = [trial.state for trial in each]
            count = len(tried.get(name.partition(": ")[2], []))
            self.toll.interrupted += states.count("RUNNING")
            if states.count("COMPLETE") > 1 or len(states) - states.count("FAIL") > 1:
                self.toll.duplicated.add(name)
            if "COMPLETE" in states:
                record = each[states.index("COMPLETE")].record
                known, trained = self._finished.setdefault(name, (record, count))
                if count != trained or states[-1] != "COMPLETE":
                    self.toll.again.add(name)
                if record != known:
                    self.toll.lost.add(name)
        self.toll.records, self.toll.trials = len(self._finished), sum(map(len, trials.values()))
        self.toll.repeated, self.toll.afresh = [], 0
        for cell, made in tried.items():
            fresh = self._afresh.get(cell, len(made))
            mine = traces.repeated(made[:fresh]) + traces.repeated(made[fresh:])
            self.toll.repeated += mine
            self.toll.afresh += sum(traces.repeated(made)) - sum(mine)
        self.toll.lost |= {name for name in self._finished if all(t.state != "COMPLETE" for t in trials.get(name, []))}


def _lives(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def _waits(sweep: psutil.Process, reached: Callable[[], bool]) -> bool:
    """Waits until something is so; False where the sweep ended before."""
    while _lives(sweep):
        if reached():
            return True
        time.sleep(_LOOK_S)
    return False


def _is_past(moment: float) -> bool:
    return time.monotonic() >= moment


def _workers(sweep: psutil.Process) -> list[psutil.Process]:
    try:
        return [child for child in sweep.children() if "sweep.worker" in child.cmdline()]
    except psutil.Error:
        return []
