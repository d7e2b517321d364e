"""What `sweep plan` says against what a run then takes: training time and memory.

The plan is asked first; then the same space is run, and what its cells took is read from their costs.

    python benchmarks/plan.py DATA [--ways way2 way4] [--features rms speech rms+speech] [--target arousal] [--seeds 2]
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a file, Python finds only its neighbours

from results.records import Cost, TrialRecord
from sweep.folder import RunFolder
from sweep.opened import open_studies

_SWEEP = [sys.executable, "-c", "from sweep.cli import main; main()"]


def space_of(arguments: argparse.Namespace) -> str:
    """The space as a file's text: one stage, every feature scaled."""
    return f"""
title = "Plan and run"
ways = {json.dumps(arguments.ways)}

[settings]
seeds = {arguments.seeds}
epochs = {arguments.epochs}
standardize = ["all"]

[[stage]]
name = "all"
title = "Everything"
tables = ["II"]
features = {json.dumps(arguments.features)}
"""


def sweep(*words: object) -> str:
    """What a command prints."""
    done = subprocess.run([*_SWEEP, *map(str, words)], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def measured(run: Path) -> tuple[list[TrialRecord], list[Cost]]:
    """The records of a run, and what they took."""
    with open_studies(RunFolder(run)) as studies:
        names = studies.studies()
        records = [record for name in names for record in studies.records(name)]
        return records, [cost for name in names for cost in studies.costs(name).values()]


def main() -> None:
    """Prints what was planned, what was taken, and planned over taken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--ways", nargs="+", default=["way2", "way4"])
    parser.add_argument("--features", nargs="+", default=["rms", "speech", "rms+speech"])
    parser.add_argument("--target", nargs="+", default=["arousal"])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "own.toml").write_text(space_of(arguments), encoding="utf-8")
        words = [folder / "own.toml", "--data", arguments.data, "--cache", folder / "cache"]
        words += ["--workers", arguments.workers, *(word for name in arguments.target for word in ("--target", name))]
        plan = json.loads(sweep("plan", *words, "--json"))
        sweep("run", *words, "--run", folder / "run")
        records, costs = measured(folder / "run")
    took = sum(cost.wall_s for cost in costs)
    planned = {name: 3600 * arguments.workers * plan[f"hours_{name}"] for name in ("least", "expected", "most")}
    epochs = statistics.fmean(seed.epochs for record in records for seed in record.seeds)
    peak = max(cost.peak_memory_mb for cost in costs)
    print("| | planned | measured | planned / measured |")
    print("|---|---|---|---|")
    print(f"| cells | {plan['cells']} | {len(costs)} | |")
    for name, seconds in planned.items():
        print(f"| training, s of one worker, {name} | {seconds:.0f} | {took:.0f} | {seconds / took:.2f} |")
    expected = plan["epochs_expected"]
    print(f"| epochs a seed, mean | {expected:.1f} | {epochs:.1f} | {expected / epochs:.2f} |")
    for line in plan["ways"]:
        of_way = [r for r in records if [branch.way for branch in r.cell.branches] == [line["way"]]]
        seconds = [seed.epoch_s for cost, r in zip(costs, records, strict=True) if r in of_way for seed in cost.seeds]
        if seconds:
            mean = statistics.fmean(seconds)
            print(f"| s an epoch, {line['way']} | {line['epoch_s']:.3f} | {mean:.3f} | {line['epoch_s'] / mean:.2f} |")
    memory = plan["worker_memory_mb"]
    print(f"| peak MB of a worker | {memory:.0f} | {peak:.0f} | {memory / peak:.2f} |")


if __name__ == "__main__":
    main()
