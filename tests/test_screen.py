"""The live table: every cell in its place, in every size of terminal."""

import re
from itertools import pairwise

import pytest
from rich.text import Text

from results.records import Cell, Cost
from search_spaces.features import CATALOGUE
from search_spaces.resolution import Resolution
from search_spaces.space import load_space
from sweep.cells import baseline_plan, grid_plan, screening_plan
from sweep.events import CellDone, CellEpoch, CellFailed, CellsPlanned, CellStarted
from sweep.job import EpochEvent
from sweep.marks import _SCALE, Scale, letter_colour
from sweep.screen import Room, screen
from sweep.tally import Tally
from tests.results_factory import BIMODAL, TARGETS, UNIMODAL, WAYS, cell, made_record

MUSE = Resolution(modalities={feature.name: feature.modality for feature in CATALOGUE})
RUNNING, STARTING, FAILED = (cell("arousal", f"fau/way{n}") for n in (3, 4, 5))
COST = Cost(wall_s=60, peak_memory_mb=1, host="h", seeds=())
SIZES = [(width, height) for width in (20, 40, 60, 80, 100, 120, 200) for height in (1, 2, 5, 10, 24, 40, 70)]


def cells_of(space_name: str) -> list[Cell]:
    space = load_space(space_name)
    plans = screening_plan(space, MUSE.modalities, TARGETS) + grid_plan(space, MUSE, TARGETS)
    return list(dict.fromkeys(of for _, of in plans + baseline_plan(space, MUSE, TARGETS)))


def made_tally(space_name: str = "paper", done: int = 8) -> Tally:
    """The first cells done with figures that rise; then one under way, one that starts, one that has failed."""
    tally, cells = Tally(load_space(space_name), TARGETS, 2), cells_of(space_name)
    tally(CellsPlanned(tuple(cells), (), (), MUSE, {}))
    for number, of in enumerate(cells[:done]):
        tally(CellDone(of.target, of, made_record(of, (0.2 + number / 1000,)), COST))
    return tally


def busy(tally: Tally) -> Tally:
    for of in (RUNNING, STARTING):
        tally(CellStarted("arousal", of, 1))
    tally(CellEpoch("arousal", RUNNING, EpochEvent(seed=102, epoch=17, devel_f1=0.2512, best_f1=0.27)))
    tally(CellFailed("arousal", FAILED, "the loss is nan in epoch 3, batch 2", queued_again=False))
    return tally


def plain(lines: tuple[Text, ...]) -> list[str]:
    return [line.plain.rstrip() for line in lines]


def row(lines: list[str], features: str) -> list[str]:
    return next(line.split()[1:] for line in lines if line.split()[:1] == [features])


@pytest.mark.parametrize("space_name", ["paper", "protocol"])
@pytest.mark.parametrize("size", SIZES)
def test_no_terminal_is_too_small(size: tuple[int, int], space_name: str) -> None:
    width, height = size
    tally = made_tally(space_name)
    lines = screen(busy(tally) if space_name == "paper" else tally, Room(width, height), "Run forrest")
    assert 1 <= len(lines) <= height
    assert all(line.cell_len <= width for line in lines)


def test_a_wide_terminal_shows_both_targets_side_by_side_with_two_decimals() -> None:
    lines = plain(screen(busy(made_tally()), Room(160, 40)))
    assert lines[1].split() == list(TARGETS)
    assert lines[2].split() == [*WAYS, *WAYS]
    assert row(lines, "vggish") == ["20.00", "20.10", "20.20", "20.30", "20.40", "20.50", *"······"]
    assert row(lines, "fau") == ["20.60", "20.70", "2e17", "…", "✗", "·", *"······"]


def test_a_narrow_and_high_terminal_shows_the_targets_one_below_the_other() -> None:
    lines = plain(screen(busy(made_tally()), Room(80, 80)))
    heads = [line.split() for line in lines if line.split()[1:] == list(WAYS)]
    assert heads == [["arousal", *WAYS], ["valence", *WAYS]]


def test_eighty_columns_and_24_lines_show_the_paper_s_whole_grid() -> None:
    lines = plain(screen(busy(made_tally()), Room(80, 24)))
    assert lines[2].split() == [*WAYS, *WAYS]
    assert sum(len(line.split()) == 13 for line in lines[3:]) == 13


def test_a_lower_terminal_shows_the_stage_that_is_under_way() -> None:
    lines = plain(screen(busy(made_tally()), Room(80, 20)))
    assert lines[2].split() == [*WAYS, *WAYS]
    assert all(row(lines, features) for features in UNIMODAL)
    assert "Multimodal feature: 0 of 48" in lines
    assert "  arousal fau/way3  seed 102, epoch 17: F1 25.12 (best 27.00)" in lines
    assert "  arousal fau/way4  starting" in lines
    assert "  failed: arousal fau/way5: the loss is nan in epoch 3, batch 2" in lines


