import pytest
import torch
from torch import Tensor, nn

from results.records import Branch
from search_spaces import registry
from search_spaces.settings import N_CLASSES, Settings
from sweep.network import Network

SMALL = Settings(hidden=8, heads=2, feed_forward=12, layers=1, baseline_layers=1)
LENGTHS = torch.tensor([5, 1, 3])
WAYS = registry.names("ways")


def network(*ways: str, settings: Settings = SMALL, widths: tuple[int, ...] = (3, 4)) -> Network:
    torch.manual_seed(0)
    branches = [Branch(features="fau", way=way) for way in ways]
    return Network(branches, widths[: len(ways)], settings).eval()


def inputs(widths: tuple[int, ...] = (3, 4)) -> list[Tensor]:
    """Segments of 5, 1 and 3 steps, one after the other, one tensor a width."""
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(9, width, generator=generator) for width in widths]


def padded(steps: Tensor) -> Tensor:
    """The same segments side by side, (3, 5, width)."""
    return nn.utils.rnn.pad_sequence(list(steps.split(LENGTHS.tolist())), batch_first=True)


def classify(net: Network, states: Tensor) -> Tensor:
    """(B, K, C) from the read-outs of all branches side by side, with plain matrix products."""
    shared = (states @ net.shared.weight.T + net.shared.bias).clamp(min=0)
    heads = [head for head in net.heads if isinstance(head, nn.Linear)]
    return torch.stack([shared @ head.weight.T + head.bias for head in heads], dim=1)


@pytest.mark.parametrize("readout", ["last", "final", "mean"])
@pytest.mark.parametrize("way", WAYS)
def test_one_branch_gives_one_head_of_logits(way, readout):
    net = network(way, settings=SMALL.model_copy(update={"readout": readout}))
    assert net(inputs((3,)), LENGTHS).shape == (3, 1, N_CLASSES)


@pytest.mark.parametrize("way", WAYS)
def test_the_last_read_out_is_the_state_of_the_last_valid_step(way):
    net = network(way)
    x = inputs((3,))[0]
    states = net.branches[0](padded(x), LENGTHS)
    expected = torch.stack([states[0, 4], states[1, 0], states[2, 2]])
    assert torch.allclose(net([x], LENGTHS), classify(net, expected), atol=1e-6)


@pytest.mark.parametrize("way", WAYS)
def test_the_mean_read_out_is_over_valid_steps(way):
    net = network(way, settings=SMALL.model_copy(update={"readout": "mean"}))
    x = inputs((3,))[0]
    states = net.branches[0](padded(x), LENGTHS)
    expected = torch.stack([states[0].mean(0), states[1, 0], states[2, :3].mean(0)])
    assert torch.allclose(net([x], LENGTHS), classify(net, expected), atol=1e-6)


@pytest.mark.parametrize("way", WAYS)
def test_the_final_read_out_has_seen_every_step_from_both_sides(way):
    net = network(way, settings=SMALL.model_copy(update={"readout": "final"}))
    x = inputs((3,))[0]
    states = net.branches[0](padded(x), LENGTHS)
    last = torch.stack([states[0, 4], states[1, 0], states[2, 2]])
    half = states.shape[2] // 2
    both = torch.cat([last[:, :half], states[:, 0, half:]], dim=1)
    expected = both if registry.load("ways", way).BIDIRECTIONAL else last
    assert torch.allclose(net([x], LENGTHS), classify(net, expected), atol=1e-6)


def test_two_branches_share_a_layer_and_have_a_head_each():
    net = network("way2", "way4")
    x = inputs()
    ends = torch.arange(3), LENGTHS - 1
    states = torch.cat([branch(padded(one), LENGTHS)[ends] for branch, one in zip(net.branches, x, strict=True)], dim=1)
    logits = net(x, LENGTHS)
    assert logits.shape == (3, 2, N_CLASSES)
    assert torch.allclose(logits, classify(net, states), atol=1e-6)
    assert not torch.allclose(logits[:, 0], logits[:, 1])


def test_both_heads_see_both_branches():
    net = network("way2", "way4")
    x = inputs()
    for branch in range(2):
        changed = [one + (number == branch) for number, one in enumerate(x)]
        moved = (net(changed, LENGTHS) - net(x, LENGTHS)).abs().amax(dim=(0, 2))
        assert (moved > 1e-4).all()


@pytest.mark.parametrize("readout", ["last", "final", "mean"])
@pytest.mark.parametrize("way", WAYS)
def test_a_segment_is_classified_the_same_alone_and_padded_in_a_batch(way, readout):
    net = network(way, way, settings=SMALL.model_copy(update={"readout": readout}), widths=(3, 3))
    x = inputs((3, 3))
    batch = net(x, LENGTHS)
    for row, length in enumerate(LENGTHS):
        alone = net([one.split(LENGTHS.tolist())[row] for one in x], length[None])
        assert torch.allclose(batch[row : row + 1], alone, atol=1e-5)


@pytest.mark.parametrize("way", WAYS)
def test_theta_is_every_weight_matrix_and_nothing_else(way):
    net = network(way, "way5")
    gains = {id(p) for m in net.modules() if isinstance(m, nn.LayerNorm) for p in m.parameters()}
    theta = {id(p) for p in net.matrices()}
    for name, parameter in net.named_parameters():
        bias = id(parameter) in gains or "bias" in name.rpartition(".")[2]
        assert (id(parameter) in theta) == (not bias), name


def test_the_size_counts_every_trainable_number():
    # projection 3·8; LSTM 4·(8·8 + 8·8 + 8 + 8); shared 8·8 + 8; head 8·5 + 5
    assert network("baseline").size() == 24 + 576 + 72 + 45


def test_the_same_seed_gives_the_same_weights():
    one, other = network("way6", "way1").state_dict(), network("way6", "way1").state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)
