"""`sweep status`: for people, for scripts, and from another terminal while a run goes on."""

import json
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from sweep import standing
from sweep.job import EpochEvent
from sweep.lock import coordinating
from sweep.lost_predictions import lost
from sweep.opened import open_studies
from sweep.trial_log import epoch_line
from tests.conftest import Sweep
from tests.pseudo_terminal import PseudoTerminal
from tests.results_factory import cell
from tests.tiny_run import NAMES, ROLES, TinyRun, copied, tiny_run, write_space

SWEEP = [sys.executable, "-c", "from sweep.cli import main; main()"]
TWO = cell("arousal", "vggish/way4")
CELL_KEYS = {"cell", "target", "features", "ways", "state", "attempts", "reason"}
MEASURED_KEYS = {"macro_f1", "macro_f1_std", "seeds", "collapsed", "wall_s"}


def unfinished(run: TinyRun) -> TinyRun:
    """The run with one cell under way, in its third epoch; it needs a coordinator to be seen as such."""
    name = f'"{TWO}"'
    with closing(sqlite3.connect(run.folder.study_db)) as database, database:
        find = "SELECT trial_id FROM trial_user_attributes WHERE key = 'cell' AND value_json = ?"
        for (trial,) in database.execute(find, (name,)).fetchall():
            began = (
                "UPDATE trials SET state = 'RUNNING', datetime_start = datetime('now', '-9 hours') WHERE trial_id = ?"
            )
            database.execute(began, (trial,))
            forget = "DELETE FROM trial_user_attributes WHERE key NOT IN ('cell', 'attempt') AND trial_id = ?"
            database.execute(forget, (trial,))
    event = EpochEvent(seed=101, epoch=3, devel_f1=0.25, best_f1=0.5)
    run.folder.log(TWO).write_text("--- in process 7\n" + epoch_line(event, 1.5) * 3)
    return run


@pytest.fixture
def going_on(finished: TinyRun, tmp_path: Path) -> Iterator[TinyRun]:
    run = unfinished(copied(finished, tmp_path))
    with coordinating(run.folder):
        yield run


def finish(run: TinyRun, finished: TinyRun) -> None:
    """Its last cell is done."""
    spare = run.folder.path / "spare"
    spare.write_bytes(finished.folder.study_db.read_bytes())
    spare.replace(run.folder.study_db)


def test_every_key_for_scripts_is_written_down(finished: TinyRun, sweep: Sweep) -> None:
    found = json.loads(sweep("status", finished.folder.path, "--json").out)
    documented = re.findall(r"^    (\w+)  ", standing.__doc__ or "", re.MULTILINE)
    assert list(found) == documented
    assert set(found["every_cell"][0]) == CELL_KEYS | MEASURED_KEYS
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    assert [key for key in (*found, *found["every_cell"][0]) if f"`{key}`" not in readme] == []


def test_scripts_get_every_cell_of_a_finished_run(finished: TinyRun, sweep: Sweep) -> None:
    found = json.loads(sweep("status", finished.folder.path, "--json").out)
    assert (found["complete"], found["eta_s"], found["coordinator"], found["running"]) == (True, None, None, [])
    cells = {each["cell"]: each for each in found["every_cell"]}
    assert len(cells) == 20
    one = cells[str(TWO)]
    with open_studies(finished.folder) as studies:
        (record,) = (record for record in studies.records("arousal") if record.cell == TWO)
    assert one["macro_f1"] == record.seeds[0].devel.macro_f1
    assert (one["state"], one["attempts"], one["seeds"], one["reason"]) == ("done", 1, 1, "")
    assert (one["features"], one["ways"], one["target"]) == (["vggish"], ["way4"], "arousal")
    assert found["trained_s"] == pytest.approx(sum(each["wall_s"] for each in cells.values()), abs=0.05)


