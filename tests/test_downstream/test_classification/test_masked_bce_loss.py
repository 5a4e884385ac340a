"""Binary cross-entropy over known labels only."""
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch.nn.functional import binary_cross_entropy_with_logits

pytest.importorskip('mmpretrain')
from prior_mm.downstream.classification import MaskedBCELoss


@given(scores=hnp.arrays(np.float32, st.tuples(st.integers(1, 6), st.integers(1, 4)),
                         elements=st.floats(-30, 30, width=32)), data=st.data())
def test_is_the_mean_over_known_labels(scores, data):
    """As PyTorch's over the labels that are known; the others have neither weight nor gradient, whatever they are."""
    labels = data.draw(hnp.arrays(np.float32, scores.shape, elements=st.sampled_from([0., 1., -1., -2., math.nan])))
    scores, labels = torch.tensor(scores, requires_grad=True), torch.tensor(labels)
    loss = MaskedBCELoss()(scores, labels, avg_factor=len(scores))
    loss.backward()
    known = labels >= 0
    expected = binary_cross_entropy_with_logits(scores[known], labels[known]) if known.any() else torch.zeros(())
    torch.testing.assert_close(loss.detach(), expected.detach())
    assert (scores.grad[~known] == 0).all()
    assert scores.grad.isfinite().all()


def test_by_hand():
    """Logits of 0 cost log 2 each, a sure and right answer nothing; bfloat16 logits are counted in float32."""
    loss = MaskedBCELoss(loss_weight=2.)
    labels = torch.tensor([[1., -1.], [math.nan, 0.]])
    assert loss(torch.zeros(2, 2), labels).item() == pytest.approx(2 * math.log(2))
    assert loss(torch.tensor([[99., 5.], [5., -99.]]).bfloat16(), labels).item() == pytest.approx(0, abs=1e-6)
    assert loss(torch.zeros(2, 2).bfloat16(), labels).dtype == torch.float32


def test_other_number_of_classes():
    """A head of other classes than the labels is an error, not a broadcast."""
    with pytest.raises(ValueError, match='num_classes'):
        MaskedBCELoss()(torch.zeros(2, 5), torch.zeros(2, 1))


def test_in_the_head_of_mmpretrain():
    """The head hands its labels over as they are: one that is not known leaves its class's weights without gradient."""
    from mmengine.registry import MODELS, DefaultScope
    from mmpretrain.structures import DataSample
    with DefaultScope.overwrite_default_scope('prior_mm'):
        head = MODELS.build(dict(type='mmpretrain.MultiLabelLinearClsHead', num_classes=2, in_channels=3,
                                 loss=dict(type='MaskedBCELoss')))
    samples = [DataSample().set_gt_score(torch.tensor([1., -1.])), DataSample().set_gt_score(torch.tensor([0., -1.]))]
    head.loss((torch.randn(2, 3), ), samples)['loss'].backward()
    assert (head.fc.weight.grad[1] == 0).all() and (head.fc.weight.grad[0] != 0).any()
