"""The figures of a report: what they hold, how they stand in a page, and that their bytes depend on nothing else."""

import hashlib
import itertools
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from results.report import drawing, palette
from results.report.chapters import Chapter, chapters
from results.report.figures import delta, heat_map, intervals, ranks, seed_scatter, spectra
from results.report.inline_svg import inline
from results.report.material import Material
from results.report.picture import Drawn, Missing, Picture
from results.summary import summarize
from tests.report_factory import made_material
from tests.results_factory import complete_run, empty_run, holed_run

KINDS = 9


@pytest.fixture(scope="module")
def complete() -> tuple[Chapter, ...]:
    return chapters(made_material())


@pytest.fixture(scope="module")
def inlined(complete: tuple[Chapter, ...]) -> list[tuple[Picture, str]]:
    """Every picture with what stands for it in a page."""
    return [(picture, inline(picture)) for picture in pictures(complete)]


def pictures(drawn: tuple[Chapter, ...]) -> list[Picture]:
    return [picture for chapter in drawn for picture in chapter.pictures]


class Svg(HTMLParser):
    """Every tag with its attributes, as a browser reads them inside a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.titles: list[str] = []
        self._in_title = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in_title = tag == "title"

    def handle_endtag(self, _: str) -> None:
        self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.titles.append(data)


def one(module_draw: object, material: Material) -> Drawn:
    """What a kind of figure gives for the first target."""
    with drawing.style():
        return next(iter(module_draw(material)))  # type: ignore[operator]


def test_a_complete_run_has_every_figure_for_every_target(complete: tuple[Chapter, ...]) -> None:
    assert len(complete) == KINDS
    assert [sentence for chapter in complete for sentence in chapter.missing] == []
    names = [picture.name for picture in pictures(complete)]
    a_target = ("heat-map", "seeds", "intervals", "ranks", "curves", "confusion", "delta")
    wanted = [f"{kind}-{target}" for kind in a_target for target in ("arousal", "valence")]
    assert sorted(names) == sorted([*wanted, "pca-spectra", "training-time"])


def test_a_run_that_has_only_been_planned_says_of_every_figure_why_it_is_missing() -> None:
    drawn = chapters(made_material(empty_run(), statistics=False))
    assert pictures(drawn) == []
    for chapter in drawn:
        assert chapter.missing, chapter.anchor
        assert all(sentence.endswith(".") for sentence in chapter.missing)


def test_every_figure_has_words_for_those_who_do_not_see_it(inlined: list[tuple[Picture, str]]) -> None:
    for picture, text in inlined:
        assert len(picture.description) > 20, picture.name
        assert picture.caption.endswith(".")
        (svg, *_) = Svg(text).tags
        assert svg[0] == "svg"
        assert svg[1]["role"] == "img"
        assert svg[1]["aria-label"] == f"{picture.title}. {picture.description}"


def test_every_part_that_stands_for_something_says_so(inlined: list[tuple[Picture, str]]) -> None:
    for picture, text in inlined:
        assert sorted(Svg(text).titles) == sorted(picture.tips.values()), picture.name


def test_the_ids_in_a_page_belong_to_one_figure_each(inlined: list[tuple[Picture, str]]) -> None:
    ids: list[str] = []
    for _, text in inlined:
        tags = Svg(text).tags
        own = [attributes["id"] or "" for _, attributes in tags if "id" in attributes]
        linked = re.findall(r'(?:href="|url\()#([^")]+)', text)
        assert set(linked) == set(own)
        ids += own
    assert len(ids) == len(set(ids))
    assert len(ids) > 20


def test_a_figure_in_a_page_takes_colours_and_type_from_the_page(inlined: list[tuple[Picture, str]]) -> None:
    known = {f"var(--{colour.name})" for colour in palette.ALL}
    for picture, svg in inlined:
        styles = [attributes["style"] or "" for _, attributes in Svg(svg).tags if attributes.get("style")]
        paints = re.findall(r"(?:fill|stroke): ([^;]+)", "; ".join(styles))
        assert set(paints) <= known | {"none"}, picture.name
        assert "font-family" not in svg
        assert "http" not in svg


def test_colours_differ_on_light_ground_and_can_be_read_on_both() -> None:
    light = [colour.light for colour in palette.ALL]
    assert len(light) == len(set(light))
    for text in (palette.INK, palette.MUTED, palette.ACCENT):
        for ground in (palette.GROUND, palette.SURFACE):
            assert contrast(text.light, ground.light) >= 4.5, text.name
            assert contrast(text.dark, ground.dark) >= 4.5, text.name
    for line in palette.SERIES:
        assert contrast(line.light, palette.GROUND.light) >= 3
        assert contrast(line.dark, palette.GROUND.dark) >= 3
    for share in (0, 0.3, 0.55, 0.56, 0.8, 1):
        ground, on = palette.heat(share)
        assert contrast(on.light, ground.light) >= 4.5, share
        assert contrast(on.dark, ground.dark) >= 4.5, share


def contrast(one: str, other: str) -> float:
    """WCAG 2: (L1 + 0.05) / (L2 + 0.05); black on white is 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_contrast_of_black_on_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_a_heat_map_shows_every_cell_and_counts_those_above_the_probe() -> None:
    material = made_material()
    picture = one(heat_map.draw, material)
    assert isinstance(picture, Picture)
    assert len(picture.tips) == 13 * 6
    means = [summarize(record).mean for record in material.results.records if record.cell.target == "arousal"]
    above = sum(mean > 0.29 for mean in means)  # the factory's probe
    assert f"{above} of them stand above the linear probe, 29.00" in picture.description
    svg = inline(picture)
    for mean in means:
        assert f">{100 * mean:.2f}<" in svg


