"""Weights that are there in part are told from whole ones, by what a prediction needs."""
import pytest
import torch
from torch import nn

from prior_mm.checkpoints.model_weights import in_words, load_weights, missing_to_predict, odd_to_predict


class Parts(nn.Module):
    """Two parts, the second of which no prediction needs."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
        self.decoder = nn.Sequential(*(nn.Linear(2, 2) for _ in range(3)))

    def unused_in_prediction(self):
        return ['decoder.']


def test_what_a_prediction_needs():
    """Counted by part, single tensors named; what is not needed and what only counts is not missed."""
    model = Parts()
    names = model.state_dict().keys()
    assert missing_to_predict(model, names) == {}
    assert missing_to_predict(model, [name for name in names if not name.startswith('decoder.')]) == {}
    assert missing_to_predict(model, names - {'encoder.1.num_batches_tracked'}) == {}
    assert missing_to_predict(model, names - {'encoder.0.bias'}) == {
        'encoder': '1 of 7 tensors (encoder.0.bias)'}
    assert missing_to_predict(model.decoder, []) == {part: '2 of 2 tensors' for part in '012'}
    lacking = missing_to_predict(model, [name for name in names if name.startswith('decoder.')])
    assert in_words(lacking) == ('encoder: 6 of 7 tensors (encoder.0.weight, encoder.0.bias, encoder.1.weight and 3 '
                                 'more)')


def test_load_weights():
    """Without strict, a part may be missing, and the line says which; strict, it may not."""
    model, given = Parts(), Parts().state_dict()
    loaded = load_weights(model, given, 'a.pth', strict=True)
    assert loaded.text == 'a.pth: all 13 tensors loaded' and not loaded.missing and not loaded.unknown
    part = {name: value for name, value in given.items() if name.startswith('encoder.')}
    loaded = load_weights(model, dict(part, extra=torch.zeros(1)), 'a.pth', strict=False)
    assert torch.equal(model.encoder[0].weight, part['encoder.0.weight'])
    assert 'missing decoder: 6 of 6 tensors' in loaded.text and loaded.missing == dict(decoder='6 of 6 tensors')
    assert loaded[1:4] == (7, 13, 8) and loaded.unknown == dict(extra='1 of 1 tensors (extra)')
    with pytest.raises(ValueError, match='do not fit the model.*missing decoder: 6 of 6 tensors'):
        load_weights(model, part, 'a.pth', strict=True)


def test_another_shape():
    """It is refused; where that is asked for, the model keeps its own there, and it counts as missing."""
    model, given = Parts(), Parts().state_dict()
    kept = model.encoder[0].weight.clone()
    other = dict(given, **{'encoder.0.weight': torch.zeros(5, 5)})
    with pytest.raises(ValueError, match=r'another shape .*encoder\.0\.weight.*load_fitting=True'):
        load_weights(model, other, 'a.pth', strict=False)
    loaded = load_weights(model, other, 'a.pth', strict=False, fitting=True)
    assert torch.equal(model.encoder[0].weight, kept) and torch.equal(model.encoder[0].bias, given['encoder.0.bias'])
    assert loaded.missing == dict(encoder='1 of 7 tensors (encoder.0.weight)') and loaded.found == 12


def test_more_than_the_model():
    """A deeper part that predicts is told; another part, one that no prediction needs and what only counts are not."""
    names = Parts().state_dict().keys()
    assert odd_to_predict(Parts(), names) == []
    beside = {'decoder.9.bias', 'projection.weight', 'encoder.2.num_batches_tracked', 'encoder.position_ids'}
    assert odd_to_predict(Parts(), names | beside) == []
    assert odd_to_predict(Parts(), names | {'encoder.2.weight'}) == ['encoder.2.weight']