def test_what_is_done_is_folded_into_a_line_with_its_best_cell() -> None:
    tally = made_tally(done=36)
    tally(CellStarted("arousal", cell("arousal", "fau+bert~/way1"), 1))
    lines = plain(screen(tally, Room(70, 18)))
    assert "Uni-modal feature, arousal: 36 of 36; best 23.50 bert~/way6" in lines


def test_of_a_long_feature_set_every_term_is_told() -> None:
    lines = plain(screen(made_tally(), Room(80, 24)))
    labels = [line.split()[0] for line in lines[3:] if len(line.split()) == 13]
    assert labels[:9] == [*UNIMODAL, *BIMODAL]
    assert labels[9:13] == ["vggish+fau+bert~", "vgg+fau+ber~+vgg~", "vgg+fau+ber~+ege~", "v+f+b~+x~+v~+d~+e~"]


def test_a_terminal_without_room_for_every_way_shows_those_under_way() -> None:
    tally = made_tally()
    tally(CellStarted("arousal", cell("arousal", "vggish/way6"), 1))
    head = next(line for line in plain(screen(tally, Room(30, 30))) if line.startswith("arousal "))
    assert "way6" in head
    assert "way5" not in head


def test_a_table_of_a_thousand_feature_sets_shows_those_under_way() -> None:
    tally = made_tally()
    stage = tally.sheet.stages[0]
    lines = tuple(stage.lines) * 200
    object.__setattr__(stage, "lines", lines)
    found = plain(screen(busy(tally), Room(120, 30)))
    assert len(found) <= 30
    assert any("2e17" in line for line in found)
    assert any(line.endswith("more feature sets") for line in found)


def test_a_space_by_roles_shows_the_screening_and_slots_that_are_open() -> None:
    tally = made_tally("protocol", done=3)
    tally(CellStarted("arousal", cell("arousal", "xception/way2"), 1))
    lines = plain(screen(tally, Room(130, 60)))
    assert row(lines, "best(audio)") == ["·"] * 12
    strip = "deepspectrum 20.00  vggish 20.10  egemaps 20.20  xception …  vggface ·  fau ·  bert ·"
    assert f"Screening (way2), arousal:  {strip}" in lines


def test_the_official_baseline_and_joint_runs_have_a_line_of_their_own() -> None:
    tally, pair = made_tally(), cell("valence", "vggish/way1", "fau/way2")
    base = cell("valence", "fau/baseline")
    tally(CellsPlanned((pair,), (), (), MUSE, {}))
    for of in (base, pair):
        tally(CellDone("valence", of, made_record(of, (0.3333,)), COST))
    lines = plain(screen(tally, Room(160, 60)))
    assert "Official baseline, valence:  vggish ·  fau 33.33  bert ·" in lines
    assert "Multitask, valence:  vggish/way1 & fau/way2 33.33" in lines


def test_counts_stand_first_with_cells_that_have_no_name_yet() -> None:
    tally = made_tally("protocol", done=3)
    assert plain(screen(tally, Room(80, 24)))[0].startswith("3/14 cells (+164 to come)  ETA ")


def test_an_encoding_without_other_signs_gets_ascii() -> None:
    lines = plain(screen(busy(made_tally()), Room(80, 24, unicode=False)))
    assert all(line.isascii() for line in lines)


def test_names_and_reasons_cannot_command_the_terminal() -> None:
    tally = made_tally()
    tally(CellFailed("arousal", FAILED, "bad\x1b[2J\nnews", queued_again=False))
    assert not re.search(r"[\x00-\x1f]", "".join(plain(screen(tally, Room(200, 60), "Run a\x1b[2J"))))


def test_the_best_of_a_target_is_bold_and_collapsed_cells_are_not_ranked() -> None:
    tally = made_tally()
    collapsed = cell("arousal", "vggish/way6")
    tally(CellDone("arousal", collapsed, made_record(collapsed, (0.9,), predicted_classes=1), COST))
    (line,) = (line for line in screen(tally, Room(160, 40)) if line.plain.startswith("fau  "))
    bold = [line.plain[span.start : span.end] for span in line.spans if getattr(span.style, "bold", None)]
    assert bold == ["20.70"]


@pytest.mark.parametrize("background", _SCALE)
def test_letters_stand_out_on_every_colour_of_the_scale(background: str) -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(background), luminance(letter_colour(background))), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_the_scale_grows_evenly_lighter() -> None:
    """CIE L* of its colours: viridis goes up by the same amount at every step."""

    def lightness(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 116 * (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]) ** (1 / 3) - 16

    steps = [lightness(b) - lightness(a) for a, b in pairwise(_SCALE)]
    assert min(steps) > 7
    assert max(steps) < 12


def test_a_terminal_with_few_colours_has_no_scale() -> None:
    assert Scale([0.1, 0.3], coloured=False).style(0.1).bgcolor is None
    assert [Scale([0.1, 0.3], coloured=True).step(figure) for figure in (0.1, 0.2, 0.3, 0.9, 0.0)] == [0, 4, 8, 8, 0]
    assert Scale([0.2], coloured=True).step(0.2) == 4
