"""Learning curves as event files: TensorBoard's own reader gets back what was recorded."""

from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer

from results.seed_runs import seed_rows
from sweep import event_files
from tests.conftest import Sweep
from tests.results_factory import cell, empty_run, made_record
from tests.test_long_format import joint_record, made_run
from tests.tiny_run import TinyRun, files


def read(path: Path) -> dict[str, list[tuple[int, float, float]]]:
    """Tag -> (step, value, wall time) of one seed run's folder."""
    found = EventAccumulator(str(path))
    found.Reload()
    return {tag: [(e.step, e.value, e.wall_time) for e in found.Scalars(tag)] for tag in found.Tags()["scalars"]}


def test_every_epoch_reads_back_with_its_step_and_time(tmp_path: Path) -> None:
    (row,) = (row for row in seed_rows(made_run()) if row.entry == "multitask" and row.run.seed == 102)
    event_files.write(tmp_path, row)
    seed = joint_record().seeds[1]
    found = read(tmp_path / "arousal" / "multitask" / "fau way1 & bert~ way2" / "seed-102")
    expected = {
        "train_loss": seed.train_loss,
        "devel_macro_f1": seed.devel_f1,
        "learning_rate": seed.learning_rate,
        "delta/main": (1.0, 0.75),
        "delta/related": (1.0, 1.25),
    }
    assert found.keys() == expected.keys()
    for tag, values in expected.items():
        assert [step for step, _, _ in found[tag]] == [1, 2]
        np.testing.assert_array_equal([value for _, value, _ in found[tag]], np.float32(values))  # as the format has it


def test_wall_time_is_training_time(tmp_path: Path) -> None:
    row = next(row for row in seed_rows(made_run()) if row.seed_cost)
    event_files.write(tmp_path, row)
    (path,) = (path.parent for path in tmp_path.rglob(event_files.NAME))
    assert read(path)["train_loss"][0][2] == pytest.approx(0.5)  # epoch_s of the made-up costs


def test_a_name_too_long_for_a_folder_is_shortened(tmp_path: Path) -> None:
    features = "+".join(f"feature{number}" for number in range(30))
    run = empty_run().model_copy(update={"records": (made_record(cell("arousal", f"{features}/way1"), (0.2,)),)})
    (row,) = seed_rows(run)
    assert all(len(part) < 100 for part in event_files.folder_of(row).parts)
    event_files.write(tmp_path, row)


def test_a_finished_run_has_a_file_a_seed_run_and_equal_records_give_equal_bytes(
    finished: TinyRun, sweep: Sweep, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        said = sweep("records", finished.folder.path, "--tensorboard", tmp_path / name)
        assert said.code == 0, said.err
        assert said.out.startswith("22 event files")  # 6 screening, 12 of the grid, 2 baselines, 2 joint
    assert files(tmp_path / "one") == files(tmp_path / "two")
    found = EventMultiplexer().AddRunsFromDirectory(str(tmp_path / "one"))
    found.Reload()
    assert len(found.Runs()) == 22
    assert "arousal/screening/vggish way2/seed-101" in found.Runs()