def test_scripts_are_told_what_is_under_way_and_how_long_it_takes(going_on: TinyRun, sweep: Sweep) -> None:
    found = json.loads(sweep("status", going_on.folder.path, "--json").out)
    assert found["cells"] == {"done": 19, "running": 1, "pending": 0, "failed": 0}
    epoch = {"seed": 101, "epoch": 3, "devel_f1": 0.25, "best_f1": 0.5}
    assert found["running"] == [{"cell": str(TWO), "attempt": 1, **epoch}]
    assert found["eta_s"] > 0
    assert (found["coordinator"]["pid"], found["complete"]) != (None, True)
    (mine,) = (each for each in found["every_cell"] if each["state"] == "running")
    assert {key: mine[key] for key in MEASURED_KEYS} == dict.fromkeys(MEASURED_KEYS)


def test_people_are_told_what_is_under_way(going_on: TinyRun, sweep: Sweep) -> None:
    said = sweep("status", going_on.folder.path).out
    assert "19 done, 1 running." in said
    assert f"running: {TWO}: seed 101, epoch 3: F1 25.00" in said
    assert re.search(r"Training so far: \d:\d\d:\d\d of one worker\. About \d:\d\d:\d\d to go\.", said)
    assert "is working on it." in said


def test_what_a_killed_run_left_behind_is_no_cell_under_way(finished: TinyRun, tmp_path: Path, sweep: Sweep) -> None:
    run = unfinished(copied(finished, tmp_path))
    found = json.loads(sweep("status", run.folder.path, "--json").out)
    assert found["cells"] == {"done": 19, "running": 0, "pending": 1, "failed": 0}
    assert (found["running"], found["eta_s"], found["complete"]) == ([], None, False)
    assert "Nobody is working on it." in sweep("status", run.folder.path).out


def test_where_there_is_much_to_read_only_the_ends_of_predictions_are_looked_at(
    finished: TinyRun, tmp_path: Path
) -> None:
    run = copied(finished, tmp_path)
    missing, cut, altered, *_ = sorted(run.folder.artifacts.iterdir())
    missing.unlink()
    cut.write_bytes(cut.read_bytes()[:-1])
    altered.write_bytes(altered.read_bytes().replace(b"seeds", b"sedes", 1))
    with open_studies(run.folder) as studies:
        names = {Path(each.artifact.path).name for each in lost(run.folder, studies, read_at_most=1000)}
        everything = {Path(each.artifact.path).name for each in lost(run.folder, studies, read_at_most=10**9)}
    assert names == {missing.name, cut.name}
    assert everything == {missing.name, cut.name, altered.name}


def test_seconds_without_watch_are_refused(finished: TinyRun, sweep: Sweep) -> None:
    said = sweep("status", finished.folder.path, "5")
    assert (said.code, said.out) == (2, "")
    assert "SECONDS goes with --watch: sweep status" in said.err


def test_watching_a_complete_run_ends_at_once(finished: TinyRun, sweep: Sweep) -> None:
    said = sweep("status", finished.folder.path, "--watch")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("All 20 cells are done. See them with: sweep tables ")
    (line,) = sweep("status", finished.folder.path, "--watch", "0.5", "--json").out.splitlines()
    assert json.loads(line)["complete"]


def _lines(process: "subprocess.Popen[str]") -> Iterator[str]:
    assert process.stdout is not None
    yield from process.stdout


