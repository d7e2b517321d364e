"""The long format: every figure that was recorded, under a name that the README explains."""

import csv
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from results import long_format, run_results
from results.findings import CellInterval, Findings
from results.record_columns import CURVES, RECORDS, dictionary
from results.records import Cost, SeedCost, TrialRecord
from results.run_results import RunResults
from results.spreadsheet import inert
from search_spaces.space import load_space
from sweep import identity
from sweep.ledger import Ledger, sqlite_url
from sweep.opened import asked_identity, open_data, open_studies
from tests.conftest import Sweep
from tests.results_factory import SEEDS, cell, empty_run, made_record, made_scores
from tests.tiny_run import ROLES, TinyRun, files, tiny_run

README = Path(__file__).parents[1] / "README.md"
BEST, COLLAPSED, JOINT = (
    cell("arousal", "vggish+fau/way1"),
    cell("arousal", "bert~/way2"),
    cell("arousal", "fau/way1", "bert~/way2"),
)


def joint_record() -> TrialRecord:
    """Two epochs a seed, with a δ for each subtask."""
    record = made_record(JOINT, (0.3, 0.4, 0.5))
    seeds = tuple(
        seed.model_copy(
            update={
                "best_epoch": 2,
                "train_loss": (1.5, -0.25),
                "devel_f1": (0.1, seed.devel.macro_f1),
                "learning_rate": (0.001, 0.0005),
                "delta": ((1.0, 1.0), (0.75, 1.25)),
            }
        )
        for seed in record.seeds
    )
    return record.model_copy(update={"seeds": seeds, "settings": {"loss": "balanced", "batch_size": 256}})


def made_run() -> RunResults:
    findings = Findings(
        target="arousal",
        videos=9,
        segments=90,
        resamples=10,
        level=0.9,
        intervals=(CellInterval(cell=BEST, f1=0.31, low=0.21, high=0.41),),
        best=None,
        against_best=(),
        multitask=None,
        fusions=(),
        ranks=None,
    )
    seed_costs = tuple(SeedCost(seed=seed, wall_s=10.5, epoch_s=0.5, steps_per_s=1234.5) for seed in SEEDS)
    joint = joint_record()
    return empty_run().model_copy(
        update={
            "name": "=1+1",
            "screening": (made_record(cell("arousal", "fau/way2"), (0.2, 0.2, 0.2)),),
            "records": (made_record(COLLAPSED, (0.9,) * 3, predicted_classes=1), made_record(BEST, (0.3, 1 / 3, 0.31))),
            "baselines": (made_record(cell("valence", "bert/baseline"), (0.1, 0.1, 0.2)),),
            "multitask": (joint,),
            "tests": (
                run_results.TestScore(
                    target="arousal", entry="multitask", cell=JOINT, seed=103, scores=made_scores(0.35)
                ),
            ),
            "costs": {str(BEST): Cost(wall_s=33.0, peak_memory_mb=512.0, host="@node", seeds=seed_costs)},
            "findings": (findings,),
        }
    )


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return long_format.records(made_run())


def at(frame: pd.DataFrame, features: str, seed: int) -> pd.Series:
    (row,) = (row for _, row in frame[(frame.features == features) & (frame.seed == seed)].iterrows())
    return row


def test_every_seed_run_of_every_study_has_one_row(frame: pd.DataFrame) -> None:
    assert frame.groupby("entry", sort=False).size().to_dict() == {
        "screening": 3,
        "grid": 6,
        "baseline": 3,
        "multitask": 3,
    }
    assert frame.groupby(["entry", "features"])["seed"].agg(list).tolist() == [list(SEEDS)] * 5


def test_a_row_holds_what_was_recorded_to_the_last_digit(frame: pd.DataFrame) -> None:
    row = at(frame, "vggish+fau", 102)
    assert (row.run, row.space, row.target, row.way) == ("=1+1", "paper", "arousal", "way1")
    assert (row.devel_macro_f1, row.devel_weighted_f1, row.devel_micro_f1) == (1 / 3, 1 / 3 + 0.02, 1 / 3 + 0.03)
    assert (row.devel_f1_class_0, row.devel_f1_class_4, row.devel_predicted_classes) == (1 / 3, 1 / 3, 5)
    assert json.loads(row.devel_confusion) == [[1] * 5] * 5
    assert (row.best_epoch, row.epochs, row.parameters, row.width) == (1, 1, 1000, 128)
    assert (row.device, row.data_digest, row.torch_version) == ("cpu", "0" * 64, "2.13.0")
    assert (row.seed_s, row.epoch_s, row.steps_per_s, row.trial_s) == (10.5, 0.5, 1234.5, 33)
    assert (row.peak_memory_mb, row.host) == (512, "@node")


