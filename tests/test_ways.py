"""What every Way promises, over all files in search_spaces/ways."""

import re
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from search_spaces import registry
from search_spaces.settings import Settings
from search_spaces.ways._chain import Chain, Padding
from search_spaces.ways._recurrent import BiLstm

WAYS = registry.names("ways")
WIDTH = 11
LENGTHS = (12, 1, 5, 2)

every_way = pytest.mark.parametrize("name", WAYS)


def build(name: str, width: int = WIDTH, settings: Settings | None = None) -> Chain:
    torch.manual_seed(3)
    way: Chain = registry.load("ways", name).build(width, settings or Settings())
    return way


def batch(lengths: Sequence[int] = LENGTHS, padding: float = 0.0) -> tuple[Tensor, Tensor]:
    """(B, T, WIDTH) random segments padded at their ends, and (B,) lengths."""
    x = torch.randn(len(lengths), max(lengths), WIDTH, generator=torch.Generator().manual_seed(5))
    for row, length in enumerate(lengths):
        x[row, length:] = padding
    return x, torch.tensor(lengths)


def valid_rows(y: Tensor, lengths: Tensor) -> Tensor:
    return torch.cat([row[:length] for row, length in zip(y, lengths.tolist(), strict=True)])


def test_the_papers_six_ways_and_the_baseline_are_there() -> None:
    assert {"baseline", "way1", "way2", "way3", "way4", "way5", "way6"} <= set(WAYS)
    assert len({registry.load("ways", name).TITLE for name in WAYS}) == len(WAYS)


@every_way
def test_a_way_gives_one_vector_of_its_out_width_per_step(name: str) -> None:
    way = build(name)
    assert way(*batch()).shape == (len(LENGTHS), max(LENGTHS), way.out_width)


@every_way
@pytest.mark.parametrize("training", [True, False])
def test_a_segments_vectors_are_the_same_alone_and_padded_in_a_batch(name: str, training: bool) -> None:
    way = build(name).train(training)
    x, lengths = batch()
    together = way(x, lengths)
    for row, length in enumerate(LENGTHS):
        alone = way(x[row : row + 1, :length], lengths[row : row + 1])[0]
        torch.testing.assert_close(together[row, :length], alone, atol=1e-5, rtol=0)


@every_way
def test_what_stands_in_the_padding_changes_no_valid_vector(name: str) -> None:
    way = build(name)
    zeros, garbage = (valid_rows(way(*batch(padding=fill)), torch.tensor(LENGTHS)) for fill in (0.0, 7.0))
    torch.testing.assert_close(zeros, garbage, atol=1e-5, rtol=0)


@every_way
@pytest.mark.parametrize("lengths", [(1,), (1, 1), (400, 1, 399)])
def test_segments_of_one_step_and_of_four_hundred_pass_finite(name: str, lengths: tuple[int, ...]) -> None:
    y = build(name)(*batch(lengths))
    assert torch.isfinite(y).all()


@every_way
@pytest.mark.parametrize("lengths", [LENGTHS, (4, 4)])
@pytest.mark.parametrize("norm_first", [False, True])
def test_last_gives_the_value_and_gradient_of_the_last_valid_step(
    name: str, lengths: tuple[int, ...], norm_first: bool
) -> None:
    way = build(name, settings=Settings(norm_first=norm_first, baseline_bidirectional=norm_first))
    x, steps = batch(lengths)
    x.requires_grad_()
    read = torch.randn(len(lengths), way.out_width)
    full = way(x, steps)[torch.arange(len(lengths)), steps - 1]
    short = way.last(way.projection(x), Padding.of(steps, x.shape[1]))
    torch.testing.assert_close(short, full, atol=1e-5, rtol=0)
    for_full, for_short = (torch.autograd.grad((y * read).sum(), x)[0] for y in (full, short))
    torch.testing.assert_close(for_short, for_full, atol=1e-4, rtol=1e-4)


@every_way
@pytest.mark.parametrize("lengths", [LENGTHS, (4, 4)])
def test_steps_projected_before_padding_give_the_states_of_a_padded_batch(name: str, lengths: tuple[int, ...]) -> None:
    way = build(name)
    x, steps = batch(lengths)
    valid = torch.arange(x.shape[1]) < steps[:, None]
    states = way.states(*way.project(x[valid], steps))
    torch.testing.assert_close(states[valid], way(x, steps)[valid], atol=1e-5, rtol=0)


@every_way
def test_every_parameter_gets_a_finite_gradient_that_is_not_zero(name: str) -> None:
    way = build(name)
    y = valid_rows(way(*batch()), torch.tensor(LENGTHS))
    (y * torch.randn_like(y)).sum().backward()
    for parameter_name, parameter in way.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert torch.isfinite(parameter.grad).all(), parameter_name
        assert parameter.grad.any(), parameter_name


@every_way
def test_the_same_seed_gives_the_same_bytes(name: str) -> None:
    one, other = build(name), build(name)
    for key, value in one.state_dict().items():
        assert value.numpy().tobytes() == other.state_dict()[key].numpy().tobytes(), key
    assert one(*batch()).detach().numpy().tobytes() == other(*batch()).detach().numpy().tobytes()


@every_way
def test_the_docstring_states_the_number_of_parameters(name: str) -> None:
    stated = re.search(r"64 F for the projection and ([\d,]+) for the rest; at width 575: ([\d,]+)", module_doc(name))
    assert stated is not None
    rest, total = (int(number.replace(",", "")) for number in stated.groups())
    assert sum(p.numel() for p in build(name, width=575).parameters()) == total == 64 * 575 + rest


@every_way
def test_the_docstring_states_the_shape_out(name: str) -> None:
    assert f"(B, T, {build(name).out_width})" in module_doc(name)


@every_way
def test_bidirectional_says_whether_the_last_layer_is_a_bi_lstm(name: str) -> None:
    assert isinstance(build(name).final, BiLstm) == registry.load("ways", name).BIDIRECTIONAL


@every_way
def test_lengths_of_another_batch_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"`lengths` \(B,\)\. Found \(4, 12, 11\), \(3,\)"):
        build(name)(batch()[0], torch.ones(3, dtype=torch.int64))


@pytest.mark.parametrize("name", ["way1", "way2", "way3", "way5", "way6"])
def test_dropout_acts_in_training_only(name: str) -> None:
    way = build(name, settings=Settings(dropout=0.5))
    x, lengths = batch()
    assert not torch.equal(way.train()(x, lengths), way(x, lengths))
    assert torch.equal(way.eval()(x, lengths), way(x, lengths))


def module_doc(name: str) -> str:
    return registry.load("ways", name).__doc__ or ""
