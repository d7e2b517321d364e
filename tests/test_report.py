"""`sweep report`: what the page holds, that it needs nothing else, and that no word in it is obeyed."""

import json
import re
import shutil
import stat
import subprocess
import sys
import time
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

import sweep as package
from results.conclusions import conclusions
from results.records import Hole
from results.report.chapters import chapters
from results.report.material import Material
from results.report.page import page
from tests.broken_spaces import RIGHT
from tests.conftest import Sweep
from tests.report_factory import PROVENANCE, long_run, made_material, told
from tests.results_factory import complete_run, empty_run, holed_run
from tests.tiny_run import TinyRun, copied, files, tiny_run

GOLDEN = Path(__file__).parent / "golden" / "run-format-1" / "old"
LOADS = {"src", "href", "xlink:href", "srcset", "poster", "action", "formaction", "data", "background"}


def report(material: Material) -> str:
    return page(material, chapters(material))


def words(material: Material) -> str:
    """The page without its figures, which take most of the time."""
    return page(material, ())


class Page(HTMLParser):
    """The tags, attributes and words of a page; styles and scripts apart."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.scripts: list[str] = []
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag
        self.words += " " * (tag in ("td", "th", "dt", "dd"))

    def handle_endtag(self, _: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        match self._inside:
            case "script":
                self.scripts.append(data)
            case "style":
                pass
            case _:
                self.words += data

    @property
    def text(self) -> str:
        """The words with single spaces."""
        return " ".join(self.words.split())

    def links(self) -> list[str]:
        return [value or "" for _, attributes in self.tags for key, value in attributes.items() if key in LOADS]


@pytest.fixture(scope="module")
def text() -> str:
    """The page of a run with everything."""
    return report(made_material())


@pytest.fixture(scope="module")
def complete(text: str) -> Page:
    return Page(text)


def test_the_page_says_what_won_by_how_much_and_whether_that_is_separable(complete: Page) -> None:
    for findings in made_material().results.findings:
        for sentence in conclusions(findings):
            said = sentence.removeprefix(f"{findings.target}: ")
            assert said[1:] in complete.text
    assert "; 31.00 corrected" in complete.text
    assert "above the linear probe on segment statistics, which has 29.00." in complete.text
    assert "Late fusion, greedy selection: 40.00, corrected for the choice of its members 33.00." in complete.text
    assert "On test, opened once, the multitask run has 33.00, the official baseline's network 31.00." in complete.text
    assert "The test labels are not given, so nothing is said of test." in complete.text  # of valence


@pytest.mark.parametrize("number", ["I", "II", "III", "IV", "V", "VI"])
def test_every_table_of_the_paper_stands_in_the_page_with_its_references(complete: Page, number: str) -> None:
    assert ("section", {"class": "sweep-table", "id": f"table-{number.lower()}"}) in complete.tags
    assert f"Table {number}." in complete.text
    assert complete.text.count("Logistic regression (mean, std)") >= 4  # Tables II, III, IV and VI


def test_every_kind_of_figure_stands_in_the_page(complete: Page) -> None:
    ids = [attributes["id"] for tag, attributes in complete.tags if tag == "figure"]
    assert len(ids) == len(set(ids)) == 2 * 7 + 2
    assert sum(tag == "svg" for tag, _ in complete.tags) == len(ids)


def test_every_cell_is_listed_with_what_it_took(complete: Page) -> None:
    material = made_material()
    for record in (*material.results.records, *material.results.multitask):
        assert " & ".join(map(str, record.cell.branches)) in complete.text
        assert f"{material.standing.costs[str(record.cell)].wall_s:.1f}" in complete.text


def test_where_the_figures_come_from_is_told(complete: Page) -> None:
    told_there = ("c0ffee", PROVENANCE.data_digest, "made-up-host", "torch 2.13.0", "weighting", "adaptive", "muse2021")
    for word in (*told_there, "2026-11-22T19:47:03+00:00", "Title of way4", "No cell has failed."):
        assert word in complete.text


def test_the_page_links_to_places_that_are_in_it(complete: Page) -> None:
    ids = [attributes["id"] for _, attributes in complete.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    inside = [link.removeprefix("#") for link in complete.links() if link != "data:,"]
    assert set(inside) <= set(ids)
    assert {"summary", "tables", "failures", "provenance", "cost"} <= set(inside)


def test_the_page_needs_no_network(complete: Page, text: str) -> None:
    assert all(link.startswith("#") or link == "data:," for link in complete.links())
    assert "url(http" not in text
    assert "@import" not in text
    assert not {tag for tag, _ in complete.tags} & {"iframe", "object", "embed", "base", "form", "img", "video"}
    policy = next(a["content"] for _, a in complete.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert (policy or "").startswith("default-src 'none'")


def test_the_page_of_the_papers_grid_is_small_and_quick() -> None:
    material = made_material(long_run(seeds=5, epochs=100))
    assert sum(len(record.seeds) for record in material.results.records) == 156 * 5
    before = time.process_time()
    text = report(material)
    assert time.process_time() - before < 20
    assert len(text.encode()) < 2_000_000


HOSTILE = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "' onfocus='alert(1)' tabindex=0 '",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;b&gt; &amp; ]]>",
    "--><svg onload=alert(1)>",
    "a\x00b\x1b[2Jc\nd",
    "\u202egnitset",
)


@pytest.mark.parametrize("word", HOSTILE)
def test_no_word_of_a_run_is_obeyed(word: str, complete: Page) -> None:
    material = made_material(holed_run(), statistics=False)
    run = material.results
    holes = tuple(hole.model_copy(update={"reason": word}) for hole in run.holes)
    features = tuple(f.model_copy(update={"title": word}) for f in run.features)
    rows = tuple(row.model_copy(update={"group": word, "slot": word}) for row in run.rows)
    run = run.model_copy(update={"holes": holes, "features": features, "rows": rows, "name": word, "space": word})
    run = run.model_copy(update={"no_findings": word, "versions": {word: word}})
    hostile = replace(material, results=run, standing=replace(material.standing, holes=holes))
    hostile = told(hostile, title=word, description=word, reader=word, data_digest=word, device=word, git_revision=word)
    hostile = replace(hostile, provenance=replace(hostile.provenance, settings={word: word}, way_titles={word: word}))
    found = Page(words(hostile))
    assert {tag for tag, _ in found.tags} <= {tag for tag, _ in complete.tags}
    names = {name for _, attributes in found.tags for name in attributes}
    assert not {name for name in names if name.startswith("on")}
    assert found.scripts == complete.scripts
    assert all(link.startswith("#") or link == "data:," for link in found.links())
    if word.isprintable():
        assert " ".join(word.split()) in found.text


def test_no_word_in_a_figure_is_obeyed(complete: Page) -> None:
    run = holed_run()
    spare = [record for record in run.records if record.cell.target == "valence"][: len(HOSTILE)]
    failed = tuple(Hole(cell=r.cell, state="failed", reason=w) for r, w in zip(spare, HOSTILE, strict=True))
    kept = tuple(record for record in run.records if record not in spare)
    run = run.model_copy(update={"records": kept, "holes": failed, "ways": (*run.ways, "<b>'\"&")})
    found = Page(report(made_material(run, statistics=False)))
    assert {tag for tag, _ in found.tags} <= {tag for tag, _ in complete.tags}
    assert not {name for _, attributes in found.tags for name in attributes if name.startswith("on")}
    assert found.scripts == complete.scripts
    for word in (*HOSTILE[:4], "<b>'\"&"):
        assert word in found.text


def test_a_run_that_has_only_been_planned_has_a_page() -> None:
    found = Page(report(made_material(empty_run(), statistics=False)))
    assert "Table II: nothing measured yet" in found.text
    assert "No cell can be ranked yet." in found.text
    assert not any(tag == "svg" for tag, _ in found.tags)


def test_a_run_in_the_middle_says_what_is_open_and_what_has_failed() -> None:
    material = made_material(holed_run(), statistics=False)
    standing = replace(material.standing, open_rows=2)
    found = Page(words(replace(material, standing=standing)))
    assert "1 failed, 1 running, 2 pending, 2 feature sets wait for results still to come" in found.text
    assert "loss became nan in epoch 3, batch 2" in found.text
    assert "Whether that is separable is not known" in found.text
    assert "No cell has failed" not in found.text


def test_failures_before_the_grid_are_listed_too() -> None:
    material = made_material(empty_run(), statistics=False)
    hole = Hole(cell=complete_run().records[0].cell, state="failed", reason="out of memory", attempts=3)
    standing = replace(material.standing, wanted=(hole.cell,), holes=(hole,))
    assert "out of memory" in Page(words(replace(material, standing=standing))).text


def test_the_papers_figures_stand_beside_ours_when_asked_for() -> None:
    material = made_material()
    assert "In brackets: the paper's figure" not in Page(words(material)).text
    assert "In brackets: the paper's figure" in Page(words(replace(material, compare="paper"))).text


@pytest.mark.slow
def test_a_finished_run_gets_its_page_and_its_figures(finished: TinyRun, tmp_path: Path, sweep: Sweep) -> None:
    run = copied(finished, tmp_path).folder.path
    before = files(run)
    said = sweep("report", run, "--figures", tmp_path / "figures", "--compare", "paper")
    assert (said.code, said.err) == (0, "")
    after = files(run)
    assert set(after) - set(before) <= {"report.html", "findings.json"}
    assert {name: content for name, content in after.items() if name in before} == before
    found = Page((run / "report.html").read_text(encoding="utf-8"))
    identity = json.loads((run / "run.json").read_text(encoding="utf-8"))
    for word in (identity["data_digest"], identity["created"], "20 of 20 cells are trained", package.__version__):
        assert word in found.text
    assert str(finished.tree) not in found.text  # paths name people
    drawn = {a["id"] for tag, a in found.tags if tag == "figure"}
    assert "pca-spectra" in drawn
    kinds = {path.name for path in (tmp_path / "figures").iterdir()}
    assert kinds == {f"{name}.{kind}" for name in drawn for kind in ("png", "pdf", "svg")}
    assert stat.S_IMODE((run / "report.html").stat().st_mode) & 0o111 == 0


def test_the_data_behind_a_run_is_counted(finished: TinyRun, sweep: Sweep, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    assert sweep("report", finished.folder.path, "--out", out).code == 0
    text = Page(out.read_text(encoding="utf-8")).text
    assert re.search(r"arousal train 3 15 [\d ]+", text)  # three videos of five segments


def test_a_run_whose_segments_are_damaged_has_a_page_without_statistics(
    finished: TinyRun, tmp_path: Path, sweep: Sweep
) -> None:
    run = copied(finished, tmp_path).folder
    (run.segments / "segments.npz").write_bytes(b"no arrays")
    run.findings.unlink(missing_ok=True)
    assert sweep("report", run.path).code == 0
    text = Page(run.report.read_text(encoding="utf-8")).text
    assert "Whether that is separable is not known" in text
    assert "The data: videos" not in text


def test_an_old_run_has_a_page_that_says_what_it_lacks(tmp_path: Path, sweep: Sweep) -> None:
    run = shutil.copytree(GOLDEN, tmp_path / "old")
    said = sweep("report", run, "--out", tmp_path / "page.html")
    assert (said.code, said.err) == (0, "")
    text = Page((tmp_path / "page.html").read_text(encoding="utf-8")).text
    assert "no spectra" in text
    assert "segments of its data" in text
    assert set(files(run)) - set(files(GOLDEN)) == set()


def test_a_run_that_is_going_on_has_a_page(tmp_path: Path, tree: Path, cache: Path, sweep: Sweep) -> None:
    run = tiny_run(tmp_path, tree, cache, RIGHT + "[settings]\nseeds = 1\nepochs = 1\n")
    run.failing = ("arousal vggish/way2",)
    run.carry_out()
    out = tmp_path / "page.html"
    assert sweep("report", run.folder.path, "--out", out).code == 0
    assert "made to fail" in Page(out.read_text(encoding="utf-8")).text


def test_a_place_that_cannot_be_written_is_told(finished: TinyRun, tmp_path: Path, sweep: Sweep) -> None:
    run = finished.folder.path
    (tmp_path / "file").write_text("", encoding="utf-8")
    said = sweep("report", run, "--out", tmp_path / "none" / "page.html")
    assert said.code == 2
    assert "there is no folder" in " ".join(said.err.split())
    said = sweep("report", run, "--out", tmp_path / "page.html", "--figures", tmp_path / "file")
    assert said.code == 2
    assert "--figures" in said.err


def test_a_page_that_cannot_take_its_place_is_told(finished: TinyRun, tmp_path: Path, sweep: Sweep) -> None:
    run = copied(finished, tmp_path).folder.path
    (run / "report.html").mkdir()
    said = sweep("report", run)
    assert said.code == 2
    assert "report.html cannot be written" in " ".join(said.err.split())


def test_what_is_no_run_has_no_page(tmp_path: Path, sweep: Sweep) -> None:
    said = sweep("report", tmp_path)
    assert said.code == 2
    assert "is no run" in said.err


@pytest.mark.parametrize("library", ["jinja2", "matplotlib", "scikit_posthocs"])
def test_a_library_that_is_not_installed_is_named_with_the_way_to_get_it(library: str) -> None:
    code = f"import sys; sys.modules['{library}'] = None; from sweep import cli; cli.main()"
    done = subprocess.run([sys.executable, "-c", code, "report", "x"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"{library}: pip install 'muse-sweep[report]'" in " ".join(done.stderr.split())


def test_other_commands_do_not_load_the_reports_libraries() -> None:
    code = "import sys, sweep.cli, sweep.commands.tables; print({'jinja2', 'matplotlib', 'seaborn'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
