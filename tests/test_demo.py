"""`sweep demo`: sample tree, run and tables in one go. The whole of it runs in .ci/run; here it is a small space."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from results.tables import NUMBERS
from search_spaces.space import load_space
from sweep.commands.demo import demo
from sweep.commands.run import Options
from tests.tiny_run import write_space

SMALL = """
title = "Small"
ways = ["way2", "way4"]

[settings]
seeds = 1
epochs = 10
hidden = 8
learning_rate = 0.02
batch_size = 16

[baseline]
features = ["vggish"]

[[stage]]
name = "unimodal"
title = "Uni-modal feature"
tables = ["II"]
features = ["vggish"]

[[stage]]
name = "multimodal"
title = "Multimodal feature"
tables = ["III", "IV"]
features = ["vggish+fau+bert~"]
"""


@pytest.mark.slow
def test_a_demo_prints_every_table_and_a_second_one_trains_nothing(tmp_path: Path) -> None:
    space = str(write_space(tmp_path / "small.toml", SMALL))
    printed, told = [], []
    for _ in range(2):
        progress, console = io.StringIO(), io.StringIO()
        ending = demo(tmp_path, Options(1), Console(file=progress), Console(file=console), space=space, scale=0.3)
        told.append((ending.trained, ending.progress.complete))
        printed.append((console.getvalue(), progress.getvalue()))
    assert told == [(8 + 2 + 2, True), (0, True)]
    assert all(f"Table {number}." in tables for tables, _ in printed for number in NUMBERS)
    assert all(f"Its run is {tmp_path / 'run'}" in " ".join(tables.split()) for tables, _ in printed)
    assert "Sample tree written" in printed[0][1]
    assert "complete already" in printed[1][1]


def test_the_demo_is_the_whole_grid_of_the_paper() -> None:
    small, paper = load_space("demo"), load_space("paper")
    assert (small.ways, small.stages, small.baseline) == (paper.ways, paper.stages, paper.baseline)
    assert small.settings.epochs < 10
