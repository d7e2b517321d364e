"""A run as plain values, and what `sweep status` and `sweep tables` make of it."""

import csv
import json
from pathlib import Path

import pytest

from results.render import SUFFIXES
from results.tables import NUMBERS
from sweep.collect import plan_holes, progress, run_results
from sweep.opened import open_run, open_studies
from tests.conftest import Sweep
from tests.tiny_run import ROLES, TinyRun, tiny_run


def test_a_finished_run_has_no_hole_and_counts_every_cell_once(finished: TinyRun) -> None:
    with open_studies(finished.folder) as studies:
        known = progress(finished.identity, studies)
    assert (len(known.wanted), known.done, known.rows_open, known.unpaired) == (20, 20, 0, ())
    assert known.complete
    assert set(known.costs) == {str(cell) for cell in known.wanted}


def test_a_finished_run_gives_the_tables_everything(finished: TinyRun) -> None:
    with open_studies(finished.folder) as studies:
        results = run_results(finished.folder, finished.identity, studies)
    assert [row.slot for row in results.rows] == ["best(audio)", "best(audio)~", "better(audio)+best(text)"]
    assert [row.features for row in results.rows][:2] == ["vggish", "vggish~"]
    assert (len(results.records), len(results.baselines), len(results.multitask)) == (12, 2, 2)
    assert [feature.name for feature in results.features] == ["vggish", "fau", "bert"]
    assert all(1 <= (feature.reduced_width or 0) <= feature.width for feature in results.features)
    assert {score.name for score in results.references} == {"constant", "stratified", "logistic"}
    assert results.holes == ()


def test_a_run_in_the_middle_shows_what_is_open(tmp_path: Path, tree: Path, cache: Path, sweep: Sweep) -> None:
    run = tiny_run(tmp_path, tree, cache, ROLES)
    with pytest.raises(_StopError):
        _stopped_after(run, 3)  # a fourth was done by then; it is stored on the way out
    with open_studies(run.folder) as studies:
        known = progress(run.identity, studies)
        results = run_results(run.folder, run.identity, studies)
    assert (len(known.wanted), known.done, known.rows_open, known.complete) == (6, 4, 3, False)
    assert results.records == ()
    said = sweep("status", run.folder.path).out
    assert "4 done, 2 pending; 3 feature sets depend on results still to come." in said
    tables = sweep("tables", run.folder.path, "--format", "md")
    assert tables.code == 0
    assert "Table I." in tables.out
    assert "Table II: nothing measured yet; it needs one finished cell" in tables.err


class _StopError(Exception):
    """Ends a procedure from within, as a crash would."""


class _Events(list[object]):
    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit

    def append(self, event: object) -> None:
        super().append(event)
        if type(event).__name__ == "CellDone":
            self._limit -= 1
        if not self._limit:
            raise _StopError


def _stopped_after(run: TinyRun, cells: int) -> None:
    run.events = _Events(cells)  # type: ignore[assignment] # a list that raises
    run.carry_out()


def test_status_is_text_for_people(finished: TinyRun, sweep: Sweep) -> None:
    said = sweep("status", finished.folder.path)
    assert (said.code, said.err) == (0, "")
    assert "Run run (space own): 20 done." in said.out
    assert "Nobody is working on it." in said.out
    assert "Best of arousal" in said.out
    assert "vggish" in said.out


def test_status_is_json_for_scripts(finished: TinyRun, sweep: Sweep) -> None:
    said = sweep("status", finished.folder.path, "--json")
    found = json.loads(said.out)
    assert said.err == ""
    assert found["cells"] == {"done": 20, "running": 0, "pending": 0, "failed": 0}
    assert found["failed"] == []
    assert found["coordinator"] is None
    first, second = found["best"]["valence"][:2]
    assert first["macro_f1"] >= second["macro_f1"]


@pytest.mark.parametrize("format_", [(), ("--format", "csv"), ("--format", "md"), ("--format", "latex")])
@pytest.mark.parametrize("compare", [(), ("--compare", "paper")])
def test_every_table_is_printed_in_every_format(
    finished: TinyRun, sweep: Sweep, format_: tuple[str, ...], compare: tuple[str, ...]
) -> None:
    said = sweep("tables", finished.folder.path, *format_, *compare)
    assert (said.code, said.err) == (0, "")
    assert "\x1b" not in said.out
    if not format_:
        assert all(f"Table {number}." in said.out for number in NUMBERS)


def test_one_table_is_picked_by_its_number_in_either_case(finished: TinyRun, sweep: Sweep) -> None:
    said = sweep("tables", finished.folder.path, "--table", "ii", "--format", "md")
    assert "Table II." in said.out
    assert "Table III." not in said.out


def test_a_printed_file_format_is_the_file_itself(finished: TinyRun, sweep: Sweep, tmp_path: Path) -> None:
    printed = sweep("tables", finished.folder.path, "--table", "V", "--format", "csv").out
    sweep("tables", finished.folder.path, "--table", "V", "--format", "csv", "--out", tmp_path)
    assert (tmp_path / "table_V.csv").read_text(encoding="utf-8") == printed


def test_out_writes_one_file_a_table_and_format(finished: TinyRun, sweep: Sweep, tmp_path: Path) -> None:
    said = sweep("tables", finished.folder.path, "--out", tmp_path / "new" / "tables")
    names = {f"table_{number}{SUFFIXES[each]}" for number in NUMBERS for each in ("csv", "md", "latex")}
    assert {path.name for path in (tmp_path / "new" / "tables").iterdir()} == names
    assert len(said.out.splitlines()) == len(names)


def test_the_multitask_record_stands_in_table_v_beside_its_main_cell(finished: TinyRun, sweep: Sweep) -> None:
    with open_studies(finished.folder) as studies:
        joint = studies.records("arousal/multitask")[0]
        main = next(r for r in studies.records("arousal") if r.cell.branches == joint.cell.branches[:1])
    rows = csv.DictReader(sweep("tables", finished.folder.path, "--table", "V", "--format", "csv").out.splitlines())
    shown = [row for row in rows if row["target"] == "arousal" and row["trained"] in ("multitask", "main alone")]
    mine = [float(row["macro_f1_mean"]) for row in shown]
    assert mine == pytest.approx([joint.seeds[0].devel.macro_f1, main.seeds[0].devel.macro_f1], abs=1e-6)


def test_the_paper_s_figures_stand_beside_ours(finished: TinyRun, sweep: Sweep) -> None:
    plain, compared = (
        sweep("tables", finished.folder.path, "--table", "II", "--format", "csv", *words).out
        for words in ((), ("--compare", "paper"))
    )
    rows = list(csv.DictReader(compared.splitlines()))
    vggish = next(
        row for row in rows if row["features"] == "vggish" and row["way"] == "way2" and row["target"] == "arousal"
    )
    assert plain != compared
    assert vggish["paper"] != ""


def test_the_holes_of_a_plan_are_those_of_its_studies(finished: TinyRun) -> None:
    folder, identity = open_run(finished.folder.path)
    with open_studies(folder) as studies:
        wanted = progress(identity, studies).wanted
        elsewhere = tuple(("arousal/nowhere", cell) for cell in wanted[:2])
        assert [hole.state for hole in plan_holes(studies, elsewhere)] == ["pending", "pending"]
