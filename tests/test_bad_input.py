"""Bad input, each through the real command line: one message with place and remedy, exit code 2, nothing changed."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bad_words import MISTAKES, NAMES
from tests.broken import Broken, loop, snapshot
from tests.broken_features import FILES, FOLDERS
from tests.broken_runs import FOLDERS as RESUMED
from tests.broken_runs import IDENTITIES
from tests.broken_spaces import SPACES, TAKEN
from tests.broken_studies import STUDIES
from tests.broken_trees import LABELS, PARTITIONS
from tests.conftest import Sweep
from tests.odd_trees import ODD
from tests.tiny_run import NAMES as SPACE
from tests.tiny_run import TinyRun, write_space
from tests.trees import write_tree

Refused = Callable[..., str]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> Path:
    """An empty current folder; whatever a command writes by mistake appears there. The cache lies elsewhere."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def refused(sweep: Sweep, here: Path) -> Refused:
    """Calls a command that must be refused and change nothing; what it said, on one line."""

    def call(*words: object) -> str:
        before = snapshot(here)
        said = sweep(*words)
        assert said.code == 2, said
        assert "Traceback" not in said.out + said.err
        assert snapshot(here) == before
        return " ".join((said.out + said.err).split())

    return call


def assert_says(message: str, case: Broken) -> None:
    for part in case.says:
        assert part in message


@pytest.mark.parametrize("case", [*PARTITIONS, *LABELS, *FILES, *FOLDERS], ids=str)
def test_a_broken_tree_is_refused_by_check_and_run_alike(case: Broken, refused: Refused, here: Path) -> None:
    case.spoil(write_tree(here / "tree"))
    write_space(here / "own.toml", SPACE)
    found = refused("data", "check", "tree")
    assert_says(found, case)
    assert "no run can use this tree." in found
    assert_says(refused("run", "own.toml", "--data", "tree", "--run", "run"), case)


@pytest.mark.parametrize("case", ODD, ids=str)
def test_an_odd_tree_is_taken_with_a_notice(case: Broken, sweep: Sweep, here: Path) -> None:
    case.spoil(write_tree(here / "tree"))
    before = snapshot(here)
    said = sweep("data", "check", "tree")
    assert said.code == 0
    assert_says(" ".join(said.out.split()), case)
    assert snapshot(here) == before


@pytest.mark.parametrize("case", SPACES, ids=str)
def test_a_broken_space_is_refused(case: Broken, refused: Refused, here: Path, tree: Path) -> None:
    (here / "folder.toml").mkdir()
    case.spoil(here / "own.toml")
    message = refused("run", "own.toml", "--data", tree, "--run", "run")
    assert message.startswith("sweep: ")
    assert_says(message, case)


@pytest.mark.parametrize("case", TAKEN, ids=str)
def test_an_odd_space_is_taken(case: Broken, sweep: Sweep, here: Path, tree: Path) -> None:
    case.spoil(here / "own.toml")
    before = snapshot(here)
    said = sweep("plan", "own.toml", "--data", tree)
    assert (said.code, said.err) == (0, "")
    assert "2 cells, of which the grid is 1 feature sets x 1 Ways x 2 targets" in said.out
    assert snapshot(here) == before


@pytest.fixture
def run(finished: TinyRun, here: Path) -> Path:
    """A copy of the finished run, in the current folder."""
    return Path(shutil.copytree(finished.folder.path, here / "run"))


@pytest.mark.parametrize("case", [*IDENTITIES, *STUDIES], ids=str)
def test_a_broken_run_is_refused_by_every_command(case: Broken, refused: Refused, run: Path) -> None:
    case.spoil(run)
    for command in ("status", "tables", "resume"):
        message = refused(command, "run")
        assert message.startswith("sweep: ")
        assert_says(message, case)


@pytest.mark.parametrize("case", RESUMED, ids=str)
def test_a_run_that_cannot_go_on_is_refused(case: Broken, refused: Refused, run: Path) -> None:
    case.spoil(run)
    assert_says(refused("resume", "run"), case)


@pytest.fixture
def place(here: Path, tree: Path, finished: TinyRun) -> Path:
    """The current folder with what `bad_words` speaks of."""
    (here / "tree").symlink_to(tree)
    (here / "done").symlink_to(finished.folder.path)
    (here / "file").write_text("precious")
    (here / "folder.toml").mkdir()
    os.mkfifo(here / "pipe.toml")
    loop(here / "loop")
    return here


@pytest.mark.parametrize(("words", "says"), [(line[0], line[1:]) for line in MISTAKES], ids=str)
def test_a_bad_command_line_is_refused(
    words: tuple[str, ...], says: tuple[str, ...], refused: Refused, place: Path, finished: TinyRun
) -> None:
    before = snapshot(finished.folder.path)
    message = " ".join(refused(*words).replace("│", "").split())  # a wrong word is told in a frame
    for part in says:
        assert part in message
    assert snapshot(finished.folder.path) == before


@pytest.mark.parametrize("name", NAMES)
def test_a_run_may_be_called_anything(name: str, sweep: Sweep, here: Path, finished: TinyRun) -> None:
    run = Path(shutil.copytree(finished.folder.path, here / name))
    for command in ("status", "resume"):
        said = sweep(command, "--", run)
        assert said.code == 0, said
        assert "\x1b" not in said.out + said.err
    assert sweep("tables", "--table", "II", "--out", here / "out" / name, "--", run).code == 0
    assert {path.name for path in here.iterdir()} == {name, "out"}


SWEEP = [sys.executable, "-c", "from sweep.cli import main; main()"]


def test_a_process_in_hostile_surroundings_says_one_sentence(here: Path, finished: TinyRun) -> None:
    status = [*SWEEP, "status", str(finished.folder.path)]
    with open("/dev/full", "w") as full:  # noqa: PTH123 # a device
        done = subprocess.run(status, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "The output: No space left on device. Make room" in done.stderr
    for wrong in (["status", "nowhere"], ["--nonsense"]):
        with open("/dev/full", "w") as full:  # noqa: PTH123 # a device
            told_to_nobody = subprocess.run([*SWEEP, *wrong], cwd=here, stderr=full, check=False)
        assert told_to_nobody.returncode == 2
    (here / "gone").mkdir()
    code = "import os; os.rmdir(os.getcwd()); from sweep.cli import main; main()"
    lost = [sys.executable, "-c", code, "status", "run"]
    done = subprocess.run(lost, cwd=here / "gone", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "sweep: The current folder does not exist any more. Go to another one.\n"


def test_a_process_prints_to_any_output_or_none(here: Path, finished: TinyRun) -> None:
    status = [*SWEEP, "status", str(finished.folder.path)]
    closed = subprocess.run(["sh", "-c", '"$@" >&-', "sh", *status], capture_output=True, text=True, check=False)
    assert (closed.returncode, closed.stderr) == (0, "")
    undecodable = os.fsdecode(b"tree\xff")
    write_tree(here / undecodable)
    ascii_only = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    checked = subprocess.run(
        [*SWEEP, "data", "check", undecodable], env=ascii_only, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0
    assert "tree\\udcff: no defects." in checked.stdout


def test_an_output_that_is_closed_early_shows_no_traceback(finished: TinyRun) -> None:
    tables = [*SWEEP, "tables", str(finished.folder.path)]
    done = subprocess.run(["sh", "-c", '"$@" | true', "sh", *tables], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
