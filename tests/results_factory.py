"""A run made up for table tests: seeded figures, and every kind of gap a table can have."""

import random

from results.records import Branch, Cell, Hole, Scores, SeedRecord, TrialRecord
from results.run_results import Entry, FeatureRow, GridRow, ReferenceScore, RunResults, TestScore
from results.select import top_two
from search_spaces.corpus import MODALITIES, Modality
from search_spaces.features import CATALOGUE, parse_feature_set

TARGETS = ("arousal", "valence")
WAYS = ("way1", "way2", "way3", "way4", "way5", "way6")
SEEDS = (101, 102, 103)
VERSIONS = {"numpy": "2.5.1", "python": "3.11.2", "torch": "2.13.0"}
PAPER_WIDTHS = {"deepspectrum": 38, "vggish": 75, "egemaps": 10, "xception": 304, "vggface": 34, "fau": 14, "bert": 412}
UNIMODAL = ("vggish", "fau", "bert", "vggish~", "fau~", "bert~")
BIMODAL = ("fau+bert~", "vggish+fau", "vggish+bert~")
MULTIMODAL = (
    "vggish+fau+bert~",
    "vggish+fau+bert~+vggface~",
    "vggish+fau+bert~+egemaps~",
    "vggish+fau+bert~+xception~+vggface~+deepspectrum~+egemaps~",
)


def cell(target: str, *branches: str) -> Cell:
    """Cell of branches spelled "vggish/way5"."""
    pairs = (branch.split("/") for branch in branches)
    return Cell(target=target, branches=tuple(Branch(features=features, way=way) for features, way in pairs))


def made_scores(macro_f1: float, predicted_classes: int = 5) -> Scores:
    return Scores(
        macro_f1=macro_f1,
        weighted_f1=macro_f1 + 0.02,
        micro_f1=macro_f1 + 0.03,
        class_f1=(macro_f1,) * 5,
        confusion=((1,) * 5,) * 5,
        predicted_classes=predicted_classes,
    )


def made_record(of: Cell, figures: tuple[float, ...], predicted_classes: int = 5) -> TrialRecord:
    seeds = tuple(
        SeedRecord(
            seed=SEEDS[0] + number,
            best_epoch=1,
            devel=made_scores(figure, predicted_classes),
            train_loss=(1.6,),
            devel_f1=(figure,),
            learning_rate=(0.001,),
        )
        for number, figure in enumerate(figures)
    )
    return TrialRecord(
        cell=of,
        widths=(128,) * len(of.branches),
        parameters=1000,
        data_digest="0" * 64,
        settings={},
        versions=VERSIONS,
        device="cpu",
        seeds=seeds,
    )


def drawn(of: Cell, low: float = 0.15, high: float = 0.38) -> TrialRecord:
    """A record whose figures depend on the cell's name alone."""
    draw = random.Random(str(of))  # noqa: S311 # made-up figures
    middle = draw.uniform(low, high)
    return made_record(of, tuple(middle + draw.gauss(0, 0.01) for _ in SEEDS))


def modalities_of(features: str) -> tuple[Modality, ...]:
    known = {feature.name: feature.modality for feature in CATALOGUE}
    present = {known[term.feature] for term in parse_feature_set(features)}
    return tuple(modality for modality in MODALITIES if modality in present)


def grid_rows() -> tuple[GridRow, ...]:
    stages = (
        ("Uni-modal feature", UNIMODAL, ("II",)),
        ("Bi-modal feature", BIMODAL, ("II",)),
        ("Multimodal feature", MULTIMODAL, ("III", "IV")),
    )
    return tuple(
        GridRow(features=f, slot=f, tables=tables, group=group, modalities=modalities_of(f))
        for group, names, tables in stages
        for f in names
    )


