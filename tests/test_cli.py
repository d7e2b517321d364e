"""The command line: what it imports, its exit codes, and one clear message for every wrong use."""

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.conftest import Sweep
from tests.tiny_run import NAMES, ROLES, TinyRun, files, tiny_tree, write_space
from tests.trees import feature_file


def test_help_answers_without_the_heavy_libraries() -> None:
    code = """
import sys
from sweep import cli
sys.argv = ["sweep", "--help"]
try:
    cli.main()
finally:
    heavy = {"torch", "optuna", "pandas", "sklearn", "scipy", "joblib"} & set(sys.modules)
    print("heavy:", sorted(heavy))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "heavy: []" in done.stdout
    commands = (
        "demo",
        "plan",
        "run",
        "resume",
        "replay",
        "status",
        "tables",
        "predict",
        "records",
        "dashboard",
        "data",
    )
    assert [command for command in commands if f" {command} " not in done.stdout] == []


def test_the_console_script_prints_its_version() -> None:
    script = Path(sys.executable).with_name("sweep")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("muse-sweep 0.")


def test_help_says_what_holds_where_an_option_is_not_given(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    said = sweep("run", "--help").out
    assert "[default: runs/SPACE-DATA]" in said
    assert "[default: a cluster made here]" in said


def test_no_command_shows_the_help(sweep: Sweep) -> None:
    said = sweep()
    assert said.code == 0
    assert "resume" in said.out


@pytest.mark.parametrize(
    "words",
    [
        ("frobnicate",),
        ("run",),
        ("run", "smoke"),
        ("run", "smoke", "--data", "x", "--frob"),
        ("run", "smoke", "--data", "x", "--workers", "0"),
        ("run", "smoke", "--data", "x", "--seeds", "0"),
        ("run", "smoke", "--data", "x", "--epochs", "many"),
        ("tables", "x", "--format", "xls"),
        ("tables", "x", "--compare", "reality"),
    ],
)
def test_words_that_are_no_command_exit_with_2(sweep: Sweep, words: tuple[str, ...]) -> None:
    said = sweep(*words)
    assert (said.code, said.out) == (2, "")
    assert "Error" in said.err


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder; whatever a command writes by mistake appears there."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def refused(sweep: Sweep, here: Path, cache: Path) -> Callable[..., str]:
    """Calls a command that must be refused, writing nothing; what it said, on one line."""

    def call(*words: object) -> str:
        before = files(here)
        given = () if words[0] in ("status", "tables", "data", "move") else ("--cache", cache)
        said = sweep(*words, *given)
        assert (said.code, said.out) == (2, ""), said
        assert said.err.startswith("sweep: ")
        assert said.err.count("sweep: ") == 1
        assert "Traceback" not in said.err
        assert files(here) == before
        return " ".join(said.err.split())

    return call


def test_a_missing_data_folder_is_named(refused: Callable[..., str]) -> None:
    assert "nowhere" in refused("run", "smoke", "--data", "nowhere")


def test_an_empty_data_folder_is_no_tree(refused: Callable[..., str], here: Path) -> None:
    (here / "empty").mkdir()
    assert "empty" in refused("run", "smoke", "--data", "empty")


def test_another_kind_of_folder_is_no_tree(refused: Callable[..., str], here: Path) -> None:
    (here / "other").mkdir()
    (here / "other" / "notes.txt").write_text("hello")
    message = refused("plan", "smoke", "--data", "other")
    assert "other" in message
    assert "Expected a MuSe-2021 tree" in message


def test_an_unknown_space_lists_the_known_ones(refused: Callable[..., str], tree: Path) -> None:
    message = refused("run", "papr", "--data", tree)
    assert "'papr' is unknown" in message
    assert all(name in message for name in ("demo", "paper", "protocol", "smoke"))


def test_an_unknown_key_of_an_own_space_lists_the_known_ones(
    refused: Callable[..., str], here: Path, tree: Path
) -> None:
    write_space(here / "own.toml", ROLES.replace("epochs =", "epoch ="))
    message = refused("run", "own.toml", "--data", tree)
    assert "settings.epoch: unknown key" in message
    assert "own.toml" in message
    assert "epochs" in message


def test_an_unknown_target_lists_the_known_ones(refused: Callable[..., str], tree: Path) -> None:
    message = refused("run", "smoke", "--data", tree, "--target", "anger")
    assert "Target 'anger' is unknown. Known: arousal, valence." in message


def test_a_feature_that_the_data_lacks_is_named_with_those_it_has(
    refused: Callable[..., str], here: Path, tree: Path
) -> None:
    write_space(here / "own.toml", NAMES.replace('"fau"', '"xception"'))
    message = refused("run", "own.toml", "--data", tree)
    assert "no feature 'xception'" in message
    assert "It has: bert (text), fau (video), vggish (audio)" in message


def test_an_unknown_table_lists_the_known_ones(refused: Callable[..., str], finished: TinyRun) -> None:
    assert "Table 'IX' is unknown. Known: I, II, III, IV, V, VI." in refused(
        "tables", finished.folder.path, "--table", "IX"
    )


def test_a_run_folder_that_is_a_file_is_left_alone(refused: Callable[..., str], here: Path, tree: Path) -> None:
    (here / "mine").write_text("precious")
    assert "mine exists and is no run" in refused("run", "smoke", "--data", tree, "--run", "mine")


def test_a_folder_with_other_things_in_it_is_left_alone(refused: Callable[..., str], here: Path, tree: Path) -> None:
    (here / "mine").mkdir()
    (here / "mine" / "thesis.tex").write_text("precious")
    assert "mine exists and is no run" in refused("run", "smoke", "--data", tree, "--run", "mine")


def test_a_run_folder_that_cannot_be_made_is_told_before_the_data_is_read(
    refused: Callable[..., str], here: Path
) -> None:
    (here / "file").write_text("")
    message = refused("run", "smoke", "--data", "nowhere", "--run", "file/deep/run")
    assert "deep/run cannot be made" in message
    assert "is a file" in message


@pytest.fixture
def taken(finished: TinyRun, here: Path) -> Path:
    """A copy of the finished run, in the current folder."""
    shutil.copytree(finished.folder.path, here / "run")
    shutil.copy(finished.space, here / "own.toml")
    return here / "run"


@pytest.mark.parametrize(
    ("words", "difference"),
    [
        (("--seeds", 2), "space.settings.seeds: the run has 1, now asked for 2"),
        (("--epochs", 3), "space.settings.epochs: the run has 8, now asked for 3"),
        (("--target", "valence"), 'targets: the run has ["arousal", "valence"], now asked for ["valence"]'),
    ],
)
def test_a_run_with_other_settings_is_refused(
    refused: Callable[..., str], taken: Path, tree: Path, words: tuple[object, ...], difference: str
) -> None:
    message = refused("run", "own.toml", "--data", tree, "--run", taken, *words)
    assert "was made with other settings" in message
    assert difference in message


def test_a_run_of_another_space_is_refused(refused: Callable[..., str], here: Path, taken: Path, tree: Path) -> None:
    write_space(here / "own.toml", ROLES.replace('"way4"]', '"way5"]'))
    message = refused("run", "own.toml", "--data", tree, "--run", taken)
    assert 'space.ways: the run has ["way2", "way4"], now asked for ["way2", "way5"]' in message


@pytest.mark.parametrize("command", ["run", "resume"])
def test_data_that_changed_by_one_byte_is_refused(
    refused: Callable[..., str], here: Path, taken: Path, command: str
) -> None:
    changed = tiny_tree(here / "tree")
    file = feature_file(changed, "fau", "1")
    text = file.read_text()
    file.write_text(text[:-2] + ("1" if text[-2] != "1" else "2") + "\n")
    words = ("run", "own.toml", "--run", taken) if command == "run" else ("resume", taken)
    message = refused(*words, "--data", changed)
    assert "data: some content of the tree differs (digest " in message


@pytest.mark.parametrize(
    "words",
    [
        ("resume", "nowhere", "{}"),
        ("run", "smoke", "{}", "--data", "x"),
        ("run", "{}", "--data", "x"),
        ("run", "smoke", "--data", "{}"),
        ("run", "smoke", "--data", "x", "--storge", "{}"),
        ("move", "nowhere", "--to", "sqlite", "{}"),
        ("status", "{}", "{}"),
        ("tables", "nowhere", "--out", "{}"),
        ("tables", "{}"),
        ("{}",),
    ],
)
@pytest.mark.parametrize(
    "url", ["postgresql://me:s3cret@host/db", "postgresql://me:a@s3cret@h/d", "postgresql://h/d?password=s3cret"]
)
def test_a_password_in_the_wrong_place_is_not_printed(
    sweep: Sweep, here: Path, words: tuple[str, ...], url: str
) -> None:
    said = sweep(*(word.format(url) for word in words))
    assert (said.code, said.out) == (2, "")
    assert "s3cret" not in said.err
    assert list(here.iterdir()) == []


def test_another_tree_is_refused_as_such(refused: Callable[..., str], here: Path, taken: Path) -> None:
    other = tiny_tree(here / "tree")
    shutil.rmtree(other / "feature_segments" / "fau")  # which the run's space names
    message = refused("resume", taken, "--data", other)
    assert "data: some content of the tree differs (digest " in message
    assert "no feature" not in message


def test_data_that_moved_is_asked_for(refused: Callable[..., str], here: Path, taken: Path) -> None:
    text = (taken / "run.json").read_text()
    content = json.loads(text) | {"data": str(here / "gone")}
    (taken / "run.json").write_text(json.dumps(content))
    message = refused("resume", taken)
    assert "gone" in message
    assert "--data" in message


@pytest.mark.parametrize("command", ["resume", "status", "tables"])
def test_a_folder_without_a_run_is_none(refused: Callable[..., str], here: Path, command: str) -> None:
    (here / "empty").mkdir()
    (here / "file").write_text("")
    for path in ("empty", "nowhere", "file"):
        message = refused(command, path)
        assert f"{path} is no run: it has no run.json. `sweep run SPACE --data DIR` makes one." in message


def test_tables_of_a_run_that_has_measured_nothing_say_so(refused: Callable[..., str], taken: Path) -> None:
    (taken / "study.db").unlink()
    shutil.rmtree(taken / "artifacts")
    for words in (("tables",), ("status",), ("status", "--watch")):
        assert "nothing has run there yet" in refused(*words, taken)


def test_a_study_that_has_gone_is_not_begun_anew(refused: Callable[..., str], taken: Path, tree: Path) -> None:
    (taken / "study.db").unlink()
    for words in (("tables",), ("status",), ("status", "--watch"), ("resume",), ("move", "--to", "sqlite")):
        assert "Put a copy of it back" in refused(*words, taken)
    assert "Put a copy of it back" in refused("run", "own.toml", "--run", taken, "--data", tree)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ('{"format": 1', "expected JSON, found a syntax error"),
        ("[]", "the whole file: Input should be"),
        ('{"format": 1}', "space: Field required"),
        ('{"format": 99, "shape": "new"}', "has format 99; muse-sweep"),
    ],
)
@pytest.mark.parametrize("command", ["resume", "status", "tables"])
def test_a_damaged_or_newer_run_json_is_told(
    refused: Callable[..., str], taken: Path, command: str, content: str, complaint: str
) -> None:
    (taken / "run.json").write_text(content)
    message = refused(command, taken)
    assert "run.json" in message
    assert complaint in message


@pytest.mark.parametrize("command", ["resume", "status", "tables"])
@pytest.mark.parametrize("content", [b"", b"not a database"])
def test_a_damaged_study_is_told(refused: Callable[..., str], taken: Path, command: str, content: bytes) -> None:
    (taken / "study.db").write_bytes(content)
    assert "study.db must be a study database of Optuna" in refused(command, taken)


def test_a_study_that_lost_its_pages_is_told(refused: Callable[..., str], taken: Path) -> None:
    whole = (taken / "study.db").read_bytes()
    (taken / "study.db").write_bytes(whole[:4096] + bytes(len(whole) - 4096))
    with pytest.raises(sqlite3.DatabaseError), sqlite3.connect(taken / "study.db") as database:
        database.execute("SELECT * FROM trials").fetchall()
    assert "study.db" in refused("status", taken)


def test_cuda_without_a_gpu_is_refused(refused: Callable[..., str], tree: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    message = refused("run", "smoke", "--data", tree, "--device", "cuda")
    assert "--device cuda: expected a CUDA device" in message
    assert "Device 'tpu' is unknown" in refused("run", "smoke", "--data", tree, "--device", "tpu")


def test_tables_for_the_terminal_are_not_written_to_files(
    refused: Callable[..., str], here: Path, finished: TinyRun
) -> None:
    assert "--out takes csv" in refused("tables", finished.folder.path, "--format", "text", "--out", "tables")


def test_tables_go_into_no_file(refused: Callable[..., str], here: Path, finished: TinyRun) -> None:
    (here / "file").write_text("")
    assert "--out file cannot be written" in refused("tables", finished.folder.path, "--out", "file")
