"""Whatever stands in a space file or in run.json is what it says, or a user's mistake in one message."""

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_spaces.errors import SweepError
from search_spaces.settings import Settings
from search_spaces.space import Space, load_space
from sweep import identity
from sweep.folder import RunFolder
from tests.broken_spaces import HEAD, RIGHT, STAGE
from tests.test_fuzz import CHANGES, changed
from tests.tiny_run import ROLES, TinyRun

KEYS = st.sampled_from(
    [
        *Settings.model_fields,
        "title",
        "ways",
        "multitask",
        "stage",
        "screening",
        "baseline",
        "extends",
        "name",
        "tables",
    ]
)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.sampled_from(["way1", "II"])
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3), max_leaves=4)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spaces") / "own.toml"


def load(own: Path, content: bytes) -> Space | None:
    """The space of a file of this content, or None where it is refused."""
    own.write_bytes(content)
    try:
        space = load_space(str(own))
    except SweepError as error:
        message = str(error)
        assert "own.toml" in message or "Known: " in message
        return None
    again = Space.model_validate_json(space.model_dump_json(by_alias=True))
    assert again == space
    assert again.digest() == space.digest()
    assert list(space.slots())
    return space


@given(st.sampled_from([RIGHT, ROLES]), CHANGES)
def test_a_damaged_space_is_read_as_it_stands_or_told(
    own: Path, text: str, changes: list[tuple[float, int, bytes]]
) -> None:
    load(own, changed(text.encode(), changes))


@given(KEYS, VALUES)
def test_any_value_of_any_key_is_taken_or_told(own: Path, key: str, value: object) -> None:
    spelled = json.dumps(value).replace("NaN", "nan").replace("Infinity", "inf").replace("null", '""')
    line = f"{key} = {spelled}\n"
    for content in (line + RIGHT, f"{HEAD}settings.{line}{STAGE}", RIGHT + line, f"{HEAD}[screening]\n{line}{STAGE}"):
        load(own, content.encode())


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda data: data.decode("latin-1")))
def test_any_text_is_a_space_or_told(own: Path, text: str) -> None:
    load(own, text.encode("utf-8", "surrogatepass"))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, finished: TinyRun) -> RunFolder:
    folder = RunFolder(tmp_path_factory.mktemp("runs") / "run")
    folder.create_root()
    shutil.copy(finished.folder.run_json, folder.run_json)
    return folder


@given(CHANGES)
def test_a_damaged_run_json_is_read_as_it_stands_or_told(
    run: RunFolder, finished: TinyRun, changes: list[tuple[float, int, bytes]]
) -> None:
    run.run_json.write_bytes(changed(finished.folder.run_json.read_bytes(), changes))
    try:
        found = identity.read(run)
    except SweepError as error:
        message = str(error)
        assert "run.json" in message
        return
    assert identity.Identity.model_validate_json(found.model_dump_json(by_alias=True)) == found
