"""What a live view knows: counts, figures and the time that is left."""

from results.records import Cost, Hole
from sweep.events import CellDone, CellEpoch, CellFailed, CellsPlanned, CellStarted
from sweep.job import EpochEvent
from sweep.tally import Tally, clock
from tests.results_factory import cell, made_record

A, B, C, D = (cell("arousal", f"{name}/way{way}") for name, way in (("vggish", 1), ("fau", 1), ("bert", 2), ("fau", 2)))


def cost(wall_s: float) -> Cost:
    return Cost(wall_s=wall_s, peak_memory_mb=1.0, host="here", seeds=())


def planned(*cells, done=(), failed=(), costs=None, to_come=None):
    holes = tuple(Hole(cell=each, state="failed", reason="nan") for each in failed)
    return CellsPlanned(cells, tuple(done), holes, costs or {}, to_come or {})


def test_cells_of_earlier_commands_are_done_and_have_their_figures():
    tally = Tally(1)
    tally(planned(A, B, done=[made_record(A, (0.2, 0.4))]))
    assert tally.done == {A}
    mean, std = tally.figures[A]
    assert round(mean, 9) == 0.3
    assert round(std or 0, 9) == round(0.02**0.5, 9)  # ((0.1² + 0.1²) / 1) ** 0.5
    assert tally.trained == 0


def test_a_cell_is_started_reports_epochs_and_is_done():
    tally = Tally(1)
    tally(planned(A))
    tally(CellStarted("arousal", A, 1))
    assert tally.running == {A: None}
    epoch = EpochEvent(seed=101, epoch=3, devel_f1=0.2, best_f1=0.25)
    tally(CellEpoch("arousal", A, epoch))
    assert tally.running == {A: epoch}
    tally(CellDone("arousal", A, made_record(A, (0.3,)), cost(2.0)))
    assert (tally.running, tally.done, tally.figures[A], tally.trained) == ({}, {A}, (0.3, None), 1)


def test_a_failed_cell_counts_only_when_it_is_not_tried_again():
    tally = Tally(1)
    tally(planned(A, B))
    tally(CellFailed("arousal", A, "killed", queued_again=True))
    assert tally.failed == {}
    tally(CellFailed("arousal", A, "killed", queued_again=False))
    assert tally.failed == {A: "killed"}
    tally(CellStarted("arousal", A, 1))
    assert tally.failed == {}


def test_the_time_left_goes_by_the_way_of_each_open_cell_and_the_workers():
    tally = Tally(2)
    tally(planned(A, B, C, D))
    assert tally.eta_s() is None
    tally(CellDone("arousal", A, made_record(A, (0.3,)), cost(10.0)))
    tally(CellDone("arousal", C, made_record(C, (0.3,)), cost(4.0)))
    assert tally.eta_s() == (10 + 4) / 2  # B is of way1, D of way2, two workers


def test_a_way_that_was_not_seen_yet_takes_the_mean_of_all():
    tally = Tally(1)
    tally(planned(A, C))
    tally(CellDone("arousal", A, made_record(A, (0.3,)), cost(10.0)))
    assert tally.eta_s() == 10


def test_what_cells_took_before_tells_the_time_left_at_once():
    tally = Tally(1)
    done = {"done": [made_record(A, (0.3,))], "costs": {str(A): cost(10.0)}}
    tally(planned(A, B, **done))
    assert tally.eta_s() == 10
    tally(planned(A, B, C, **done))  # told again with the next step: still one cell of way1
    tally(CellDone("arousal", B, made_record(B, (0.3,)), cost(20.0)))
    assert tally.eta_s() == (10 + 20) / 2  # C takes the mean of all


def test_cells_that_are_not_named_yet_take_time_too():
    tally = Tally(2)
    tally(planned(A, B, to_come={"way1": 3, "way2": 1}))
    tally(CellDone("arousal", A, made_record(A, (0.3,)), cost(10.0)))
    assert tally.eta_s() == (10 + 4 * 10) / 2


def test_cells_that_failed_before_are_not_waited_for():
    tally = Tally(1)
    tally(planned(A, B, C, failed=[B]))
    tally(CellDone("arousal", A, made_record(A, (0.3,)), cost(10.0)))
    assert tally.eta_s() == 10  # C alone
    assert tally.failed == {B: "nan"}


def test_seconds_are_shown_as_hours_minutes_and_seconds():
    assert [clock(seconds) for seconds in (0, 59.6, 3599.4, 36000 + 61)] == [
        "0:00:00",
        "0:01:00",
        "0:59:59",
        "10:01:01",
    ]
