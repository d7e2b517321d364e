"""Side A of the engine benchmark: one cell trained the way users of the official MuSe-2021 baseline train theirs.

One process parses every CSV of its features with pandas, pads all train windows to the longest, feeds them through a
DataLoader, scores devel segments one by one and scikit-learn's F1 after every epoch, keeps the best epoch and predicts
test. torch is left as it comes: its own threads, no allocator settings. Our own words throughout; networks are those of
`benchmarks.plain_ways`, seeds those of the sweep, so that losses and F1 are the sweep's.

    python benchmarks/plain_loop.py DATA --features rms+scene --way way2 --target arousal [--seeds 1] [--epochs 5]

Prints one line of JSON.
"""

import argparse
import copy
import json
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil
import torch
from sklearn.metrics import f1_score
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.utils.data import DataLoader

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a file, Python finds only its neighbours

from benchmarks import plain_data
from benchmarks.plain_data import Data, Pieces, Shuffle
from benchmarks.plain_ways import PlainNetwork, build
from results.records import Branch, Cell
from search_spaces import registry
from search_spaces.errors import SweepError
from search_spaces.settings import N_CLASSES, Settings
from sweep import environment
from sweep.network import Network
from sweep.trial import derived_seed


@dataclass
class SeedRun:
    """What one seed gave and took."""

    seed: int
    train_loss: list[float] = field(default_factory=list)  # per epoch, mean over windows
    devel_f1: list[float] = field(default_factory=list)  # per epoch, macro
    best_epoch: int = 0
    test_classes: list[int] = field(default_factory=list)  # predicted with the best epoch's weights
    train_s: float = 0.0
    eval_s: float = 0.0  # devel after every epoch, and test


@dataclass(frozen=True)
class Report:
    """What one process gave and took."""

    features: str
    way: str
    target: str
    width: int
    threads: int
    seeds: list[SeedRun]
    start_s: float  # Python and the libraries
    parse_s: float  # PCA included
    wall_s: float  # since the process began
    peak_memory_mb: float


def train_seed(data: Data, cell: Cell, settings: Settings, seed: int, loaders: int = 0) -> SeedRun:
    """One training, from fresh weights to test predictions.

    Args:
        data: of the cell.
        cell: of one branch.
        settings: how long and how fast.
        seed: as the sweep numbers them.
        loaders: processes that a DataLoader starts for every pass; 0 loads in this one.
    """
    torch.manual_seed(derived_seed(cell, seed, "weights"))
    network = build(Network(cell.branches, [data.width], settings), cell.branches[0].way, settings)
    counts = torch.bincount(torch.tensor(data.train.labels), minlength=N_CLASSES)
    loss: nn.Module = registry.load("losses", settings.loss).build(counts)
    order = Shuffle(len(data.train), torch.Generator().manual_seed(derived_seed(cell, seed, "shuffle")))
    train = DataLoader(data.train, batch_size=settings.batch_size, sampler=order, num_workers=loaders)
    optimiser = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)
    plateau = ReduceLROnPlateau(
        optimiser,
        factor=settings.plateau_factor,
        patience=settings.plateau_patience,
        min_lr=settings.min_learning_rate,
    )
    run, best, best_weights = SeedRun(seed), -1.0, network.state_dict()
    for epoch in range(1, settings.epochs + 1):
        began = time.perf_counter()
        run.train_loss.append(_train_epoch(network, train, loss, optimiser))
        trained = time.perf_counter()
        score = _macro_f1(data.devel.labels, _predict(network, data.devel, loaders))
        run.train_s, run.eval_s = run.train_s + trained - began, run.eval_s + time.perf_counter() - trained
        run.devel_f1.append(score)
        if score > best:
            best, run.best_epoch, best_weights = score, epoch, copy.deepcopy(network.state_dict())
        if epoch - run.best_epoch >= settings.patience:
            break
        plateau.step(1 - score)
    network.load_state_dict(best_weights)
    began = time.perf_counter()
    run.test_classes = _predict(network, data.test, loaders)
    run.eval_s += time.perf_counter() - began
    return run


def _train_epoch(
    network: PlainNetwork,
    train: "DataLoader[tuple[torch.Tensor, int, int]]",
    loss: nn.Module,
    optimiser: torch.optim.Optimizer,
) -> float:
    network.train()
    total, windows = 0.0, 0
    for values, lengths, labels in train:
        optimiser.zero_grad()
        value = loss(network(values, lengths), labels).mean()
        value.backward()
        optimiser.step()
        total, windows = total + value.item() * len(labels), windows + len(labels)
    return total / windows


def _predict(network: PlainNetwork, pieces: Pieces, loaders: int) -> list[int]:
    """The class of each whole segment, one at a time."""
    network.eval()
    with torch.no_grad():
        segments = DataLoader(pieces, batch_size=1, num_workers=loaders)
        return [int(network(values, lengths).argmax()) for values, lengths, _ in segments]


def _macro_f1(truth: list[int], predicted: list[int]) -> float:
    score: float = f1_score(truth, predicted, labels=list(range(N_CLASSES)), average="macro", zero_division=0)
    return score


def _since_start() -> float:
    return time.time() - psutil.Process().create_time()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--features", required=True)
    parser.add_argument("--way", required=True)
    parser.add_argument("--target", required=True)
    parser.add_argument("--seeds", type=int, help="how many, from the settings' first_seed")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--loaders", type=int, default=4, help="processes of each DataLoader; the official code's 4")
    parser.add_argument("--settings", default="{}", help="JSON of what differs from the defaults of Settings")
    return parser.parse_args()


def run(root: Path, cell: Cell, settings: Settings, loaders: int) -> Report:
    """Reads the tree and trains every seed of a cell, one after the other.

    Raises:
        SweepError: the tree or this benchmark lacks what the cell names.
    """
    start_s, began = _since_start(), time.perf_counter()
    branch = cell.branches[0]
    data = plain_data.read(root, branch.features, cell.target, settings)
    parse_s = time.perf_counter() - began
    return Report(
        features=branch.features,
        way=branch.way,
        target=cell.target,
        width=data.width,
        threads=torch.get_num_threads(),
        seeds=[train_seed(data, cell, settings, seed, loaders) for seed in settings.seed_numbers()],
        start_s=start_s,
        parse_s=parse_s,
        wall_s=_since_start(),
        peak_memory_mb=environment.peak_memory_mb(),
    )


def main() -> None:
    """Prints the report; a user's mistake ends with its message and code 2."""
    arguments = _arguments()
    given = {"seeds": arguments.seeds, "epochs": arguments.epochs, "batch_size": arguments.batch_size}
    changed = json.loads(arguments.settings) | {name: value for name, value in given.items() if value is not None}
    cell = Cell(target=arguments.target, branches=(Branch(features=arguments.features, way=arguments.way),))
    try:
        print(json.dumps(asdict(run(arguments.data, cell, Settings.model_validate(changed), arguments.loaders))))
    except SweepError as error:
        print(error, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
