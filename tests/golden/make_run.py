"""Makes the finished run of the present format beside this file: `python -m tests.golden.make_run` from the root.

Done once a format. Afterwards it stays as it is, and every later version must still print its tables: never make a run
again under the number of a format that was released.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from sweep import identity
from tests.tiny_run import ROLES, tiny_tree, write_space

HERE = Path(__file__).parent
_SWEEP = str(Path(sys.executable).with_name("sweep"))
_LEFT_OUT = shutil.ignore_patterns("logs", "checkpoints", ".*")


def make(place: Path) -> Path:
    """A run of the tiny tree, 20 cells of two seeds, and its tables in every format beside it.

    Args:
        place: an existing folder for everything that is not kept.

    Returns:
        The folder that holds both.
    """
    run, kept = place / "old", HERE / f"run-format-{identity.FORMAT}"
    tree, space = tiny_tree(place / "tree"), write_space(place / "tiny.toml", ROLES)
    _sweep("run", space, "--data", tree, "--run", run, "--cache", place / "cache", "--seeds", 2, "--workers", 1)
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(run, kept / run.name, ignore=_LEFT_OUT)
    tables = kept / "tables"
    _sweep("tables", run, "--out", tables)
    _sweep("tables", run, "--out", tables, "--format", "html")
    (tables / "printed.txt").write_text(_sweep("tables", run), encoding="utf-8")
    return kept


def _sweep(*words: object) -> str:
    """What a command prints."""
    done = subprocess.run([_SWEEP, *map(str, words)], check=True, stdout=subprocess.PIPE, encoding="utf-8")
    return done.stdout


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        made = make(Path(temporary))
    size = sum(path.stat().st_size for path in made.rglob("*"))
    sys.stdout.write(f"{made}: {size / 1024:.0f} KiB\n")