def test_a_pipe_gets_the_lines_of_the_run_itself(going_on: TinyRun, finished: TinyRun) -> None:
    words = [*SWEEP, "status", str(going_on.folder.path), "--watch", "0.1"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        lines = _lines(process)
        assert re.fullmatch(r"Run run \(space own\): process \d+ on .*, since .* is working on it\n", next(lines))
        finish(going_on, finished)
        assert re.fullmatch(r"\[20/20\] arousal vggish/way4: F1 \d+\.\d\d \(1 seed\) in \d+\.\d s\n", next(lines))
        process.send_signal(signal.SIGINT)  # for the run is still held, by us
        assert (list(lines), process.wait(30)) == ([], 130)
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_scripts_get_an_object_a_line_until_the_run_is_complete(finished: TinyRun, tmp_path: Path) -> None:
    run = unfinished(copied(finished, tmp_path))
    words = [*SWEEP, "status", str(run.folder.path), "--watch", "--json", "0.1"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        lines = _lines(process)
        found = [json.loads(next(lines)) for _ in range(2)]
        finish(run, finished)
        found += [json.loads(line) for line in lines]
        assert process.wait(30) == 0
    assert {tuple(each) for each in found} == {tuple(found[0])}
    assert [each["complete"] for each in found] == [False] * (len(found) - 1) + [True]


def test_a_run_that_has_only_just_been_started_is_waited_for(finished: TinyRun, tmp_path: Path) -> None:
    run = copied(finished, tmp_path)
    study = run.folder.study_db.rename(tmp_path / "elsewhere")
    artifacts = run.folder.artifacts.rename(tmp_path / "artifacts")
    words = [*SWEEP, "status", str(run.folder.path), "--watch", "0.1"]
    with ExitStack() as watching:
        with coordinating(run.folder):
            process = watching.enter_context(subprocess.Popen(words, stdout=subprocess.DEVNULL))
            time.sleep(1)
            artifacts.rename(run.folder.artifacts)
            study.rename(run.folder.study_db)
            assert process.poll() is None
        assert process.wait(30) == 0  # all is done, and nobody is at work any more


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_has_seen_enough_gets_the_terminal_back(going_on: TinyRun, number: signal.Signals) -> None:
    with PseudoTerminal((90, 30), *SWEEP, "status", going_on.folder.path, "--watch") as terminal:
        terminal.wait_for("seed 101, epoch 3")
        terminal.signal(number)
        assert terminal.ended() == 130
    assert "Traceback" not in terminal.raw
    assert terminal.raw.rindex("\x1b[?25h") > terminal.raw.rindex("\x1b[?25l")  # the cursor is back


@pytest.mark.slow
def test_another_terminal_shows_the_table_that_the_run_shows(tree: Path, cache: Path, tmp_path: Path) -> None:
    """A real run in one terminal, `status --watch` in another of another size; the last table is that of the study."""
    space, folder = write_space(tmp_path / "own.toml", NAMES), tmp_path / "run"
    words = ("run", space, "--data", tree, "--run", folder, "--cache", cache, "--workers", 1)
    with PseudoTerminal((80, 24), *SWEEP, *words) as run:
        run.wait_for("0/14 cells")  # its study stands
        with PseudoTerminal((120, 40), *SWEEP, "status", folder, "--watch", "0.2") as watch:
            run.wait_for("cells are done")
            assert (run.ended(), watch.ended()) == (0, 0)
    for terminal, width in ((run, 80), (watch, 120)):
        assert "Traceback" not in terminal.raw
        table = [line for line in terminal.plain.splitlines() if re.match(r"(vggish|fau|bert~) +\d", line)]
        assert table
        assert all(len(line) <= width for line in table)
    assert "is working on it" in watch.plain
    last = watch.plain[watch.plain.rindex("16/16 cells") :]
    with open_studies(tiny_run(tmp_path, tree, cache, NAMES).folder) as studies:
        figures = {str(r.cell): r.seeds[0].devel.macro_f1 for t in ("arousal", "valence") for r in studies.records(t)}
    row = next(line.split()[1:] for line in last.splitlines() if line.startswith("fau "))
    cells = [f"{target} fau/{way}" for target in ("arousal", "valence") for way in ("way2", "way4")]
    assert row == [f"{100 * figures[name]:.2f}" for name in cells]


def test_a_space_by_roles_can_be_watched_from_its_first_moment(
    tree: Path, cache: Path, tmp_path: Path, sweep: Sweep
) -> None:
    run = tiny_run(tmp_path, tree, cache, ROLES)
    run.failing = ("arousal fau/way2",)
    run.carry_out()
    found = json.loads(sweep("status", run.folder.path, "--json").out)
    assert [each["cell"] for each in found["failed"]] == ["arousal fau/way2"]
    assert found["failed"][0]["attempts"] == 1
    assert found["feature_sets_open"] == 3
    assert "failed: arousal fau/way2: made to fail" in sweep("status", run.folder.path).out
