"""How much arithmetic a training is, and how much this machine can do: the ground a speed is judged on."""

import statistics
import time
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from search_spaces.settings import Settings
from sweep.batches import Runs
from sweep.objective import Parts, backward, predict

_SIDE = 768
_ROUNDS = 15
Shape = tuple[int, ...]


def peak_gflops() -> float:
    """Median speed of one thread's float32 matrix product of 768 x 768 x 768, in GFLOP/s."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        a, b, took = torch.rand(_SIDE, _SIDE), torch.rand(_SIDE, _SIDE), []
        for _ in range(_ROUNDS):
            began = time.perf_counter()
            torch.mm(a, b)
            took.append(time.perf_counter() - began)
    finally:
        torch.set_num_threads(threads)
    return float(2 * _SIDE**3 / statistics.median(took) / 1e9)


def epoch_gflop(parts: Parts, train: Runs, devel: Runs, settings: Settings) -> float:
    """Matrix products of one epoch with its evaluation, in GFLOP: what the engine computes, its padding included."""
    with FlopCounterMode(display=False, custom_mapping=_CPU_ONLY) as counter:
        for low in range(0, len(train), settings.batch_size):
            backward(parts, train, np.arange(low, min(low + settings.batch_size, len(train))), settings)
        predict(parts, devel)
    return float(counter.get_total_flops()) / 1e9


def _attention(query: Shape, key: Shape, *rest: object, out_shape: object, **more: object) -> int:
    batch, heads, rows, width = query
    return 4 * batch * heads * rows * key[2] * width


def _attention_backward(grad: Shape, query: Shape, key: Shape, *rest: object, out_shape: object, **more: object) -> int:
    batch, heads, rows, width = query
    return 10 * batch * heads * rows * key[2] * width  # the weights again, then the gradients of four operands


def _lstm(steps: Shape, weight: Shape, recurrent: Shape, *rest: object, out_shape: object, **more: object) -> int:
    batch_and_time, width = steps[0] * steps[1], weight[1]
    return 2 * batch_and_time * weight[0] * (width + recurrent[1])


def _lstm_backward(
    steps: Shape, weight: Shape, recurrent: Shape, *rest: object, out_shape: object, **more: object
) -> int:
    return 2 * _lstm(steps, weight, recurrent, out_shape=out_shape)


_OPS: Any = torch.ops.aten
_CPU_ONLY = {
    _OPS._scaled_dot_product_flash_attention_for_cpu: _attention,
    _OPS._scaled_dot_product_flash_attention_for_cpu_backward: _attention_backward,
    _OPS.mkldnn_rnn_layer: _lstm,
    _OPS.mkldnn_rnn_layer_backward: _lstm_backward,
}
"""What torch's own counter does not know."""
