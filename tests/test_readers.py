"""What every data-set reader must do, whatever it reads. A new reader is taken up unedited."""

import inspect
from pathlib import Path

import pytest

from search_spaces import registry
from search_spaces.errors import SweepError

READERS = registry.names("datasets")


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(
    ("function", "arguments"), [("survey", ["root"]), ("read", ["root"]), ("read_feature", ["root", "path"])]
)
def test_a_reader_has_the_three_functions_the_feature_store_calls(
    name: str, function: str, arguments: list[str]
) -> None:
    assert list(inspect.signature(getattr(registry.load("datasets", name), function)).parameters) == arguments


@pytest.mark.parametrize("name", READERS)
def test_a_reader_that_writes_predictions_is_called_like_the_others(name: str) -> None:
    module = registry.load("datasets", name)
    if hasattr(module, "fill_labels"):
        assert list(inspect.signature(module.fill_labels).parameters) == ["corpus", "target", "video", "classes"]


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("function", ["survey", "read"])
def test_a_folder_that_is_no_tree_is_a_users_mistake_and_stays_as_it_was(
    name: str, function: str, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    for root in (tmp_path / "empty", tmp_path / "missing"):
        with pytest.raises(SweepError, match=root.name):
            getattr(registry.load("datasets", name), function)(root)
    assert [path.name for path in tmp_path.rglob("*")] == ["empty"]
