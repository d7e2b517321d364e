"""Cross-entropy with classes weighted against their frequency."""

import torch
from torch import Tensor, nn


def build(class_counts: Tensor) -> nn.CrossEntropyLoss:
    """w_c * -log softmax(logits)[c] per segment of class c, with w_c = n / (C * count_c) and n = Σ count_c.

    Over the training segments the weights average 1 when every class is present, so the loss has the scale of plain
    cross-entropy and equally large classes give exactly that. A class without training segments gets weight 0. The
    batch loss is the plain mean of these, not divided by the batch's own weights as `reduction="mean"` would: that
    sum changes with the batch and does not survive cutting it into chunks.

    Source: ours; the paper weights no classes. The weights are scikit-learn's `class_weight="balanced"`.

    Args:
        class_counts: (C,) training segments per class.

    Returns:
        A module: logits (B, C), classes (B,) int64 -> (B,).
    """
    counts = class_counts.to(torch.get_default_dtype())
    weights = counts.sum() / (len(counts) * counts.clamp(min=1))
    return nn.CrossEntropyLoss(weight=torch.where(counts > 0, weights, 0.0), reduction="none")
