"""A run from Python: the same figures as on the command line, nothing loaded before it is needed, nothing written."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import sweep as package
from results.printed_table import PrintedTable
from results.records import Branch, Cell
from results.summary import summarize
from results.table import Figure, Table
from results.tables import build_table
from search_spaces.errors import SweepError
from sweep import open_run
from tests.conftest import Sweep
from tests.results_factory import holed_run
from tests.tiny_run import TinyRun, copied, files


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = '{"torch", "optuna", "pandas", "sklearn", "scipy", "sweep.run"} & set(sys.modules)'
    code = f"import sys, sweep; print(sorted({heavy})); sweep.open_run; print('sweep.run' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\nTrue\n"
    assert package.__all__ == ["Run", "open_run"]
    with pytest.raises(AttributeError, match="has no attribute 'open_runs'"):
        _ = package.open_runs


def test_records_and_curves_are_those_of_the_command(finished: TinyRun, sweep: Sweep, tmp_path: Path) -> None:
    run = open_run(str(finished.folder.path))
    sweep("records", finished.folder.path, "--out", tmp_path / "records.parquet")
    sweep("records", finished.folder.path, "--out", tmp_path / "curves.parquet", "--curves")
    pd.testing.assert_frame_equal(run.records(), pd.read_parquet(tmp_path / "records.parquet"))
    pd.testing.assert_frame_equal(run.curves(), pd.read_parquet(tmp_path / "curves.parquet"))


@pytest.mark.parametrize(("format_", "method"), [("md", "to_markdown"), ("latex", "to_latex"), ("html", "to_html")])
def test_a_table_is_text_as_the_command_prints_it(finished: TinyRun, sweep: Sweep, format_: str, method: str) -> None:
    table = open_run(finished.folder.path).table("ii", aggregate="best", compare="paper")
    assert isinstance(table, Table)
    words = ("--table", "II", "--format", format_, "--aggregate", "best", "--compare", "paper")
    assert getattr(table, method)() == sweep("tables", finished.folder.path, *words).out
    assert table._repr_html_() == table.to_html()


def test_a_table_is_a_frame_of_fractions(finished: TinyRun) -> None:
    table = open_run(finished.folder.path).table("II")
    frame = table.to_frame()
    assert frame.index.tolist() == ["Uni-modal feature"] * len(frame)
    by_cell = {record.cell: summarize(record).mean for record in open_run(finished.folder.path).results().records}
    for line in frame.to_dict("records"):
        branch = {way: Branch(features=line[("", "Features")], way=way) for way in ("way2", "way4")}
        for target, way in ((target, way) for target in ("arousal", "valence") for way in branch):
            assert line[(target, way)] == by_cell[Cell(target=target, branches=(branch[way],))]
    references = table.to_frame("references")
    assert references[("", "Reference")].tolist()[0] == "Constant (majority class)"
    with pytest.raises(SweepError, match=r"Block 'grids' is unknown\. Known: grid, references"):
        table.to_frame("grids")


def test_a_gap_is_nan_and_a_head_that_comes_twice_has_two_names() -> None:
    holed = holed_run()
    for number in ("I", "II", "V", "VI"):
        table = PrintedTable.of(build_table(number, holed))
        frame = table.to_frame()
        assert frame.columns.is_unique
        values = [value for row in table.blocks[0].rows for value in row.values]
        gaps = [isinstance(value, Figure) and value.value is None for value in values]
        assert [pd.isna(cell) for cell, gap in zip(frame.to_numpy().ravel(), gaps, strict=True) if gap] == [True] * sum(
            gaps
        )
    assert "pca_width" in PrintedTable.of(build_table("I", holed)).to_frame().columns


def test_findings_and_status_are_values(finished: TinyRun) -> None:
    run = open_run(finished.folder.path)
    assert [found.target for found in run.findings()] == ["arousal", "valence"]
    status = run.status()
    assert (status.complete, status.holes, status.done) == (True, (), 22 - 2)  # two cells stand in screening and grid
    assert run.identity.targets == ("arousal", "valence")


def test_looking_into_a_run_changes_nothing(finished: TinyRun, tmp_path: Path) -> None:
    run = copied(finished, tmp_path)
    before = files(run.folder.path)
    look = open_run(run.folder.path)
    look.records(), look.curves(), look.findings(), look.status(), look.table("V"), look.results()
    assert files(run.folder.path) == before


def test_mistakes_are_told(finished: TinyRun, tmp_path: Path) -> None:
    with pytest.raises(SweepError, match="is no run"):
        open_run(tmp_path)
    with pytest.raises(SweepError, match="Table 'IX' is unknown"):
        open_run(finished.folder.path).table("IX")
    run = copied(finished, tmp_path)
    run.folder.findings.unlink()
    (run.folder.segments / "index.json").unlink()
    with pytest.raises(SweepError, match=r"index\.json"):
        open_run(run.folder.path).findings()
    run.folder.study_db.unlink()
    with pytest.raises(SweepError, match="has gone"):
        open_run(run.folder.path).records()


def test_the_readme_shows_calls_that_work(finished: TinyRun) -> None:
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    (block,) = (part.split("```")[0] for part in text.split("```python\n")[1:] if "open_run" in part)
    code = block.replace("runs/protocol-DIR", finished.folder.path.as_posix())
    assert code != block
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
