"""Whole runs in PostgreSQL: through a restart and a kill, seen from elsewhere, several in one database."""

import io
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from search_spaces.errors import SweepError
from sweep._postgres import Postgres
from sweep.commands.run import Options, resume
from sweep.folder import RunFolder
from sweep.ledger import Choices, Ledger
from sweep.seen_run import find
from sweep.shown_studies import ShownStudies
from sweep.storage_note import existing
from tests.conftest import Sweep
from tests.postgres_server import PASSWORD, Server
from tests.tiny_run import ROLES, TinyRun, copied, files, write_space


class _At(io.StringIO):
    """A pipe that does something once, when a word is printed."""

    def __init__(self, word: str, act: Callable[[], None]) -> None:
        super().__init__()
        self._word, self._act = word, act

    def write(self, text: str) -> int:
        if self._word and self._word in text:
            self._word = ""
            self._act()
        return super().write(text)


CODE = "from sweep.cli import main; main()"


def waited_for(is_so: Callable[[], bool], process: subprocess.Popen[str], log: Path) -> None:
    until = time.monotonic() + 120
    while not is_so():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.05)


def done_in(log: Path) -> int:
    return len(re.findall(r"^\[\d+/\d+\] .*: F1 ", log.read_text(), re.MULTILINE))


@pytest.mark.slow
def test_a_run_rides_out_a_restart_is_seen_from_elsewhere_and_goes_on_after_a_kill(
    postgres: Server, finished: TinyRun, tmp_path: Path, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, log, run = postgres.database(), tmp_path / "log", tmp_path / "run"
    space = write_space(tmp_path / "own.toml", ROLES)
    words = ["run", space, "--data", finished.tree, "--run", run, "--cache", finished.cache, "--workers", 1]
    command = [sys.executable, "-c", CODE, *map(str, words), "--storage", url]
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    with log.open("w") as file, subprocess.Popen(command, stderr=file, text=True) as process:
        try:
            waited_for(lambda: done_in(log) >= 2, process, log)
            assert f"process {process.pid} on " in sweep("status", url).out
            shutil.copytree(run, tmp_path / "other", ignore=shutil.ignore_patterns(".*"))  # as another machine has it
            assert f"is in use by process {process.pid} on " in sweep("resume", tmp_path / "other").err
            postgres.restart()
            count = done_in(log)
            waited_for(lambda: done_in(log) >= count + 2, process, log)
        finally:
            process.kill()
    assert log.read_text().count("does not answer") == 1
    assert log.read_text().count("answers again") == 1
    assert "Traceback" not in log.read_text()
    said = json.loads(sweep("status", f"{url}#run", "--json").out)
    assert (said["run"], said["folder"], said["coordinator"], said["complete"]) == ("run", None, None, False)
    assert said["cells"]["done"] >= 4
    assert all(PASSWORD.encode() not in content for content in files(tmp_path).values())
    monkeypatch.setattr("sweep.patience.WAIT_S", 0.5)
    stopping = _At(": F1 ", postgres.stop)  # the server, when the first cell is done
    with pytest.raises(SweepError, match=rf"has not answered for .* Go on with: sweep resume {run}$"):
        resume(run, None, None, Options(1), Console(file=stopping))
    postgres.start()
    went_on = sweep("resume", run, "--workers", 1)
    assert went_on.code == 0, went_on.err
    assert sweep("tables", run, "--format", "csv").out == sweep("tables", finished.folder.path, "--format", "csv").out
    assert json.loads(sweep("status", run, "--json").out)["cells"]["done"] == 20
    storage = existing(RunFolder(run))
    with Postgres.of(url).reading() as ask:
        trained = ask(
            "SELECT count(*), count(DISTINCT value_json) FROM trials JOIN trial_user_attributes USING (trial_id) "
            "JOIN studies USING (study_id) WHERE state = 'COMPLETE' AND key = 'record' AND NOT EXISTS (SELECT 1 FROM "
            "trial_user_attributes AS other WHERE other.trial_id = trials.trial_id AND other.key = 'adopted_from')"
        )
    assert trained == [(20, 20)]  # no cell was trained again after it had finished
    assert storage.run is not None
    assert PASSWORD not in storage.url


def test_a_run_among_several_is_named_behind_the_url(
    postgres: Server, finished: TinyRun, tmp_path: Path, sweep: Sweep
) -> None:
    url = postgres.database()
    assert "holds no studies" in sweep("status", url).err
    names = []
    for place in ("one", "two"):
        run = copied(finished, (tmp_path / place))
        assert sweep("move", run.folder.path, "--to", url).code == 0
        names.append(existing(run.folder).run)
    shown = Postgres.of(url).shown
    for which in (url, f"{url}#run"):
        said = sweep("status", which)
        assert said.code == 2
        assert said.err == f"sweep: Which run? Name one behind a #: {shown}#RUN. Known: {', '.join(map(str, names))}.\n"
    assert "Run 'none' is unknown. Known: run-" in sweep("status", f"{url}#none").err
    assert "20 done" in sweep("status", f"{url}#{names[0]}").out
    assert "All 20 cells are done.\n" in sweep("status", f"{url}#{names[0]}", "--watch").out


def test_the_dashboard_needs_no_run_folder_and_follows(
    postgres: Server, finished: TinyRun, tmp_path: Path, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, run = postgres.database(), copied(finished, tmp_path)
    before = ShownStudies(find(str(run.folder.path))).look()
    assert sweep("move", run.folder.path, "--to", url).code == 0
    monkeypatch.setattr("sweep.shown_studies._REST_S", 0.0)
    shown = ShownStudies(find(url))
    there = shown.look()
    assert shown.look() is there
    known = {study.study_name: study.user_attrs for study in there.studies.values()}
    assert known == {study.study_name: study.user_attrs for study in before.studies.values()}
    storage = existing(run.folder)
    with Ledger(url, storage.run) as ledger:
        ledger.open_study("arousal/new", Choices(("vggish",), ("way2",)))
    assert "arousal/new" in [study.study_name for study in shown.look().studies.values()]
