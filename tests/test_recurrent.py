"""The LSTM parts against the paper's equations (5) to (8), written out step by step."""

import pytest
import torch
from torch import Tensor, nn

from search_spaces.ways._chain import Padding
from search_spaces.ways._recurrent import BiLstm, Lstm


def recurrence(lstm: nn.LSTM, u: Tensor) -> Tensor:
    """h_1…h_T of one segment u (T, in): eqs. (5) to (7), and (8) with its cell state and U_c h_{t-1}."""
    # torch stacks the gates as input, forget, cell, output.
    w_i, w_f, w_c, w_o = lstm.weight_ih_l0.chunk(4)
    u_i, u_f, u_c, u_o = lstm.weight_hh_l0.chunk(4)
    b_i, b_f, b_c, b_o = (lstm.bias_ih_l0 + lstm.bias_hh_l0).chunk(4)
    h = c = u.new_zeros(lstm.hidden_size)
    states = []
    for u_t in u:
        i = torch.sigmoid(w_i @ u_t + u_i @ h + b_i)
        f = torch.sigmoid(w_f @ u_t + u_f @ h + b_f)
        o = torch.sigmoid(w_o @ u_t + u_o @ h + b_o)
        c = f * c + i * torch.tanh(w_c @ u_t + u_c @ h + b_c)
        h = o * torch.tanh(c)
        states.append(h)
    return torch.stack(states)


@pytest.fixture
def segments() -> tuple[Tensor, Padding]:
    torch.manual_seed(0)
    return torch.randn(3, 6, 4, dtype=torch.float64), Padding.of(torch.tensor([6, 1, 4]), 6)


def test_the_bi_lstm_is_the_recurrence_forward_and_from_the_last_valid_step_back(
    segments: tuple[Tensor, Padding],
) -> None:
    x, padding = segments
    part = BiLstm(4, 5).double()
    y = part(x, padding)
    for row, length in enumerate(padding.lengths.tolist()):
        u = x[row, :length]
        torch.testing.assert_close(y[row, :length, :5], recurrence(part.ahead, u))
        torch.testing.assert_close(y[row, :length, 5:], recurrence(part.back, u.flip(0)).flip(0))


def test_the_lstm_is_the_recurrence(segments: tuple[Tensor, Padding]) -> None:
    x, padding = segments
    part = Lstm(4, 5).double()
    torch.testing.assert_close(part(x, padding)[0], recurrence(part.ahead, x[0]))


def test_the_bi_lstm_is_torchs_own_on_packed_sequences(segments: tuple[Tensor, Padding]) -> None:
    x, padding = segments
    part = BiLstm(4, 5).double()
    oracle = nn.LSTM(4, 5, batch_first=True, bidirectional=True).double()
    with torch.no_grad():
        for name, value in part.ahead.named_parameters():
            getattr(oracle, name).copy_(value)
        for name, value in part.back.named_parameters():
            getattr(oracle, f"{name}_reverse").copy_(value)
    packed = nn.utils.rnn.pack_padded_sequence(x, padding.lengths, batch_first=True, enforce_sorted=False)
    expected = nn.utils.rnn.pad_packed_sequence(oracle(packed)[0], batch_first=True)[0]
    assert padding.valid is not None
    torch.testing.assert_close(part(x, padding)[padding.valid], expected[padding.valid])
