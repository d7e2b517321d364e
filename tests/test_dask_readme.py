"""The README's clusters, as written: a scheduler and two workers on this machine, and jobs of SLURM."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sweep.executors import Setup
from sweep.executors._dask.executor import DaskExecutor
from tests.fake_run import ROOT, made_folder, make_job, write_data
from tests.fake_trial import cell, fake_outcome
from tests.waiting import WAIT_S

pytestmark = pytest.mark.slow
_SBATCH = """#!/bin/sh
cp "$1" job.sh
setsid sh job.sh >worker.log 2>&1 &
echo $! >pid
echo "Submitted batch job 17"
"""
_SCANCEL = """#!/bin/sh
test "$1" = 17 && kill -TERM -- "-$(cat pid)"
"""


def block(name: str) -> str:
    """The fenced block of the README after a marker."""
    _, _, rest = (ROOT / "README.md").read_text(encoding="utf-8").partition(f"<!-- {name} -->\n```")
    return rest.partition("\n")[2].partition("\n```")[0] + "\n"


def environment(place: Path) -> dict[str, str]:
    """Ours, with the commands of this Python first, after those of a folder."""
    path = os.pathsep.join([str(place), str(Path(sys.executable).parent), os.environ["PATH"]])
    return {"PYTHONPATH": str(ROOT), **os.environ, "PATH": path, "XDG_CACHE_HOME": str(place / "cache")}


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_two_workers_of_this_machine_carry_out_a_run(tmp_path: Path) -> None:
    script = block("dask-here").replace("8786", str(free_port()))
    with subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", script + "wait || true\n"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as shell:
        try:
            said, _ = shell.communicate(timeout=5 * WAIT_S)
        finally:
            _end(shell)
    assert shell.returncode == 0, said
    assert re.search(r"Dask: \d workers?, \d trials at a time", said), said
    logs = [log for log in (tmp_path / "runs" / "smoke-tree" / "logs").glob("*.log") if log.name != "dask.log"]
    assert len(logs) >= 2
    assert all(log.read_text().startswith("on Dask worker tcp://127.0.0.1:") for log in logs)


def test_slurm_gets_jobs_that_are_workers_and_leave_in_time(tmp_path: Path) -> None:
    for name, content in (("sbatch", _SBATCH), ("scancel", _SCANCEL)):
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(0o755)
    folder = made_folder(tmp_path)
    write_data(folder)
    with _slurm(tmp_path) as address:
        executor = DaskExecutor(
            Setup(None, folder.logs, lambda _: None, scheduler=address, trial="tests.fake_trial:run_trial")
        )
        outcome = executor.submit(make_job(folder)(cell("f1")), lambda _: None).result(timeout=WAIT_S)
        assert (executor.workers, outcome) == (8, fake_outcome(cell("f1")))
        executor.shutdown()
    job = (tmp_path / "job.sh").read_text()
    directives = [line.removeprefix("#SBATCH ") for line in job.splitlines() if line.startswith("#SBATCH")]
    assert directives == ["-J dask-worker", "-p cpu", "-n 1", "--cpus-per-task=8", "--mem=15G", "-t 04:00:00"]
    (command,) = (line for line in job.splitlines() if "dask_worker" in line)
    assert command.startswith(f"{sys.executable} -m distributed.cli.dask_worker {address} ")
    assert all(f" {words}" in command for words in ("--nthreads 8", "--lifetime 230m", "--lifetime-stagger 5m"))


@contextmanager
def _slurm(place: Path) -> Iterator[str]:
    """The README's script at work in a folder with SLURM's commands; the address that it prints."""
    script = block("dask-slurm").replace("8786", "0").replace("jobs=10", "jobs=1")
    with subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=place,
        env=environment(place),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
            process.communicate("\n", timeout=WAIT_S)
            assert process.returncode == 0
        finally:
            _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    """Ends whatever is left of a session."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
