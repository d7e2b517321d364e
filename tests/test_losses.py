"""What every loss promises, and the values of each by hand."""

import math

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch import Tensor

from search_spaces import registry

COUNTS = torch.tensor([1, 3])
LOGITS = torch.tensor([[0.0, math.log(3)], [0.0, math.log(3)]])  # probabilities 1/4 and 3/4
CLASSES = torch.tensor([0, 1])

every_loss = pytest.mark.parametrize("name", registry.names("losses"))


def losses(name: str, counts: Tensor = COUNTS, logits: Tensor = LOGITS, classes: Tensor = CLASSES) -> Tensor:
    values: Tensor = registry.load("losses", name).build(counts)(logits, classes)
    return values


def test_both_losses_are_found() -> None:
    assert {"balanced", "cross_entropy"} <= set(registry.names("losses"))


@every_loss
def test_a_loss_gives_one_value_per_segment_whatever_the_others_are(name: str) -> None:
    together = losses(name)
    assert together.shape == (2,)
    for row in range(2):
        alone = losses(name, logits=LOGITS[row : row + 1], classes=CLASSES[row : row + 1])
        torch.testing.assert_close(together[row : row + 1], alone)


@every_loss
def test_a_loss_falls_as_its_class_becomes_likelier(name: str) -> None:
    logits = LOGITS.clone().requires_grad_()
    losses(name, logits=logits).sum().backward()
    assert logits.grad is not None
    assert (logits.grad[[0, 1], CLASSES] < 0).all()


def test_cross_entropy_is_minus_the_log_of_the_class_probability() -> None:
    # -ln(1/4), -ln(3/4)
    assert losses("cross_entropy").tolist() == pytest.approx([math.log(4), math.log(4 / 3)])


def test_balanced_weighs_a_class_against_its_frequency() -> None:
    # n = 4, C = 2: weights 4 / (2·1) = 2 and 4 / (2·3) = 2/3
    assert losses("balanced").tolist() == pytest.approx([2 * math.log(4), 2 / 3 * math.log(4 / 3)])


def test_balanced_with_equal_classes_is_plain_cross_entropy() -> None:
    torch.testing.assert_close(losses("balanced", torch.tensor([7, 7])), losses("cross_entropy"))


def test_balanced_gives_a_class_without_training_segments_no_weight() -> None:
    # n = 4, C = 3: the class with two segments weighs 4 / (3·2) = 2/3; each probability is 1/3
    values = losses("balanced", torch.tensor([2, 0, 2]), torch.zeros(2, 3), torch.tensor([1, 2]))
    assert values.tolist() == pytest.approx([0.0, 2 / 3 * math.log(3)])


def test_balanced_weights_are_scikit_learns() -> None:
    classes = np.repeat(np.arange(5), [3, 9, 1, 20, 7])
    expected = compute_class_weight("balanced", classes=np.arange(5), y=classes)
    weights = registry.load("losses", "balanced").build(torch.from_numpy(np.bincount(classes))).weight
    np.testing.assert_allclose(weights.numpy(), expected, rtol=1e-6)