def test_rank_interval_and_collapse_are_of_the_cell(frame: pd.DataFrame) -> None:
    best, collapsed = at(frame, "vggish+fau", 101), at(frame, "bert~", 101)
    assert (best["rank"], best.interval_low, best.interval_high, best.interval_level) == (1, 0.21, 0.41, 0.9)
    assert pd.isna(best.collapsed)
    assert not best.one_class
    assert pd.isna(collapsed["rank"])
    assert pd.isna(collapsed.interval_low)
    assert collapsed.collapsed == "every seed predicts one class only"
    assert collapsed.one_class


def test_a_multitask_row_names_its_related_branch_and_settings(frame: pd.DataFrame) -> None:
    row = frame[frame.entry == "multitask"].iloc[0]
    assert (row.features, row.way, row.related_features, row.related_way) == ("fau", "way1", "bert~", "way2")
    assert (row.width, row.related_width, row.loss, row.batch_size) == (128, 128, "balanced", 256)
    assert json.loads(row.settings) == {"loss": "balanced", "batch_size": 256}
    assert pd.isna(row.seed_s)
    assert frame[frame.entry == "grid"].related_way.isna().all()


def test_only_the_seed_that_was_submitted_has_a_test_score(frame: pd.DataFrame) -> None:
    scored = frame[frame.test_macro_f1.notna()]
    assert scored[["entry", "seed", "test_macro_f1"]].to_numpy().tolist() == [["multitask", 103, 0.35]]


def test_the_curves_have_one_row_an_epoch() -> None:
    curves = long_format.curves(made_run())
    joint = curves[curves.entry == "multitask"]
    assert len(joint) == 6
    assert joint.head(2)[["epoch", "train_loss", "devel_macro_f1", "learning_rate"]].to_numpy().tolist() == [
        [1, 1.5, 0.1, 0.001],
        [2, -0.25, 0.3, 0.0005],
    ]
    assert joint.head(2)[["delta", "related_delta", "is_best"]].to_numpy().tolist() == [
        [1, 1, False],
        [0.75, 1.25, True],
    ]
    assert curves[curves.entry == "grid"].delta.isna().all()


def test_the_csv_gives_every_number_back_and_no_spreadsheet_runs_its_words(frame: pd.DataFrame) -> None:
    text = long_format.to_csv(frame)
    back = list(csv.DictReader(io.StringIO(text)))
    for column in RECORDS:
        if column.kind in ("number", "whole"):
            said = [float(row[column.name]) if row[column.name] else None for row in back]
            assert said == [None if pd.isna(value) else value for value in frame[column.name]], column.name
    assert {row["run"] for row in back} == {"'=1+1"}
    assert {row["host"] for row in back} == {"'@node", ""}
    assert inert("-1\n+2") == "'-1 +2"
    assert inert("vggish+fau") == "vggish+fau"


def test_types_hold_whatever_is_missing(frame: pd.DataFrame) -> None:
    empty = long_format.records(empty_run())
    assert list(empty.columns) == [column.name for column in RECORDS]
    pd.testing.assert_series_equal(empty.dtypes, frame.dtypes)


@pytest.mark.parametrize("columns", [RECORDS, CURVES], ids=["records", "curves"])
def test_the_readme_has_the_data_dictionary(columns: tuple) -> None:
    assert dictionary(columns) in README.read_text(encoding="utf-8"), dictionary(columns)
    names = [column.name for column in columns]
    assert len(set(names)) == len(names)


def test_the_dictionary_prints_itself() -> None:
    command = [sys.executable, "-m", "results.record_columns"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=README.parent)
    assert done.stdout == f"{dictionary(RECORDS)}\n{dictionary(CURVES)}\n"


