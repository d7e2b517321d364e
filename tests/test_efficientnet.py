"""The one-dimensional blocks against torchvision's two-dimensional ones with the same weights."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from search_spaces.ways._chain import Padding
from search_spaces.ways._efficientnet import BLOCKS, Block, EfficientNet, FusedMBConv, MBConv, SqueezeExcite, _Depthwise

try:
    import torchvision.models  # noqa: F401 # may fail, see below
except RuntimeError:
    # PyPI's build holds CUDA operators and does not load beside a CPU-only torch. The blocks need none of them, but
    # the package registers shapes for two on import, so these must exist by name.
    _library = torch.library.Library("torchvision", "FRAGMENT")
    for _name in ("nms", "qnms"):
        _library.define(f"{_name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

from torchvision.models import efficientnet as oracle
from torchvision.models.convnext import LayerNorm2d

WIDTH = 8
LENGTHS = (9, 1, 2, 6)

norm_over_columns: Callable[[int], nn.Module] = partial(LayerNorm2d, eps=1e-5)


def ours(block: Block) -> FusedMBConv | MBConv:
    """In double, with every parameter random: a norm at its initial 1 and 0 would hide a swap."""
    torch.manual_seed(2)
    module = (FusedMBConv if block.fused else MBConv)(WIDTH, block).double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_()
    return module


def kernel(rows: Tensor) -> Tensor:
    """(out, in, 3) in the middle column of a (out, in, 3, 3) kernel, all an input one column wide meets."""
    square = rows.new_zeros(*rows.shape, 3)
    square[..., 1] = rows
    return square


def load(parts: list[tuple[nn.Module, Tensor | nn.Module]]) -> None:
    with torch.no_grad():
        for theirs, mine in parts:
            if isinstance(mine, nn.Linear):  # a 1×1 convolution
                theirs.load_state_dict({k: v.view_as(theirs.state_dict()[k]) for k, v in mine.state_dict().items()})
            elif isinstance(mine, nn.Module):
                theirs.load_state_dict(mine.state_dict())
            else:
                theirs.load_state_dict({"weight": kernel(mine)})


def fused_oracle(mine: FusedMBConv, expand: int) -> nn.Module:
    config = oracle.FusedMBConvConfig(expand, 3, 1, WIDTH, WIDTH, 1)
    theirs = oracle.FusedMBConv(config, 0.0, norm_over_columns).double()
    inner = mine.conv.out_features
    rows = mine.conv.weight.detach().view(inner, 3, WIDTH).transpose(1, 2)  # (out, in, 3)
    parts: list[tuple[nn.Module, Tensor | nn.Module]] = [(theirs.block[0][0], rows), (theirs.block[0][1], mine.norm)]
    if expand > 1:
        parts += zip(theirs.block[1], mine.project, strict=True)
    load(parts)
    return theirs


def mbconv_oracle(mine: MBConv, expand: int) -> nn.Module:
    theirs = oracle.MBConv(oracle.MBConvConfig(expand, 3, 1, WIDTH, WIDTH, 1), 0.0, norm_over_columns).double()
    expansion, depthwise, squeeze_excite, projection = theirs.block
    assert mine.squeeze_excite is not None
    load(
        [
            (expansion[0], mine.expand),
            (expansion[1], mine.expand_norm),
            (depthwise[0], mine.depthwise.detach().t()[:, None]),  # (out, 1, 3)
            (depthwise[1], mine.norm),
            (squeeze_excite.fc1, mine.squeeze_excite.squeeze),
            (squeeze_excite.fc2, mine.squeeze_excite.excite),
            *zip(projection, mine.project, strict=True),
        ]
    )
    return theirs


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_on_a_padded_batch_is_torchvisions_on_each_segment_alone(block: Block) -> None:
    mine = ours(block)
    oracle_of = fused_oracle if isinstance(mine, FusedMBConv) else mbconv_oracle
    theirs = oracle_of(mine, block.expand)
    x = torch.randn(len(LENGTHS), max(LENGTHS), WIDTH, dtype=torch.float64)
    y = mine(x, Padding.of(torch.tensor(LENGTHS), max(LENGTHS)))
    for row, length in enumerate(LENGTHS):
        image = x[row, :length].t()[None, :, :, None]  # (1, C, T, 1)
        torch.testing.assert_close(y[row, :length], theirs(image)[0, :, :, 0].t())


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_the_depthwise_gradient_is_that_of_finite_differences(steps: int) -> None:
    x = torch.randn(2, steps, 3, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(_Depthwise.apply, (x, weight))


def test_the_depthwise_convolution_has_the_values_computed_by_hand() -> None:
    x = torch.tensor([[[1.0], [2.0], [3.0]]])
    weight = torch.tensor([[10.0], [100.0], [1000.0]])  # of step t-1, t, t+1
    # t=0: 1·100 + 2·1000; t=1: 1·10 + 2·100 + 3·1000; t=2: 2·10 + 3·100
    assert _Depthwise.apply(x, weight).flatten().tolist() == [2100.0, 3210.0, 320.0]


def test_squeeze_excite_averages_valid_steps_only() -> None:
    part = SqueezeExcite(1, 1)
    with torch.no_grad():
        for parameter in part.parameters():
            parameter.fill_(0.0)
        part.squeeze.weight.fill_(1.0)
        part.excite.weight.fill_(1.0)
    y = part(torch.tensor([[[2.0], [4.0], [90.0]], [[0.0], [0.0], [3.0]]]), Padding.of(torch.tensor([2, 3]), 3))
    # first segment: mean (2 + 4) / 2 = 3, SiLU 3·σ(3) = 2.857722, gate σ(2.857722) = 0.945716, y = 2·gate, 4·gate
    assert y[0, :2, 0].tolist() == pytest.approx([1.891433, 3.782866], abs=1e-5)


def test_every_step_keeps_its_place_through_the_network() -> None:
    # three kernels of width 3 reach three steps; squeeze-excite's gate reaches further, unless its weights are 0
    torch.manual_seed(0)
    network = EfficientNet(WIDTH)
    nn.init.zeros_(network.blocks[2].squeeze_excite.excite.weight)
    x = torch.randn(1, 12, WIDTH)
    touched = x.clone()
    touched[0, 6] += 1
    padding = Padding.of(torch.tensor([12]), 12)
    moved = (network(touched, padding) - network(x, padding)).abs().amax(dim=2)[0] > 0
    assert moved.nonzero().flatten().tolist() == [3, 4, 5, 6, 7, 8, 9]
