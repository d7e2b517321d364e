"""A report made up for tests: the factory's runs, with statistics, costs and a provenance around them."""

import random
from dataclasses import replace

from results.findings import BestOfMany, CellInterval, Comparison, Findings, LateFusion, Member, WayRanks
from results.records import Cell, Cost, Scores, SeedCost, SeedRecord, TrialRecord
from results.report.material import Material, PartitionFacts, Provenance, Standing
from results.run_results import RunResults
from results.select import ranked
from results.summary import summarize
from tests.results_factory import WAYS, complete_run, made_scores

PROVENANCE = Provenance(
    title="A made-up run",
    description="For tests.",
    reader="muse2021",
    data_digest="d1" * 32,
    partitions=(
        PartitionFacts("train", 5, 50, {"arousal": (10, 10, 10, 10, 9), "valence": (10, 10, 10, 10, 10)}),
        PartitionFacts("devel", 2, 20, {"arousal": (4, 4, 4, 4, 4), "valence": (4, 4, 4, 4, 4)}),
        PartitionFacts("test", 2, 20, {"arousal": (4, 4, 4, 4, 4), "valence": (0, 0, 0, 0, 0)}),
    ),
    settings={"seeds": "3", "weighting": "adaptive"},
    way_titles={way: f"Title of {way}" for way in WAYS},
    device="cpu",
    git_revision="c0ffee",
    created="2026-11-22T19:47:03+00:00",
    written_by="0.1.0",
)


def made_material(results: RunResults | None = None, *, statistics: bool = True) -> Material:
    """A finished run with everything, or another run with what it has."""
    results = complete_run() if results is None else results
    joint = tuple(_with_delta(record) for record in results.multitask)
    features = tuple(
        f.model_copy(update={"kept_variance": (0.5, 0.9, 0.96) if f.reduced_width else ()}) for f in results.features
    )
    results = results.model_copy(update={"multitask": joint, "features": features})
    if statistics:
        results = results.model_copy(update={"findings": tuple(made_findings(results, t) for t in results.targets)})
    records = (*results.records, *results.baselines, *results.multitask)
    cells = [record.cell for record in records] + [hole.cell for hole in results.holes]
    costs = {str(record.cell): made_cost(record.cell) for record in records}
    return Material(results, Standing(tuple(cells), results.holes, 0, costs), PROVENANCE)


def made_cost(cell: Cell) -> Cost:
    wall_s = 5.0 + len(str(cell))
    return Cost(
        wall_s=wall_s,
        peak_memory_mb=400,
        host="made-up-host",
        seeds=(SeedCost(seed=101, wall_s=5, epoch_s=1, steps_per_s=9),),
    )


def made_findings(results: RunResults, target: str) -> Findings:
    """Statistics that stand apart from the figures as far as they can: the second half is separable from the best."""
    order = [record.cell for record in ranked(results.records, target)]
    f1 = {record.cell: summarize(record).mean for record in (*results.records, *results.multitask)}
    joint = [record.cell for record in results.multitask if record.cell.target == target]
    others = [_compared(order[0], cell, separable=number >= len(order) // 2) for number, cell in enumerate(order[1:])]
    members = tuple(Member(cell=cell, weight=weight) for cell, weight in zip(order, (2, 1, 1), strict=False))
    return Findings(
        target=target,
        videos=12,
        segments=100,
        resamples=2000,
        level=0.95,
        intervals=tuple(
            CellInterval(cell=cell, f1=f1[cell], low=f1[cell] - 0.05, high=f1[cell] + 0.04) for cell in (*order, *joint)
        ),
        best=BestOfMany(cell=order[0], candidates=len(order), naive=f1[order[0]], corrected=0.31, chosen=0.4),
        against_best=tuple(others),
        multitask=_compared(joint[0], order[0], separable=False) if joint else None,
        fusions=(
            LateFusion(
                rule="greedy", members=members, seeds=(101,), devel=(made_scores(0.4),), corrected=0.33, test=None
            ),
        ),
        ranks=made_ranks(results.ways),
    )


def made_ranks(ways: tuple[str, ...]) -> WayRanks:
    count = len(ways)
    mean = tuple(1 + number * (count - 1) / max(count - 1, 1) for number in range(count))
    pairs = tuple(tuple(1.0 if abs(a - b) <= 2 else 0.01 for b in range(count)) for a in range(count))
    return WayRanks(ways=ways, feature_sets=13, mean_ranks=mean, p=0.001, pairwise_p=pairs, critical_difference=2.1)


def long_run(seeds: int, epochs: int) -> RunResults:
    """The complete run as it would be had it been trained for long."""
    run = complete_run()
    return run.model_copy(
        update={
            name: tuple(_long(record, seeds, epochs) for record in getattr(run, name))
            for name in ("records", "baselines", "multitask")
        }
    )


def _long(record: TrialRecord, seeds: int, epochs: int) -> TrialRecord:
    draw = random.Random(str(record.cell))  # noqa: S311 # made-up figures
    made = []
    for number in range(seeds):
        curve = tuple(draw.uniform(0.1, 0.4) for _ in range(epochs))
        scores: Scores = made_scores(max(curve))
        made.append(
            SeedRecord(
                seed=101 + number,
                best_epoch=1 + curve.index(max(curve)),
                devel=scores,
                train_loss=tuple(draw.uniform(0.5, 1.6) for _ in range(epochs)),
                devel_f1=curve,
                learning_rate=(0.001,) * epochs,
            )
        )
    return record.model_copy(update={"seeds": tuple(made)})


def _with_delta(record: TrialRecord) -> TrialRecord:
    seeds = tuple(
        seed.model_copy(
            update={"delta": tuple((1 + 0.01 * epoch, 1 - 0.01 * epoch) for epoch in range(1, seed.epochs + 1))}
        )
        for seed in record.seeds
    )
    return record.model_copy(update={"seeds": seeds})


def _compared(cell: Cell, other: Cell, *, separable: bool) -> Comparison:
    p = 0.01 if separable else 0.5
    return Comparison(
        cell=cell, other=other, difference=0.02, low=-0.01, high=0.05, p=p, p_adjusted=p, separable=separable
    )


def told(material: Material, **changes: str) -> Material:
    """The same with other words in its provenance."""
    return replace(material, provenance=replace(material.provenance, **changes))