def test_a_cell_without_a_figure_is_a_dash_that_says_why() -> None:
    picture = one(heat_map.draw, made_material(holed_run(), statistics=False))
    assert isinstance(picture, Picture)
    assert inline(picture).count(">—<") == 2  # arousal has one that failed and one that collapsed
    tips = "\n".join(picture.tips.values())
    assert "arousal: fau, way3\nfailed: loss became nan in epoch 3, batch 2" in tips
    assert "collapsed at 8.61: every seed predicts one class only" in tips  # (9.05 + 9.05 + 7.73) / 3


def test_the_seeds_of_a_cell_are_dots_on_one_line() -> None:
    picture = one(seed_scatter.draw, made_material())
    assert isinstance(picture, Picture)
    dots = [tag for tag, _ in Svg(inline(picture)).tags if tag == "use"]
    assert len(dots) >= 13 * 6 * 3


def test_what_is_separable_from_the_best_is_hollow() -> None:
    picture = one(intervals.draw, made_material())
    assert isinstance(picture, Picture)
    assert "the best 20 of 78 cells" in picture.caption
    assert "38 of 77 others are separable" in picture.description  # the factory says so of the second half
    assert len(picture.tips) == 21  # and the multitask run


def test_without_statistics_the_reason_is_given() -> None:
    run = complete_run().model_copy(update={"no_findings": "this run lacks the segments"})
    for draw in (intervals.draw, ranks.draw):
        found = one(draw, made_material(run, statistics=False))
        assert isinstance(found, Missing)
        assert "this run lacks the segments" in found.sentence


def test_two_ways_are_not_ranked() -> None:
    material = made_material(complete_run(ways=("way1", "way2")))
    findings = tuple(each.model_copy(update={"ranks": None}) for each in material.results.findings)
    results = material.results.model_copy(update={"findings": findings})
    found = one(ranks.draw, Material(results, material.standing, material.provenance))
    assert isinstance(found, Missing)
    assert "needs three" in found.sentence


def test_the_diagram_of_ranks_names_every_way_with_its_rank() -> None:
    picture = one(ranks.draw, made_material())
    assert isinstance(picture, Picture)
    text = inline(picture).replace("\N{EN SPACE}", " ")
    for number, way in enumerate(("way1", "way2", "way3"), start=1):
        assert f"{way} {number}.00" in text  # the left half, best first
    assert "4.00 way4" in text
    assert "critical difference 2.10" in text


