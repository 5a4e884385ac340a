"""The converter of published weights, from the command line, on every kind of file that is out there."""
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision

from prior_mm.checkpoints.checkpoint import load_state_dict
from prior_mm.checkpoints.published_weights import convert_published
from prior_mm.models import ImageEncoder

ROOT = Path(__file__).parents[2]


def convert(source: Path, target: Path) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, str(ROOT / 'tools/model_converters/published.py'), str(source), str(target)],
                          capture_output=True, text=True)


@pytest.fixture
def published():
    """All weights of the reference file, under their published names."""
    with np.load(ROOT / 'tests/data/prior_reference.npz', allow_pickle=False) as file:
        return {k.removeprefix('weight.'): torch.from_numpy(file[k]) for k in file.files if k.startswith('weight.')}


@pytest.mark.parametrize('wrap', [
    lambda weights: weights,
    lambda weights: {'epoch': 3, 'state_dict': {f'model.{key}': value for key, value in weights.items()},
                     'hyper_parameters': {'lr': 1e-5}, 'pytorch-lightning_version': '1.6.4'},
], ids=['state dict', 'Lightning checkpoint'])
def test_whole_model(published, wrap, tmp_path):
    """A plain state dict and a Lightning checkpoint give the same converted weights, and say what they hold."""
    torch.save(wrap(published), tmp_path / 'published.ckpt')
    result = convert(tmp_path / 'published.ckpt', tmp_path / 'ours.pth')
    assert result.returncode == 0, result.stderr
    assert 'prototype_bank' in result.stdout
    ours, expected = load_state_dict(str(tmp_path / 'ours.pth')), convert_published(published)
    assert ours.keys() == expected.keys()
    assert all(torch.equal(ours[name], expected[name]) for name in ours)


def test_image_encoder_alone(tmp_path):
    """A file with torchvision's names loads into the backbone, bit by bit, three input channels summed to one."""
    torch.manual_seed(0)
    weights = torchvision.models.resnet18().state_dict()
    torch.save(weights, tmp_path / 'image_encoder.pth')
    result = convert(tmp_path / 'image_encoder.pth', tmp_path / 'ours.pth')
    assert result.returncode == 0, result.stderr
    encoder = ImageEncoder(backbone=dict(type='mmpretrain.ResNet', depth=18, in_channels=1), out_channels=512,
                           pretrained=str(tmp_path / 'ours.pth'))
    encoder.init_weights()
    loaded = encoder.backbone.state_dict()
    assert torch.equal(loaded['conv1.weight'], weights['conv1.weight'].sum(1, keepdim=True))
    assert all(torch.equal(value, weights[name]) for name, value in loaded.items() if name != 'conv1.weight')


def test_foreign_weights(tmp_path):
    """A file of another model is an error in one line that names what was found and what is expected."""
    torch.save({'visual.proj': torch.zeros(1)}, tmp_path / 'clip.pth')
    result = convert(tmp_path / 'clip.pth', tmp_path / 'ours.pth')
    assert result.returncode == 1
    assert 'visual.proj' in result.stderr and 'image_encoder.encoder.conv1.weight' in result.stderr
    assert 'Traceback' not in result.stderr
    assert not (tmp_path / 'ours.pth').exists()


def test_names_of_the_image_side(published):
    """The reference file has no encoders: their names, which a whole published model has, are translated too."""
    layer = 'text_encoder.encoder.encoder.layer.0.output.dense.bias'
    names = {'image_encoder.encoder.layer1.0.conv1.weight': 'image_encoder.backbone.layer1.0.conv1.weight',
             'image_encoder.atten_pool.c_proj.bias': 'image_encoder.pooling.c_proj.bias', layer: layer,
             'image_encoder.encoder.fc.weight': None, 'text_encoder.encoder.pooler.dense.bias': None,
             'text_encoder.encoder.embeddings.position_ids': None, 'global_text_projection.weight': None}
    for name, expected in names.items():
        converted = convert_published({**published, name: torch.zeros(1)})
        assert (expected in converted) if expected else len(converted) == len(convert_published(published))
