from pathlib import Path

import pytest
import torch

from search_spaces.errors import SweepError
from sweep.checkpoint import Checkpoint, CheckpointFile

TENSORS = {
    "weights": torch.randn(3, 4, generator=torch.Generator().manual_seed(0)),
    "random stream": torch.get_rng_state(),
    "step": torch.tensor(7.0),
    "transposed": torch.arange(6).view(2, 3).t(),
    "nothing": torch.zeros(0, 2),
}
STATE = {"score": 0.1 + 0.2, "losses": [1.5, 1e-300], "name": "µ"}


def written(path: Path, key: str = "a") -> CheckpointFile:
    file = CheckpointFile(path, key)
    file.write(Checkpoint(TENSORS, STATE))
    return file


def test_what_is_read_is_what_was_written_to_the_last_bit(tmp_path):
    found = written(tmp_path / "c").read()
    assert found is not None
    assert found.state == STATE
    assert found.tensors.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert found.tensors[name].dtype == tensor.dtype
        assert torch.equal(found.tensors[name], tensor)


def test_no_file_is_no_checkpoint(tmp_path):
    assert CheckpointFile(tmp_path / "c", "a").read() is None


def test_another_trials_checkpoint_is_not_taken_up(tmp_path):
    written(tmp_path / "c", "a")
    assert CheckpointFile(tmp_path / "c", "b").read() is None


def test_a_newer_checkpoint_replaces_the_older_one(tmp_path):
    file = written(tmp_path / "c")
    file.write(Checkpoint({}, {"epoch": 2}))
    found = file.read()
    assert found is not None
    assert (dict(found.tensors), found.state) == ({}, {"epoch": 2})
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


@pytest.mark.parametrize("kept", [0, 1, 7, 8, 100, -1])
def test_a_truncated_checkpoint_is_told_and_counts_as_none(tmp_path, capsys, kept):
    file = written(tmp_path / "c")
    file.path.write_bytes(file.path.read_bytes()[:kept])
    assert file.read() is None
    assert f"checkpoint {file.path} is damaged" in capsys.readouterr().out


def test_every_altered_byte_is_noticed(tmp_path, capsys):
    file = written(tmp_path / "c")
    whole = file.path.read_bytes()
    for place in range(0, len(whole), 97):
        file.path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert file.read() is None, place
    assert "is damaged" in capsys.readouterr().out


def test_a_folder_that_is_gone_is_told(tmp_path):
    with pytest.raises(SweepError, match="gone/c cannot be written"):
        written(tmp_path / "gone" / "c")