def test_a_finished_run_is_written_as_csv_and_parquet_alike(finished: TinyRun, sweep: Sweep, tmp_path: Path) -> None:
    for name in ("a.csv", "a.parquet", "c.csv", "c.parquet"):
        said = sweep("records", finished.folder.path, "--out", tmp_path / name, *(["--curves"] * (name[0] == "c")))
        assert (said.code, said.err) == (0, ""), said
    seeds, epochs = pd.read_parquet(tmp_path / "a.parquet"), pd.read_parquet(tmp_path / "c.parquet")
    assert len(seeds) == 6 + 12 + 2 + 2  # of one seed each
    assert len(epochs) == seeds.epochs.sum()
    assert seeds.entry.unique().tolist() == ["screening", "grid", "baseline", "multitask"]
    assert seeds[seeds.entry == "grid"].interval_low.notna().all()
    assert seeds.seed_s.gt(0).all()
    assert seeds.test_macro_f1.notna().sum() == 4
    for name, frame in (("a", seeds), ("c", epochs)):
        assert long_format.to_csv(frame) == (tmp_path / f"{name}.csv").read_text(encoding="utf-8")
    with open_studies(finished.folder) as studies:
        recorded = {str(record.cell): record.seeds[0] for record in studies.records("arousal")}
    grid = seeds[(seeds.entry == "grid") & (seeds.target == "arousal")]
    for row in grid.itertuples():
        assert row.devel_macro_f1 == recorded[f"arousal {row.features}/{row.way}"].devel.macro_f1
        best = epochs[(epochs.entry == "grid") & (epochs.target == "arousal") & epochs.is_best]
        best = best[(best.features == row.features) & (best.way == row.way)]
        assert best.devel_macro_f1.tolist() == [row.devel_macro_f1]


def test_an_old_run_is_written_too_and_says_why_it_has_no_intervals(sweep: Sweep, tmp_path: Path) -> None:
    old = shutil.copytree(README.parent / "tests" / "golden" / "run-format-1" / "old", tmp_path / "old")
    said = sweep("records", old, "--out", tmp_path / "old.csv")
    assert said.code == 0
    assert said.out.startswith("44 rows")  # 22 cells of two seeds; two cells stand in screening and grid
    assert "No intervals: " in said.err
    assert "segments" in said.err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), "needs --out FILE.csv"),
        (("--out", "a.xlsx"), "--out must end in .csv or .parquet. Found a.xlsx"),
        (("--out", "no/where/a.csv"), "there is no folder no/where"),
        (("--tensorboard", "full"), "Found thesis.pdf"),
    ],
)
def test_what_cannot_be_written_is_refused(
    finished: TinyRun, sweep: Sweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], expected
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.pdf").touch()
    before = files(tmp_path)
    said = sweep("records", finished.folder.path, *words)
    assert (said.code, said.out) == (2, "")
    assert expected in said.err
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    ("library", "words", "extra"),
    [("pyarrow", ("--out", "a.parquet"), "report"), ("tensorboard", ("--tensorboard", "tb"), "dashboard")],
)
def test_a_missing_extra_says_how_to_get_it(
    finished: TinyRun, sweep: Sweep, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, library: str, words, extra: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, library, None)
    said = sweep("records", finished.folder.path, *words)
    assert said.code == 2
    assert f"needs {library}: pip install 'muse-sweep[{extra}]'" in said.err
    assert files(tmp_path) == {}


def test_a_run_without_a_record_has_none_to_write(tree: Path, cache: Path, sweep: Sweep, tmp_path: Path) -> None:
    run = tiny_run(tmp_path, tree, cache, ROLES)
    out = ("--out", tmp_path / "a.csv")
    assert "is no run" in sweep("records", run.folder.path, *out).err
    run.folder.create()
    identity.write(
        run.folder, asked_identity(load_space(str(run.space)), open_data(tree, "muse2021", cache), (), "cpu")
    )
    Ledger(sqlite_url(run.folder.study_db)).close()
    said = sweep("records", run.folder.path, *out)
    assert said.code == 2
    assert "has no record yet" in said.err
    assert not (tmp_path / "a.csv").exists()
