"""A grid whose processes are killed at random moments, against the same grid left in peace.

    python benchmarks/chaos.py [--kills 50] [--seed 1] [--epochs 15] [--ways way2 way4 way5] [--workers 2] [--keep DIR]

Two targets, four feature sets and the Ways named: 24 cells by default, and the official baseline's and the joint runs
behind them, on a small sample tree with tiny networks, so that kills and not arithmetic take the time. The sweep runs
as a user starts it, `sweep run` and then `sweep resume`; SIGKILL strikes its coordinator, one of its workers, or both.
Moments are drawn from the seed: after so many more epochs and a fraction of a second, or while everything starts.

Afterwards it is counted, from the study's file and the trials' logs, what was done twice or lost, and every record,
artifact and table is compared with those of the run in peace. Exit status 1 if anything is off.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a file, Python finds only its neighbours

from benchmarks import traces
from benchmarks.killed_run import KINDS, SWEEP, KilledRun, Toll
from sweep.folder import RunFolder
from sweep.sample import write_sample

_TARGETS, _FEATURE_SETS, _SEEDS = 2, 4, 2
_OF = {"coordinator": "the coordinator", "worker": "a worker", "both": "both"}
_SPACE = """
title = "Chaos"
ways = {ways}

[settings]
seeds = {seeds}
epochs = {epochs}
patience = {epochs}
hidden = 8
feed_forward = 8
layers = 1
baseline_layers = 1
dropout = 0.2
batch_size = 4
learning_rate = 0.01
standardize = ["all"]

[baseline]
features = ["vggish"]

[[stage]]
name = "one"
title = "Uni-modal feature"
tables = ["II"]
features = ["vggish", "bert~"]

[[stage]]
name = "several"
title = "Multimodal feature"
tables = ["III", "IV"]
features = ["vggish+fau", "egemaps+fau+bert"]
"""


def main(arguments: list[str] | None = None) -> int:
    """Prints what was killed and what it cost; 1 if anything is off."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--ways", nargs="+", default=["way2", "way4", "way5"])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="an empty folder for everything; by default a temporary one")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as place:
        return _run(asked.keep or Path(place), asked)


def _run(place: Path, asked: argparse.Namespace) -> int:
    write_sample(place / "tree", scale=0.2)
    space = place / "chaos.toml"
    space.write_text(_SPACE.format(ways=json.dumps(asked.ways), seeds=_SEEDS, epochs=asked.epochs), encoding="utf-8")
    peace, chaos = RunFolder(place / "in peace"), RunFolder(place / "chaos")
    words = ["run", str(space), "--data", str(place / "tree"), "--cache", str(place / "cache")]
    workers = ["--workers", str(asked.workers)]
    subprocess.run([SWEEP, *words, "--run", str(peace.path), *workers], check=True, capture_output=True)

    grid = _TARGETS * _FEATURE_SETS * len(asked.ways)
    epochs = (grid + 2 * _TARGETS) * _SEEDS * asked.epochs  # a baseline and a joint run each target
    command = [*words, "--run", str(chaos.path), *workers]
    killed = KilledRun(command, chaos, asked.kills, epochs, random.Random(asked.seed))  # noqa: S311 # no secret
    began = time.monotonic()
    killed.carry_through()
    took_s = time.monotonic() - began

    expected, found = traces.outcome(peace.path), traces.outcome(chaos.path)
    different = sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name))
    kinds = Counter(name.partition(" ")[0] for name in expected)
    print(
        f"{grid} cells in the grid, {killed.toll.records} records, {epochs} epochs, {asked.workers} workers; ", end=""
    )
    print(f"{killed.toll.starts} starts in {took_s / 60:.1f} minutes; kills drawn from seed {asked.seed}.\n")
    print("\n".join(_lines(killed.toll, different, kinds)))
    return 1 if _is_off(killed.toll, different, asked.kills) else 0


def _lines(toll: Toll, different: list[str], kinds: Counter[str]) -> Iterator[str]:
    by_kind = ", ".join(f"{toll.kills[kind]} of {_OF[kind]}" for kind in KINDS)
    yield "| | |"
    yield "|---|---|"
    yield f"| kills | {toll.kills.total()}: {by_kind} |"
    yield f"| trials that a dead coordinator left in flight | {toll.interrupted} |"
    yield f"| cells that lost three workers, tried again with `--retry-failed` | {toll.holes} |"
    yield f"| epochs that those trained again | {toll.afresh} |"
    yield f"| cells trained again after having finished | {len(toll.again)} |"
    yield f"| records lost or changed | {len(toll.lost)} |"
    yield f"| trials duplicated | {len(toll.duplicated)} |"
    yield f"| workers that outlived their coordinator | {toll.orphans} |"
    twice = sum(toll.repeated)
    per_kill = f"{twice / max(1, toll.kills.total()):.2f} a kill"
    yield f"| other epochs trained twice | {twice}, {per_kill}; at most {_most(toll)} by one worker |"
    held = f"{kinds['record']} records, {kinds['artifact']} artifacts, {kinds['table']} tables (every format)"
    yield f"| compared with the run in peace, byte by byte | {held}: {len(different)} differ |"
    for name in sorted({*different, *toll.again, *toll.lost, *toll.duplicated}):
        yield f"| off | {name} |"


def _most(toll: Toll) -> int:
    return max(toll.repeated, default=0)


def _is_off(toll: Toll, different: list[str], kills: int) -> bool:
    wrong = different or toll.again or toll.lost or toll.duplicated or toll.orphans
    return bool(wrong) or _most(toll) > 1 or toll.kills.total() < kills


if __name__ == "__main__":
    sys.exit(main())
