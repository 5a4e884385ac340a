"""Weights of others as a user brings them: --pretrained, through training and test to a result."""
import json

import pytest
import timm
import torch
from made_up_downstream import write_rsna
from safetensors.torch import load_file, save_file
from test_downstream_classification import ROOT, call

from prior_mm.checkpoints.checkpoint import latest_checkpoint, load_state_dict, save_checkpoint


def gloria(folder):
    """A file with GLoRIA's names."""
    weights = timm.create_model('resnet18', num_classes=0).state_dict()
    save_checkpoint(dict(state_dict={f'gloria.img_encoder.model.{name}': value for name, value in weights.items()}),
                    folder / 'gloria.pth')
    return folder / 'gloria.pth'


def timm_folder(folder):
    """A vision transformer as timm saves it."""
    made = folder / 'vit'
    made.mkdir()
    save_file(timm.create_model('vit_base_patch16_224', num_classes=0, embed_dim=64, depth=4, num_heads=1,
                                img_size=64).state_dict(), made / 'model.safetensors')
    (made / 'config.json').write_text(json.dumps(dict(architecture='vit_x', pretrained_cfg=dict(
        mean=[.5] * 3, std=[.25] * 3, input_size=[3, 64, 64]))))
    return made


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """RSNA's layout, converted, and a config of two steps."""
    folder = tmp_path_factory.mktemp('foreign')
    write_rsna(folder / 'rsna', images=40, positive=14)
    result = call('dataset_converters/rsna.py', 'rsna', '--pixels', 64, '--protocol', 'demo/1', '--no-masks',
                  cwd=folder)
    assert result.returncode == 0, result.stderr
    (folder / 'tiny_cls.py').write_text(f'''
_base_ = {str(ROOT / 'configs/downstream/demo/rsna_cls.py')!r}
work_dir = 'work_dirs/tiny_cls'
downstream = dict(size=64, data_root='rsna')
train_dataloader = dict(batch_size=4, num_workers=0, persistent_workers=False)
val_dataloader = dict(num_workers=0, persistent_workers=False)
test_dataloader = dict(num_workers=0)
train_cfg = dict(max_iters=2, val_interval=2)
default_hooks = dict(checkpoint=dict(interval=2), logger=dict(interval=1))
param_scheduler = [dict(type='CosineAnnealingLR', by_epoch=False)]
''')
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(('make', 'source', 'normalise'), [(gloria, 'GLoRIA', (.5, .5)),
                                                           (timm_folder, 'timm vit_x', (.5, .25))])
def test_to_the_end(folder, make, source, normalise):
    """Both commands end well; the result says whose weights they were and what was applied to the images; they are in
    the trained model, bit by bit where the backbone is frozen.
    """
    torch.manual_seed(0)
    weights = make(folder)
    for tool in ('train.py', 'test.py'):
        result = call(tool, 'tiny_cls.py', '--pretrained', weights.name, '--frozen', cwd=folder)
        assert result.returncode == 0, result.stderr[-2000:]
    (written, ) = folder.glob(f'work_dirs/tiny_cls/*{weights.stem}*/results/tiny_cls.json')
    record = json.loads(written.read_text())
    assert record['weights']['source'] == source and record['iterations'] == 2
    assert (record['weights']['mean'], record['weights']['std']) == pytest.approx(normalise)
    assert 0 <= record['metrics']['classification/auroc'] <= 1
    trained = load_state_dict(latest_checkpoint(written.parents[1]))
    theirs = load_file(weights / 'model.safetensors') if weights.is_dir() else load_state_dict(weights)
    trunk, of_backbone = ('model.', '') if weights.is_dir() else ('', 'gloria.img_encoder.model.')
    compared = {name.removeprefix(of_backbone): value for name, value in theirs.items() if value.shape[1:2] != (3, )}
    assert len(compared) >= len(theirs) - 1  # the first convolution is of one channel now
    assert all(torch.equal(trained[f'backbone.{trunk}{name}'], value) for name, value in compared.items())
