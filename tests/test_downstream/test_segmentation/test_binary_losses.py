"""The losses of MGCA's and LoVT's code against the formulas, pixel by pixel."""
import math

import pytest
import torch

from prior_mm.dependencies import has_compiled_mmcv

if not has_compiled_mmcv():
    pytest.skip('segmentation needs compiled mmcv', allow_module_level=True)

from prior_mm.downstream.segmentation import BatchDiceLoss, BinaryFocalLoss


def drawn(dtype=torch.float32):
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(2, 2, 3, 4, generator=generator) * 3
    return logits.to(dtype), torch.randint(0, 2, (2, 3, 4), generator=generator)


def pixels(logits, mask):
    """Probability of the finding by softmax, and the truth, of each pixel of the batch."""
    return list(zip(logits.softmax(dim=1)[:, 1].ravel().tolist(), mask.ravel().tolist(), strict=True))


def test_focal():
    """``(1 - p)^2 * -log p`` of the true class's p, the mean over the pixels."""
    logits, mask = drawn()
    each = [p if true else 1 - p for p, true in pixels(logits, mask)]
    expected = sum((1 - p)**2 * -math.log(p) for p in each) / len(each)
    assert BinaryFocalLoss(loss_weight=10.)(logits, mask).item() == pytest.approx(10 * expected, rel=1e-4)


def test_dice():
    """Over all pixels of the batch together; MGCA's form is a logarithm with 1 above and below."""
    logits, mask = drawn()
    both, either = sum(2 * p * true for p, true in pixels(logits, mask)), sum(map(sum, pixels(logits, mask)))
    assert BatchDiceLoss()(logits, mask).item() == pytest.approx(1 - both / either, rel=1e-5)
    assert BatchDiceLoss(logarithm=True)(logits, mask).item() == pytest.approx(
        -math.log((both + 1) / (either + 1)), rel=1e-5)


def test_without_the_finding():
    """A batch without it teaches LoVT's nothing, and MGCA's to predict nothing; no number is infinite."""
    logits = torch.tensor([60., -60.]).reshape(1, 2, 1, 1).repeat(2, 1, 3, 3).requires_grad_()
    empty = torch.zeros(2, 3, 3, dtype=torch.long)
    assert BatchDiceLoss()(logits, empty) == 0
    assert BatchDiceLoss(logarithm=True)(logits, empty).item() == pytest.approx(0, abs=1e-6)
    for loss in (BinaryFocalLoss(), BatchDiceLoss(), BatchDiceLoss(logarithm=True)):
        for mask in (empty, empty + 1):
            gradient, = torch.autograd.grad(loss(logits, mask), logits)
            assert gradient.isfinite().all()


@pytest.mark.parametrize('loss', [BinaryFocalLoss(), BatchDiceLoss()])
def test_halves_are_counted_in_full_precision(loss):
    """Sums over an image's pixels would overflow in float16."""
    logits, mask = drawn(torch.float16)
    assert loss(logits, mask).dtype == torch.float32
    assert loss(logits, mask).item() == pytest.approx(loss(logits.float(), mask).item())
