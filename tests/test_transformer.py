"""Attention and Transformer against torch.nn's modules with the same weights."""

import math

import pytest
import torch
from torch import Tensor, nn

from search_spaces.errors import SweepError
from search_spaces.settings import Settings
from search_spaces.ways._attention import Attention, SelfAttention
from search_spaces.ways._chain import Padding
from search_spaces.ways._transformer import DecoderLayer, EncoderLayer, Transformer, positions

LENGTHS = torch.tensor([7, 1, 4])
X = torch.randn(3, 7, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
MEMORY = torch.randn(3, 7, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
PADDING = Padding.of(LENGTHS, 7)
VALID = torch.arange(7) < LENGTHS[:, None]
CAUSAL = torch.ones(7, 7, dtype=torch.bool).triu(1)  # torch.nn marks what may NOT be read

both_orders = pytest.mark.parametrize("norm_first", [False, True])


def small(norm_first: bool = False) -> Settings:
    return Settings(hidden=8, heads=2, feed_forward=12, layers=2, norm_first=norm_first)


def shuffled(module: nn.Module) -> nn.Module:
    """In double, with every parameter random: weights at their initial 0 or 1 would hide a swap."""
    torch.manual_seed(4)
    with torch.no_grad():
        for parameter in module.double().parameters():
            parameter.normal_(std=0.5)
    return module


@torch.no_grad()
def copy_attention(ours: Attention, oracle: nn.MultiheadAttention) -> None:
    oracle.in_proj_weight.copy_(torch.cat([ours.query.weight, ours.key.weight, ours.value.weight]))
    oracle.out_proj.weight.copy_(ours.out.weight)
    for bias in (oracle.in_proj_bias, oracle.out_proj.bias):
        if bias is not None:
            bias.zero_()


def copy_layer(
    ours: EncoderLayer | DecoderLayer, oracle: nn.TransformerEncoderLayer | nn.TransformerDecoderLayer
) -> None:
    copy_attention(ours.attention, oracle.self_attn)
    oracle.norm1.load_state_dict(ours.attention_norm.state_dict())
    oracle.linear1.load_state_dict(ours.feed_forward[0].state_dict())
    oracle.linear2.load_state_dict(ours.feed_forward[-1].state_dict())
    last_norm = oracle.norm2
    if isinstance(ours, DecoderLayer) and isinstance(oracle, nn.TransformerDecoderLayer):
        copy_attention(ours.cross, oracle.multihead_attn)
        oracle.norm2.load_state_dict(ours.cross_norm.state_dict())
        last_norm = oracle.norm3
    last_norm.load_state_dict(ours.feed_forward_norm.state_dict())


def decoder_oracle(norm_first: bool) -> nn.TransformerDecoderLayer:
    return nn.TransformerDecoderLayer(8, 2, 12, 0.0, batch_first=True, norm_first=norm_first).double()


def encoder_oracle(norm_first: bool) -> nn.TransformerEncoderLayer:
    return nn.TransformerEncoderLayer(8, 2, 12, 0.0, batch_first=True, norm_first=norm_first).double()


def assert_same_where_valid(ours: Tensor, oracle: Tensor) -> None:
    torch.testing.assert_close(ours[VALID], oracle[VALID])


def test_attention_is_torchs_multihead_attention_without_biases() -> None:
    ours = shuffled(Attention(8, 2, 0.0))
    assert isinstance(ours, Attention)
    oracle = nn.MultiheadAttention(8, 2, bias=False, batch_first=True).double()
    copy_attention(ours, oracle)
    expected = oracle(X, MEMORY, MEMORY, key_padding_mask=~VALID)[0]
    assert_same_where_valid(ours(X, MEMORY, PADDING.valid), expected)
    causal = oracle(X, X, X, attn_mask=CAUSAL, need_weights=False)[0]
    assert_same_where_valid(ours(X, X, None, causal=True), causal)


def test_attention_of_two_steps_has_the_value_computed_by_hand() -> None:
    ours = Attention(1, 1, 0.0).double()
    with torch.no_grad():
        for weight in ours.parameters():
            weight.fill_(1.0)
    x = torch.tensor([[[0.0], [math.log(3)]]], dtype=torch.float64)
    y = ours(x, x, None)[0, :, 0]
    # step 0: query 0, scores (0, 0), weights (1/2, 1/2): ln 3 / 2
    assert y[0].item() == pytest.approx(math.log(3) / 2)
    # step 1: query ln 3, scores (0, (ln 3)²), weight of step 1 = 1 / (1 + 3^(-ln 3))
    assert y[1].item() == pytest.approx(math.log(3) / (1 + 3 ** -math.log(3)))


def test_self_attention_adds_its_input() -> None:
    part = SelfAttention(8, 1, 0.0).double()
    torch.testing.assert_close(part(X, PADDING) - X, part.attention(X, X, PADDING.valid))


def test_a_width_that_is_no_multiple_of_the_heads_is_refused() -> None:
    with pytest.raises(SweepError, match=r"`hidden` must be a multiple of the attention heads \(4\)\. Found 6\."):
        Attention(6, 4, 0.0)


@both_orders
def test_an_encoder_layer_is_torchs(norm_first: bool) -> None:
    ours = shuffled(EncoderLayer(small(norm_first)))
    assert isinstance(ours, EncoderLayer)
    oracle = encoder_oracle(norm_first)
    copy_layer(ours, oracle)
    assert_same_where_valid(ours(X, PADDING.valid), oracle(X, src_key_padding_mask=~VALID))


@both_orders
def test_a_decoder_layer_is_torchs(norm_first: bool) -> None:
    ours = shuffled(DecoderLayer(small(norm_first)))
    assert isinstance(ours, DecoderLayer)
    oracle = decoder_oracle(norm_first)
    copy_layer(ours, oracle)
    expected = oracle(X, MEMORY, tgt_mask=CAUSAL, memory_key_padding_mask=~VALID)
    assert_same_where_valid(ours(X, MEMORY, PADDING.valid), expected)


@both_orders
def test_the_transformer_feeds_both_stacks_the_same_sequence_with_positions(norm_first: bool) -> None:
    ours = shuffled(Transformer(small(norm_first)))
    assert isinstance(ours, Transformer)
    x = memory = expected = X + positions(7, 8, X)
    for layer in ours.encoder:
        encoder = encoder_oracle(norm_first)
        copy_layer(layer, encoder)
        memory = encoder(memory, src_key_padding_mask=~VALID)
    memory = ours.encoder_end(memory)
    expected = x
    for layer in [*ours.decoder, ours.final]:
        decoder = decoder_oracle(norm_first)
        copy_layer(layer, decoder)
        expected = decoder(expected, memory, tgt_mask=CAUSAL, memory_key_padding_mask=~VALID)
    assert_same_where_valid(ours(X, PADDING), ours.decoder_end(expected))


def test_the_transformer_has_the_papers_six_layers_on_each_side() -> None:
    transformer = Transformer(Settings())
    assert (len(transformer.encoder), len(transformer.decoder) + 1) == (6, 6)


def test_only_pre_norm_stacks_end_in_a_norm() -> None:
    kinds = {first: type(Transformer(small(first)).decoder_end) for first in (False, True)}
    assert kinds == {False: nn.Identity, True: nn.LayerNorm}


def test_a_decoder_step_reads_no_later_step() -> None:
    layer = DecoderLayer(small()).double()
    later = X.clone()
    later[:, 4:] += 1
    changed = (layer(later, MEMORY, None) - layer(X, MEMORY, None)).abs().amax(dim=(0, 2))
    assert changed[:4].max() == 0
    assert changed[4:].min() > 0


def test_positions_have_the_values_computed_by_hand() -> None:
    # width 4: rates 10000^0 = 1 and 10000^(-2/4) = 1/100; columns sin, cos, sin, cos
    expected = [
        [0.0, 1.0, 0.0, 1.0],
        [math.sin(1), math.cos(1), math.sin(0.01), math.cos(0.01)],
        [math.sin(2), math.cos(2), math.sin(0.02), math.cos(0.02)],
    ]
    torch.testing.assert_close(positions(3, 4, X), torch.tensor(expected, dtype=torch.float64), atol=1e-7, rtol=0)


def test_an_odd_width_has_positions_too() -> None:
    assert positions(2, 3, X).shape == (2, 3)
