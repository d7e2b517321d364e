from typing import get_args

from search_spaces.corpus import Modality
from search_spaces.features import CATALOGUE
from search_spaces.resolution import Resolution
from search_spaces.space import load_space
from sweep.cells import to_come

TARGETS = ("arousal", "valence")
MUSE = Resolution(modalities={row.name: row.modality for row in CATALOGUE})


def test_a_space_by_roles_has_its_whole_grid_and_baseline_to_come_before_the_screening():
    assert {row.modality for row in CATALOGUE} == set(get_args(Modality))
    # 13 feature sets a Way and 3 of the baseline, for each of two targets
    assert to_come(load_space("protocol"), MUSE, TARGETS) == {f"way{n}": 26 for n in range(1, 7)} | {"baseline": 6}


def test_a_space_by_names_has_nothing_to_come():
    assert to_come(load_space("paper"), MUSE, TARGETS) == {}