def references(targets: tuple[str, ...] = TARGETS) -> tuple[ReferenceScore, ...]:
    """Constant, stratified and the probe; test is masked for the second target."""
    kinds = (
        ("logistic", "Logistic regression (mean, std)", "vggish+fau+bert", 0.29),
        ("constant", "Constant (majority class)", None, 0.09),
        ("stratified", "Stratified random (expected)", None, 0.197),
    )
    return tuple(
        ReferenceScore(
            name=name,
            title=title,
            target=target,
            features=features,
            devel=devel,
            test=devel - 0.01 if target == targets[0] else None,
        )
        for name, title, features, devel in kinds
        for target in targets
    )


def empty_run(targets: tuple[str, ...] = TARGETS, ways: tuple[str, ...] = WAYS) -> RunResults:
    """A run that has only been planned."""
    return RunResults(
        name="made-up",
        space="paper",
        targets=targets,
        ways=ways,
        versions=VERSIONS,
        features=tuple(
            FeatureRow(name=f.name, title=f.title, modality=f.modality, width=f.width, reduced_width=None)
            for f in CATALOGUE
        ),
        rows=grid_rows(),
        records=(),
        baselines=(),
        multitask=(),
        holes=(),
        tests=(),
        references=(),
    )


def complete_run(targets: tuple[str, ...] = TARGETS, ways: tuple[str, ...] = WAYS) -> RunResults:
    """Everything measured, no gap; the second target's test labels are masked."""
    run = empty_run(targets, ways)
    cells = [cell(t, f"{row.features}/{way}") for row in run.rows for t in targets for way in ways]
    records = tuple(drawn(of) for of in cells)
    pairs = [top_two(records, target) for target in targets]
    multitask = [
        Cell(target=main.cell.target, branches=main.cell.branches + other.cell.branches) for main, other in pairs
    ]
    baselines = [cell(t, f"{name}/baseline") for t in targets for name in ("vggish", "fau", "bert")]
    entries: tuple[tuple[Entry, float, list[Cell]], ...] = (
        ("baseline", 0.31, baselines[::3]),
        ("multitask", 0.33, multitask),
    )
    tests = tuple(
        TestScore(
            target=target,
            entry=entry,
            cell=of,
            seed=102,
            scores=made_scores(figure) if target == targets[0] else None,
        )
        for entry, figure, cells_of in entries
        for target, of in zip(targets, cells_of, strict=True)
    )
    return run.model_copy(
        update={
            "features": tuple(f.model_copy(update={"reduced_width": PAPER_WIDTHS[f.name]}) for f in run.features),
            "records": records,
            "baselines": tuple(drawn(of, 0.22, 0.33) for of in baselines),
            "multitask": tuple(drawn(of, 0.36, 0.39) for of in multitask),
            "tests": tests,
            "references": references(targets),
        }
    )


def holed_run() -> RunResults:
    """A run in the middle: pending, running, failed and collapsed cells, an unresolved row, no valence multitask."""
    run = complete_run()
    failed = cell("arousal", "fau/way3")
    running = cell("valence", "vggish/way6")
    pending = cell("valence", "bert/way1")
    collapsed = cell("arousal", "vggish/way1")
    joint = run.multitask[1].cell
    gone = {failed, running, pending, collapsed}
    reason = "loss became nan in epoch 3, batch 2"
    return run.model_copy(
        update={
            "records": (
                *(record for record in run.records if record.cell not in gone),
                made_record(collapsed, (0.0905, 0.0905, 0.0773), predicted_classes=1),
            ),
            "multitask": run.multitask[:1],
            "tests": tuple(test for test in run.tests if test.cell != joint),
            "holes": (
                Hole(cell=failed, state="failed", reason=reason, attempts=3),
                Hole(cell=running, state="running", reason="", attempts=1),
                Hole(cell=pending, state="pending", reason=""),
                Hole(cell=joint, state="pending", reason="the grid is not complete"),
            ),
            "rows": (
                *run.rows,
                GridRow(
                    features=None,
                    slot="best(audio)+better(text)",
                    tables=("II",),
                    group="Bi-modal feature",
                    modalities=(),
                ),
            ),
        }
    )