def test_a_weighting_that_learns_nothing_has_no_lines() -> None:
    material = made_material()
    equal = tuple(
        record.model_copy(
            update={
                "seeds": tuple(seed.model_copy(update={"delta": ((1.0, 1.0),) * seed.epochs}) for seed in record.seeds)
            }
        )
        for record in material.results.multitask
    )
    results = material.results.model_copy(update={"multitask": equal})
    found = one(delta.draw, Material(results, material.standing, material.provenance))
    assert isinstance(found, Missing)
    assert "learns no δ" in found.sentence


def test_a_run_of_an_early_version_has_widths_and_no_spectra() -> None:
    run = made_material().results
    early = run.model_copy(update={"features": tuple(f.model_copy(update={"kept_variance": ()}) for f in run.features)})
    material = made_material()
    found = one(spectra.draw, Material(early, material.standing, material.provenance))
    assert isinstance(found, Missing)
    assert "no spectra" in found.sentence


def test_the_words_of_a_name_are_not_read_as_mathematics() -> None:
    run = complete_run()
    odd = run.model_copy(update={"ways": ("$x$", *run.ways)})
    picture = one(heat_map.draw, made_material(odd, statistics=False))
    assert isinstance(picture, Picture)
    assert ">$x$<" in inline(picture)


@pytest.mark.parametrize("features", ["vggish", "a+b~+c", "vggish+fau+bert~+xception~+vggface~+deepspectrum~+egemaps~"])
def test_a_feature_set_is_wrapped_at_its_joints_and_loses_no_sign(features: str) -> None:
    for width in (1, 8, 29, 99):
        lines = drawing.wrapped(features, width).split("\n")
        assert "".join(lines) == features
        assert all(line.endswith("+") for line in lines[:-1])
        assert all(len(line) <= width or line.count("+") <= 1 for line in lines)


def test_a_figure_file_is_of_its_kind() -> None:
    with drawing.style():
        figure = drawing.sheet(100, 50)
        drawing.panel(figure, 20, 10, 60, 20).plot([1, 2], [1, 2])
    assert drawing.file_bytes(figure, "png").startswith(b"\x89PNG")
    assert drawing.file_bytes(figure, "pdf").startswith(b"%PDF")
    assert b"<svg" in drawing.file_bytes(figure, "svg")


PRINTED = """
import hashlib
from results.report import drawing
from results.report.chapters import chapters
from results.report.page import page
from tests.report_factory import made_material
from tests.results_factory import complete_run
material = made_material(complete_run(ways=("way1", "way2", "way3")))
drawn = chapters(material)
content = page(material, drawn).encode()
ranks = next(chapter for chapter in drawn if chapter.anchor == "ranks").pictures[0]
for kind in drawing.FILE_FORMATS:
    content += drawing.file_bytes(ranks.figure, kind)
print(hashlib.sha256(content).hexdigest())
"""


@pytest.mark.slow
def test_bytes_depend_neither_on_the_process_nor_on_the_users_matplotlibrc(tmp_path: Path) -> None:
    rc = tmp_path / "matplotlibrc"
    rc.write_text("text.usetex: True\nfont.size: 30\naxes.facecolor: red\nsvg.fonttype: path\n", encoding="utf-8")
    root = Path(__file__).parents[1]
    started = []
    for seed, more in (("1", {}), ("2", {"MATPLOTLIBRC": str(rc)})):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root), **more}
        command = [sys.executable, "-c", PRINTED]
        started.append(subprocess.Popen(command, env=environment, cwd=root, stdout=subprocess.PIPE, text=True))
    first, second = (process.communicate()[0] for process in started)
    assert [process.returncode for process in started] == [0, 0]
    assert first == second
    assert len(first.strip()) == hashlib.sha256().digest_size * 2


def test_no_two_chapters_share_a_name(complete: tuple[Chapter, ...]) -> None:
    for first, other in itertools.combinations(complete, 2):
        assert first.anchor != other.anchor
