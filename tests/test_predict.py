"""`sweep predict`: what it writes is what was predicted, in the challenge's layout and in the official baseline's."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from results.predictions import Predictions, unpack
from results.records import Cell
from results.run_results import RunResults
from results.select import ranked
from results.summary import summarize
from search_spaces.corpus import Video
from search_spaces.datasets import muse2021
from search_spaces.datasets._labels import read_labels
from search_spaces.datasets.muse2021 import read_feature
from sweep import data_files
from sweep.collect import run_results
from sweep.opened import open_data, open_run, open_studies
from sweep.study_names import grid_study, multitask_study
from tests.conftest import Said, Sweep
from tests.tiny_run import TinyRun, copied, files
from tests.trees import feature_file, label_file

TARGETS = ("arousal", "valence")
BOUNDS = {"devel": ("4", "5"), "test": ("6", "7")}


def predict(sweep: Sweep, run: TinyRun, *words: object) -> Said:
    return sweep("predict", run.folder.path, "--cache", run.cache, *words)


def collected(run: TinyRun) -> RunResults:
    folder, identity = open_run(run.folder.path)
    with open_studies(folder) as studies:
        return run_results(folder, identity, studies, statistics=True)


def stored(run: TinyRun, study: str, cell: Cell) -> Predictions:
    with open_studies(run.folder) as studies:
        return unpack(run.folder.read_artifact(studies.artifacts(study)[str(cell)]))


def written(out: Path, target: str, partition: str) -> list[int]:
    """The classes of the written label files, read back as labels of a tree, in the order of the store."""
    videos = tuple(Video(name, partition) for name in BOUNDS[partition])
    found = read_labels(out, videos)
    assert not [defect for defect in found.defects if "classes in" not in defect.expected]
    return [found.labels[target][video.id][segment] for video in videos for segment in range(1, 6)]


@pytest.mark.parametrize("partition", ["test", "devel"])
def test_the_multitask_runs_best_seed_predicts_and_reads_back_as_labels(
    finished: TinyRun, sweep: Sweep, tmp_path: Path, partition: str
) -> None:
    said = predict(sweep, finished, "--out", tmp_path / "out", "--partition", partition)
    assert (said.code, said.err) == (0, "")
    for record in collected(finished).multitask:
        target = record.cell.target
        found = stored(finished, multitask_study(target), record.cell)
        best = found.seeds.index(summarize(record).best_seed)
        predicted = found.devel[best] if partition == "devel" else found.test[best]
        assert written(tmp_path / "out", target, partition) == predicted.argmax(axis=1).tolist()
        assert f"{record.cell.branches[0]} & {record.cell.branches[1]}, seed {found.seeds[best]}" in said.out


def test_the_tree_is_laid_out_as_the_labels_are(finished: TinyRun, sweep: Sweep, tmp_path: Path) -> None:
    predict(sweep, finished, "--out", tmp_path / "out")
    names = {f"label_segments/{target}/{video}.csv" for target in TARGETS for video in BOUNDS["test"]}
    assert {name for name in files(tmp_path / "out" / "label_segments") if name.endswith(".csv")} == {
        name.removeprefix("label_segments/") for name in names
    }
    for name in names:
        given = pd.read_csv(finished.tree / name)
        filled = pd.read_csv(tmp_path / "out" / name)
        assert list(filled.columns) == list(given.columns)
        pd.testing.assert_frame_equal(filled.drop(columns="class_id"), given.drop(columns="class_id"))
        assert filled["class_id"].isin(range(5)).all()


@pytest.mark.parametrize("model", ["multitask", "best", "late-fusion"])
def test_the_official_score_of_the_written_devel_predictions_is_the_recorded_one(
    finished: TinyRun, sweep: Sweep, tmp_path: Path, model: str
) -> None:
    predict(sweep, finished, "--out", tmp_path / "out", "--partition", "devel", "--model", model)
    about = json.loads((tmp_path / "out" / "predictions.json").read_text(encoding="utf-8"))
    for target in TARGETS:
        truth, predicted = [], []
        for video in BOUNDS["devel"]:
            rows = pd.read_csv(tmp_path / "out" / "predictions" / target / "csv_segment_wise" / f"{video}.csv")
            assert list(rows.columns) == ["timestamp", "segment_id", "value"]
            labels = pd.read_csv(label_file(finished.tree, target, video))
            truth += labels.set_index("segment_id")["class_id"][rows["segment_id"]].tolist()
            predicted += rows["value"].tolist()
        assert set(truth) == {0, 1, 2, 3, 4}  # or the official score would be over fewer classes than ours
        assert f1_score(truth, predicted, average="macro") == pytest.approx(
            about["targets"][target]["devel_macro_f1"], abs=1e-12
        )


def test_the_step_wise_files_have_the_steps_and_probabilities(finished: TinyRun, sweep: Sweep, tmp_path: Path) -> None:
    predict(sweep, finished, "--out", tmp_path / "out")
    record = collected(finished).multitask[0]
    found = stored(finished, multitask_study(record.cell.target), record.cell)
    expected = found.test[found.seeds.index(summarize(record).best_seed)]
    for place, video in enumerate(BOUNDS["test"]):
        rows = pd.read_csv(tmp_path / "out" / "predictions" / record.cell.target / "csv" / f"{video}.csv")
        assert list(rows.columns) == ["timestamp", "segment_id", "c_0", "c_1", "c_2", "c_3", "c_4"]
        steps, _ = read_feature(finished.tree, feature_file(finished.tree, "fau", video))
        assert steps is not None
        assert rows["timestamp"].tolist() == steps.timestamps.tolist()
        assert rows["segment_id"].tolist() == steps.segment_ids.tolist()
        logits = np.exp(rows.iloc[:, 2:].to_numpy())
        softmax = logits / logits.sum(axis=1, keepdims=True)
        of_step = expected[5 * place : 5 * place + 5][steps.segment_ids - 1]
        np.testing.assert_allclose(softmax, of_step, atol=1e-6)


def test_the_best_cell_is_the_first_that_is_ranked(finished: TinyRun, sweep: Sweep, tmp_path: Path) -> None:
    predict(sweep, finished, "--out", tmp_path / "out", "--model", "best")
    for target in TARGETS:
        record = ranked(collected(finished).records, target)[0]
        found = stored(finished, grid_study(target), record.cell)
        predicted = found.test[found.seeds.index(summarize(record).best_seed)]
        assert written(tmp_path / "out", target, "test") == predicted.argmax(axis=1).tolist()


@pytest.mark.parametrize("rule", ["top", "greedy"])
def test_a_late_fusion_is_the_weighted_mean_of_its_cells(
    finished: TinyRun, sweep: Sweep, tmp_path: Path, rule: str
) -> None:
    predict(sweep, finished, "--out", tmp_path / "out", "--model", "late-fusion", "--rule", rule)
    for findings in collected(finished).findings:
        (fusion,) = (each for each in findings.fusions if each.rule == rule)
        total = sum(
            member.weight * stored(finished, grid_study(findings.target), member.cell).test[0].astype(np.float64)
            for member in fusion.members
        )  # of the only seed; the mean and the sum have the same largest class
        assert written(tmp_path / "out", findings.target, "test") == np.argmax(total, axis=1).tolist()


def test_one_target_leaves_the_other_folder_empty(finished: TinyRun, sweep: Sweep, tmp_path: Path) -> None:
    said = predict(sweep, finished, "--out", tmp_path / "out", "--target", "valence")
    assert said.code == 0
    assert "2 label files of test" in said.out
    assert sorted(path.name for path in (tmp_path / "out" / "label_segments" / "valence").iterdir()) == [
        "6.csv",
        "7.csv",
    ]
    assert list((tmp_path / "out" / "label_segments" / "arousal").iterdir()) == []


def refused(said: Said, root: Path, before: dict[str, bytes]) -> str:
    assert (said.code, said.out) == (2, ""), said
    assert said.err.startswith("sweep: ")
    assert "Traceback" not in said.err
    assert files(root) == before  # nothing half-written
    return " ".join(said.err.split())


def test_wrong_words_are_refused(finished: TinyRun, sweep: Sweep, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.pdf").touch()
    before = files(tmp_path)

    def said(*words: object) -> str:
        return refused(predict(sweep, finished, *words), tmp_path, before)

    out = ("--out", tmp_path / "out")
    assert "Target 'anger' is unknown. Known: arousal, valence" in said(*out, "--target", "anger")
    assert "Found thesis.pdf" in said("--out", tmp_path / "full")
    assert "outside of" in said("--out", finished.tree / "predictions")
    assert not (finished.tree / "predictions").exists()
    assert "--data DIR says where it lies now" in said(*out, "--data", tmp_path / "nowhere")
    assert "is no run" in refused(sweep("predict", tmp_path / "no", *out), tmp_path, before)


def test_data_that_moved_is_found_by_its_new_place_and_changed_data_is_named(
    finished: TinyRun, sweep: Sweep, tmp_path: Path
) -> None:
    run = copied(finished, tmp_path)
    data_files.keep(run.folder, open_data(run.tree, "muse2021", run.cache).files)
    moved = shutil.copytree(run.tree, tmp_path / "moved")
    assert predict(sweep, run, "--out", tmp_path / "there", "--data", moved).code == 0
    feature = feature_file(moved, "bert", "6")
    feature.write_text(feature.read_text(encoding="utf-8").replace("0.", "1.", 1), encoding="utf-8")
    before = files(tmp_path)
    message = refused(predict(sweep, run, "--out", tmp_path / "out", "--data", moved), tmp_path, before)
    assert "is not what the run was made with" in message
    assert "changed: feature_segments/bert/6.csv" in message


def test_lost_predictions_say_how_to_get_them_back(finished: TinyRun, sweep: Sweep, tmp_path: Path) -> None:
    run = copied(finished, tmp_path)
    run.folder.artifact(collected(run).multitask[0].cell).unlink()
    before = files(tmp_path)
    message = refused(predict(sweep, run, "--out", tmp_path / "out"), tmp_path, before)
    assert "--retry-failed` makes the predictions again" in message
    assert predict(sweep, run, "--out", tmp_path / "out", "--model", "best").code == 0


def undo(run: TinyRun, *cells: str) -> None:
    """Makes a study in which these cells are not finished yet."""
    of_cell = "SELECT trial_id FROM trial_user_attributes WHERE key = 'cell' AND value_json = ?"
    trial = "UPDATE trials SET state = 'FAIL' WHERE trial_id = ?"
    with closing(sqlite3.connect(run.folder.study_db)) as database:
        for cell in cells:
            database.executemany(trial, database.execute(of_cell, (json.dumps(cell),)).fetchall())
        database.commit()


def test_a_run_under_way_has_a_best_cell_and_no_more(finished: TinyRun, sweep: Sweep, tmp_path: Path) -> None:
    run = copied(finished, tmp_path)
    undo(run, "arousal vggish~/way4", str(collected(run).multitask[0].cell))
    collected(run)  # the statistics are those of the run as it is now
    before = files(tmp_path)
    for model, expected in (("multitask", "arousal has no multitask run yet"), ("late-fusion", "no late fusion")):
        assert expected in refused(predict(sweep, run, "--out", tmp_path / "o", "--model", model), tmp_path, before)
    said = predict(sweep, run, "--out", tmp_path / "o", "--model", "best")
    assert said.code == 0
    assert "arousal: 1 cell of the grid has no result" in " ".join(said.err.split())


def test_a_reader_that_cannot_write_labels_is_named(
    finished: TinyRun, sweep: Sweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(muse2021, "fill_labels")
    message = refused(predict(sweep, finished, "--out", tmp_path / "out"), tmp_path, {})
    assert "The reader 'muse2021' cannot write label files" in message
