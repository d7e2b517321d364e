"""No code out of files, no file that others may write, no password in a message."""

import ast
import os
import stat
from pathlib import Path

import pytest

import search_spaces
from search_spaces.errors import SweepError
from sweep._postgres import Postgres
from sweep._storage import shown
from sweep.ledger import Ledger
from sweep.storage_note import Storage
from sweep.study_reader import StudyReader
from tests.broken_spaces import RIGHT
from tests.conftest import Sweep
from tests.tiny_run import tiny_run, tiny_tree

CHECKOUT = Path(search_spaces.__file__).resolve().parents[1]
MODULES = sorted(path for name in ("search_spaces", "results", "sweep") for path in (CHECKOUT / name).rglob("*.py"))
OBJECTS = {"pickle", "_pickle", "cPickle", "cloudpickle", "dill", "marshal", "shelve", "jsonpickle"}
LOADERS = {
    "torch.load",
    "torch.save",
    "joblib.load",
    "joblib.dump",
    "pd.read_pickle",
    "pandas.read_pickle",
    "eval",
    "exec",
}


def spelled(node: ast.expr) -> str:
    """The dotted name that an expression is, or ""."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            return f"{spelled(value)}.{attribute}"
        case _:
            return ""


def offences(source: str) -> list[str]:
    """What a module does that could run code out of a file."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                found += [name.name for name in names if name.name.split(".")[0] in OBJECTS]
            case ast.ImportFrom(module=str(module), names=names):
                found += [module] if module.split(".")[0] in OBJECTS else []
                found += [f"{module}.{name.name}" for name in names if f"{module}.{name.name}" in LOADERS]
            case ast.Call(func=function, keywords=keywords):
                name = spelled(function)
                found += [name] if name in LOADERS else []
                safe = any(k.arg == "allow_pickle" and ast.unparse(k.value) == "False" for k in keywords)
                found += [name] if name in ("np.load", "numpy.load", "np.save", "np.savez") and not safe else []
    return found


def test_the_search_for_offences_finds_them() -> None:
    for source in ("import pickle", "from dill import loads", "import torch\ntorch.load('x')", "eval('1')"):
        assert offences(source)
    assert offences("import numpy as np\nnp.load('x')")
    assert offences("import numpy as np\nnp.load('x', allow_pickle=True)")
    assert not offences("import numpy as np\nnp.load('x', allow_pickle=False)")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_no_module_loads_objects_or_code_from_a_file(path: Path) -> None:
    assert offences(path.read_text(encoding="utf-8")) == []


def test_what_is_made_can_be_written_by_its_owner_alone(tmp_path: Path, sweep: Sweep) -> None:
    before = os.umask(0o022)
    try:
        text = RIGHT.replace("vggish", "bert~") + "[settings]\nseeds = 1\nepochs = 1\n"
        tiny_run(tmp_path, tiny_tree(tmp_path / "tree"), tmp_path / "cache", text).carry_out()
        assert sweep("tables", tmp_path / "run", "--out", tmp_path / "tables").code == 0
    finally:
        os.umask(before)
    made = [path for path in tmp_path.rglob("*") if not path.is_symlink()]
    assert len(made) > 50
    assert [path for path in made if stat.S_IMODE(path.stat().st_mode) & (stat.S_IWGRP | stat.S_IWOTH)] == []


SECRETS = (
    "postgresql+psycopg://user:hunter2@127.0.0.1:1/x",
    "mysql://user:hunter2@host/x",
    "nonsense://user:hunter2@host/x",
    "postgresql://user:hunter2@host:port/x",
    "postgresql://user:pa/hunter2@host/db",
    "postgresql://user:hunter%322@host/db",
    "postgresql://host/db?password=hunter2&user=x",
    "postgresql://user:{hunter2}@host/db",
    "sqlite://user:hunter2@host/x",
    "user:hunter2@host",
    "postgresql://user:hunter2",
)


@pytest.mark.parametrize("url", SECRETS)
def test_a_password_is_in_no_message(url: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert "hunter" not in shown(url)
    for kind in (Ledger, StudyReader):
        with pytest.raises(SweepError) as refused:
            kind(url, "run")
        assert "hunter" not in str(refused.value)
    said = capfd.readouterr()
    assert "hunter" not in said.out + said.err


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:hunter2@host/x",
        "postgresql://host/x?password=hunter2",
        "postgresql://host/x?sslmode=require&sslpassword=hunter2",
    ],
)
def test_a_password_is_neither_written_down_nor_in_what_a_server_says(url: str) -> None:
    database = Postgres.of(url)
    assert "hunter" not in f"{database.url} {database.shown} {database!r}"
    assert "hunter" not in database.reason(OSError(f'invalid connection option in "{url}": hunter2'))
    assert "hunter" not in repr(Storage(url, "run"))
    assert "hunter" not in str(Storage(url, "run"))


@pytest.mark.parametrize("command", ["status", "dashboard", "tables", "resume", "report", "run"])
def test_a_password_is_not_printed_by_a_command_that_gets_it(command: str, sweep: Sweep, tmp_path: Path) -> None:
    url = "postgresql+psycopg://user:hunter2@127.0.0.1:1/x"
    words = ("smoke", "--data", tmp_path, "--run", url) if command == "run" else (url,)
    said = sweep(command, *words)
    assert said.code == 2
    assert "hunter" not in said.out + said.err
