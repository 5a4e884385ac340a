"""Training and test by the tools, frozen and fine-tuned, on a dozen images; the configs; without mmcv's operators."""
import json
import runpy
import sys
from importlib import import_module
from pathlib import Path

import pytest
import torch
from made_up_downstream import write_rsna, write_siim

from prior_mm import dependencies
from prior_mm.checkpoints.checkpoint import load_checkpoint, save_checkpoint
from prior_mm.dependencies import has_compiled_mmcv
from prior_mm.engine.launch import load_config

ROOT = Path(__file__).parents[3]
CONFIGS = ROOT / 'configs/downstream'
needs_mmcv = pytest.mark.skipif(not has_compiled_mmcv(), reason='needs mmcv with compiled operators')
UNET = """model = dict(decode_head=dict(_delete_=True, type='UNetHead', in_channels=[32, 64, 128, 256],
    decoder_channels=(8, 8, 8, 8, 8), num_classes=2, loss_decode=_base_.model.decode_head.loss_decode))"""


def call_tool(tool, *arguments):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, 'argv', [tool, *map(str, arguments)])
        runpy.run_path(str(ROOT / tool), run_name='__main__')


@pytest.fixture(scope='module')
def raw(tmp_path_factory):
    """Folders of a made-up SIIM and RSNA, converted."""
    folder = tmp_path_factory.mktemp('raw')
    roots = dict(siim=write_siim(folder / 'siim', images=24, positive=9), rsna=write_rsna(folder / 'rsna', 24, 9))
    for name, root in roots.items():
        with pytest.raises(SystemExit) as ended:
            call_tool(f'tools/dataset_converters/{name}.py', root, '--pixels', 64, '--protocol', 'demo/1')
        assert not ended.value.code
    return roots


@pytest.fixture(scope='module')
def pretrained(tmp_path_factory):
    """A checkpoint with the demo's image encoder, whose weights and statistics are no initialiser's."""
    from mmpretrain.models import ResNet
    generator = torch.Generator().manual_seed(0)
    weights = {name: torch.rand(value.shape, generator=generator) * 0.1 + 0.01 if value.is_floating_point() else value
               for name, value in ResNet(depth=18, in_channels=1, base_channels=32).state_dict().items()}
    path = tmp_path_factory.mktemp('pretrained') / 'epoch_1.pth'
    save_checkpoint(dict(state_dict={f'image_encoder.backbone.{name}': value for name, value in weights.items()},
                         meta={}), path)
    return path, weights


@needs_mmcv
@pytest.mark.parametrize(('name', 'how', 'more'), [
    ('siim', '--frozen', ''), ('siim', '--finetune', UNET), ('rsna', '--finetune', '')])
def test_train_and_test(raw, pretrained, tmp_path, name, how, more):
    """Both commands work; a frozen backbone is the checkpoint's to the bit, a fine-tuned one moved everywhere."""
    config = tmp_path / 'tiny.py'
    loader = 'dict(batch_size=4, num_workers=0, persistent_workers=False)'
    config.write_text(f"""_base_ = '{CONFIGS}/demo/{name}_seg.py'
{more}
downstream = dict(size=32)
train_dataloader = val_dataloader = test_dataloader = {loader}
train_cfg = dict(max_iters=2, val_interval=2)
param_scheduler = []
visualizer = dict(_delete_=True, type='Visualizer')
""")
    options = ('--data-root', raw[name], '--pretrained', pretrained[0], how, '--work-dir', tmp_path / 'run')
    call_tool('tools/train.py', config, *options)
    call_tool('tools/test.py', config, *options)
    trained = load_checkpoint(next((tmp_path / 'run').glob('best_*.pth')))['state_dict']
    same = {key: torch.equal(trained[f'backbone.{key}'], value) for key, value in pretrained[1].items()}
    if how == '--frozen':
        assert all(same.values())
    else:
        assert not any(equal for key, equal in same.items() if 'conv' in key or 'running' in key)
    entries = json.loads((raw[name] / 'annotations/demo/seed0/segmentation/test.json').read_text())['data_list']
    metrics = json.loads((tmp_path / 'run/results/tiny.json').read_text())['metrics']
    lesions = sum(entry['gt_label'] for entry in entries)
    assert metrics['segmentation/images'] == len(entries) > metrics['segmentation/images_with_lesion'] == lesions > 0
    assert metrics['segmentation/dice_chance'] == 1 - lesions / len(entries)
    assert metrics['segmentation/protocol'] == 'demo/1'
    assert all(0 <= metrics[f'segmentation/{figure}'] <= 1 for figure in ('dice', 'dice_lesion', 'mIoU'))


@needs_mmcv
@pytest.mark.parametrize('name', ['siim_seg', 'rsna_seg', 'siim_seg_unet', 'rsna_seg_unet', 'demo/siim_seg',
                                  'demo/rsna_seg'])
def test_configs(name):
    """The models build on a plain ResNet of one channel, the head the config's name says, and nothing is fetched."""
    from mmengine.registry import init_default_scope

    from prior_mm.registry import MODELS
    init_default_scope('prior_mm')
    config = load_config(str(CONFIGS / f'{name}.py'))
    model = MODELS.build(config.model)
    assert tuple(model.backbone.conv1.weight.shape[1:]) == (1, 7, 7) and model.backbone.style == 'pytorch'
    assert type(model.decode_head).__name__ == ('UNetHead' if 'unet' in name else 'UPerHead')
    logits = model.eval()(torch.randn(1, 1, 64, 64), mode='tensor')
    assert logits.shape == ((1, 2, 64, 64) if 'unet' in name else (1, 2, 16, 16))


@needs_mmcv
def test_the_protocols_know_the_configs():
    """Each config names a protocol, and a repeat of it, that has this task on this data set."""
    from prior_mm.downstream.settings import read_settings
    for path in [*CONFIGS.glob('*_seg*.py'), *CONFIGS.glob('demo/*_seg*.py')]:
        if path.name.startswith('own_'):  # whose data set a user names
            continue
        settings = read_settings(load_config(str(path)))
        assert settings.task == 'segmentation' and path.name.startswith(settings.dataset)


def test_without_compiled_operators(monkeypatch):
    """The package says in one line what is needed, before anything of MMSegmentation is looked for."""
    monkeypatch.setattr(dependencies, 'has_compiled_mmcv', lambda: False)
    for module in [name for name in sys.modules if name.startswith('prior_mm.downstream.segmentation')]:
        monkeypatch.delitem(sys.modules, module)
    with pytest.raises(ImportError, match='segmentation needs mmcv.* with its compiled operators') as raised:
        import_module('prior_mm.downstream.segmentation')
    assert '\n' not in str(raised.value)
