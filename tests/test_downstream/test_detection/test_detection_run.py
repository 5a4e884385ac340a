"""Training and test by the tools, frozen and fine-tuned, and what is said without mmcv's operators."""
import json
import sys
from importlib import import_module
from pathlib import Path

import pytest
import torch

from prior_mm import dependencies
from prior_mm.checkpoints.checkpoint import load_checkpoint, save_checkpoint
from prior_mm.dependencies import has_compiled_mmcv
from prior_mm.engine.launch import load_config

ROOT = Path(__file__).parents[3]
needs_mmcv = pytest.mark.skipif(not has_compiled_mmcv(), reason='needs mmcv with compiled operators')


@pytest.fixture(scope='module')
def pretrained(tmp_path_factory):
    """A checkpoint with the demo's image encoder, whose weights and statistics are no initialiser's."""
    from mmpretrain.models import ResNet
    backbone = ResNet(depth=18, in_channels=1, base_channels=32)
    generator = torch.Generator().manual_seed(0)
    weights = {name: torch.rand(value.shape, generator=generator) * 0.1 + 0.01 if value.is_floating_point() else value
               for name, value in backbone.state_dict().items()}
    path = tmp_path_factory.mktemp('pretrained') / 'epoch_1.pth'
    save_checkpoint(dict(state_dict={f'image_encoder.backbone.{name}': value for name, value in weights.items()},
                         meta={}), path)
    return path, weights


@needs_mmcv
@pytest.mark.parametrize('how', ['--frozen', '--finetune'])
def test_train_and_test(raw_rsna, demo_config, pretrained, tmp_path, call_tool, how):
    """Both commands work; a frozen backbone is the checkpoint's to the bit, a fine-tuned one moved everywhere."""
    options = ('--data-root', raw_rsna, '--pretrained', pretrained[0], how, '--work-dir', tmp_path)
    call_tool('tools/train.py', demo_config, *options)
    call_tool('tools/test.py', demo_config, *options)
    trained = load_checkpoint(next(tmp_path.glob('best_*.pth')))['state_dict']
    same = {name: torch.equal(trained[f'backbone.{name}'], value) for name, value in pretrained[1].items()}
    if how == '--frozen':
        assert all(same.values())
    else:
        assert not any(equal for name, equal in same.items() if 'conv' in name or 'running' in name)
    result = json.loads((tmp_path / f'results/{demo_config.stem}.json').read_text())
    images = json.loads((raw_rsna / 'annotations/demo/seed0/detection/test.json').read_text())
    assert result['metrics']['detection/images'] == len(images['images'])
    assert result['metrics']['detection/boxes'] == len(images['annotations']) > 0
    assert all(0 <= result['metrics'][f'detection/mAP@{overlaps}'] <= 1 for overlaps in ('0.40-0.75', '0.50-0.95'))


@needs_mmcv
@pytest.mark.parametrize('name, channels', [('rsna_det.py', 2048), ('demo/rsna_det.py', 256)])
def test_configs(name, channels):
    """The models build, on a plain ResNet of one channel, and no weights are fetched from anywhere."""
    from mmengine.registry import init_default_scope

    from prior_mm.registry import MODELS
    init_default_scope('prior_mm')
    config = load_config(str(ROOT / 'configs/downstream' / name))
    config.model.backbone.init_cfg = None  # as prior_mm.downstream.settings leaves it
    model = MODELS.build(config.model)
    assert tuple(model.backbone.conv1.weight.shape[1:]) == (1, 7, 7) and model.backbone.style == 'pytorch'
    assert model.neck.in_channels[-1] == channels and model.roi_head.bbox_head.num_classes == 1


def test_without_compiled_operators(monkeypatch):
    """The package says in one line what is needed, before anything of MMDetection is looked for."""
    monkeypatch.setattr(dependencies, 'has_compiled_mmcv', lambda: False)
    for module in [name for name in sys.modules if name.startswith('prior_mm.downstream.detection')]:
        monkeypatch.delitem(sys.modules, module)
    with pytest.raises(ImportError, match='detection needs mmcv.* with its compiled operators') as raised:
        import_module('prior_mm.downstream.detection')
    assert '\n' not in str(raised.value)
