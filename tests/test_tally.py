"""What a live view knows: counts, figures and the time that is left."""

import pytest

from results.records import Cost, Hole
from search_spaces.features import CATALOGUE
from search_spaces.resolution import Resolution
from search_spaces.space import Space, load_space
from sweep.events import CellDone, CellEpoch, CellFailed, CellsPlanned, CellStarted
from sweep.job import EpochEvent
from sweep.tally import Tally
from tests.results_factory import TARGETS, cell, made_record

MUSE = Resolution(modalities={feature.name: feature.modality for feature in CATALOGUE})
A, B, C, D = (cell("arousal", f"{name}/way{way}") for name, way in (("vggish", 1), ("fau", 1), ("bert", 2), ("fau", 2)))


def space(**changes):
    return load_space("paper").model_copy(update={"multitask": False, **changes})


def tally(workers=1, of: Space | None = None, now=lambda: 0.0):
    return Tally(of or space(), TARGETS, workers, now)


def cost(wall_s: float) -> Cost:
    return Cost(wall_s=wall_s, peak_memory_mb=1.0, host="here", seeds=())


def planned(*cells, done=(), failed=(), costs=None, resolution=MUSE):
    holes = tuple(Hole(cell=each, state="failed", reason="nan") for each in failed)
    return CellsPlanned(cells, tuple(done), holes, resolution, costs or {})


def epoch(number: int, seed: int = 101) -> EpochEvent:
    return EpochEvent(seed=seed, epoch=number, devel_f1=0.2, best_f1=0.25)


def test_cells_of_earlier_commands_are_done_and_have_their_figures():
    found = tally()
    found(planned(A, B, done=[made_record(A, (0.2, 0.4))]))
    assert found.done == {A}
    assert found.figures[A].mean == pytest.approx(0.3)
    assert found.figures[A].std == pytest.approx(0.02**0.5)  # ((0.1² + 0.1²) / 1) ** 0.5
    assert found.trained == 0


def test_a_cell_is_started_reports_epochs_and_is_done():
    found = tally()
    found(planned(A))
    found(CellStarted("arousal", A, 1))
    assert found.running == {A: None}
    found(CellEpoch("arousal", A, epoch(3)))
    assert found.running == {A: epoch(3)}
    found(CellDone("arousal", A, made_record(A, (0.3,)), cost(2.0)))
    assert (found.running, found.done, found.trained) == ({}, {A}, 1)
    assert (found.figures[A].mean, found.figures[A].std, found.figures[A].collapsed) == (0.3, None, False)


def test_a_cell_that_predicts_one_class_only_is_known_as_such():
    found = tally()
    found(planned(A, done=[made_record(A, (0.09,), predicted_classes=1)]))
    assert found.figures[A].collapsed


def test_a_failed_cell_counts_only_when_it_is_not_tried_again():
    found = tally()
    found(planned(A, B))
    found(CellFailed("arousal", A, "killed", queued_again=True))
    assert found.failed == {}
    found(CellFailed("arousal", A, "killed", queued_again=False))
    assert found.failed == {A: "killed"}
    found(CellStarted("arousal", A, 1))
    assert found.failed == {}


def test_the_time_left_goes_by_the_way_of_each_open_cell_and_the_workers():
    found = tally(workers=2)
    found(planned(A, B, C, D))
    assert found.eta_s() is None
    found(CellDone("arousal", A, made_record(A, (0.3,)), cost(10.0)))
    found(CellDone("arousal", C, made_record(C, (0.3,)), cost(4.0)))
    assert found.eta_s() == (10 + 4) / 2  # B is of way1, D of way2, two workers


def test_a_way_that_was_not_seen_yet_takes_what_it_costs_beside_those_that_were():
    found = tally()
    found(planned(A, C))
    found(CellDone("arousal", A, made_record(A, (0.3,)), cost(10.0)))
    assert found.eta_s() == pytest.approx(10 * 0.253 / 1.971)  # an epoch of way2, and of way1, in benchmarks/README.md


def test_what_cells_took_before_tells_the_time_left_at_once():
    found = tally()
    done = {"done": [made_record(A, (0.3,))], "costs": {str(A): cost(10.0)}}
    found(planned(A, B, **done))
    assert found.eta_s() == 10
    found(planned(A, B, **done))  # told again with the next step: still one cell of way1
    found(CellDone("arousal", C, made_record(C, (0.3,)), cost(1.0)))
    assert found.eta_s() == 10


def test_cells_that_are_not_named_yet_take_time_too():
    roles = load_space("protocol").model_copy(update={"multitask": False, "ways": ("way1",), "baseline": None})
    found = tally(2, roles)
    found(planned(A, B))
    found(CellDone("arousal", A, made_record(A, (0.3,)), cost(10.0)))
    assert found.eta_s() == (10 + 26 * 10) / 2  # B, and thirteen feature sets of two targets


def test_joint_runs_that_are_not_selected_yet_take_two_cells_each():
    found = tally(of=space(multitask=True, ways=("way1",)))
    found(planned(A))
    found(CellDone("arousal", A, made_record(A, (0.3,)), cost(10.0)))
    assert found.open_cells == 2
    assert found.eta_s() == 2 * (10 + 10)
    pair = cell("arousal", "vggish/way1", "fau/way1")
    found(planned(A, pair))
    assert found.open_cells == 1
    assert found.eta_s() == 2 * (10 + 10)


def test_the_first_epochs_tell_the_time_left_before_any_cell_is_done():
    clock = iter([100.0, 102.0, 106.0])
    settings = space().settings.model_copy(update={"seeds": 2, "epochs": 10})  # below the patience: all ten are trained
    found = tally(of=space(settings=settings), now=lambda: next(clock))
    found(planned(A, B))
    found(CellStarted("arousal", A, 1))
    for number in (1, 2, 4):  # at 100, 102 and 106 s: 2 s an epoch
        found(CellEpoch("arousal", A, epoch(number)))
    assert found.eta_s() == 2 * 2 * 10 - 2 * 4 + 2 * 2 * 10  # what A has left, and B


def test_a_new_seed_goes_on_counting_epochs():
    clock = iter([0.0, 30.0])
    settings = space().settings.model_copy(update={"seeds": 2, "epochs": 10})
    found = tally(of=space(settings=settings), now=lambda: next(clock))
    found(planned(A))
    found(CellStarted("arousal", A, 1))
    found(CellEpoch("arousal", A, epoch(10)))
    found(CellEpoch("arousal", A, epoch(3, seed=102)))  # three epochs in 30 s
    assert found.eta_s() == pytest.approx(7 * 10)


def test_the_time_left_is_at_least_what_the_longest_cell_has_left():
    found = tally(workers=4)
    found(planned(A, B))
    found(CellDone("arousal", A, made_record(A, (0.3,)), cost(10.0)))
    found(CellStarted("arousal", B, 1))
    assert found.eta_s() == 10


def test_cells_that_failed_before_are_not_waited_for():
    found = tally()
    found(planned(A, B, C, failed=[B, C]))
    found(CellDone("arousal", A, made_record(A, (0.3,)), cost(10.0)))
    assert found.eta_s() == 0
    assert found.failed == {B: "nan", C: "nan"}
