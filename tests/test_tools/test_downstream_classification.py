"""Supervised classification as a user calls it: converted, trained and tested on a dozen images."""
import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
import torch
from made_up_downstream import write_rsna
from mmpretrain.models import ResNet
from nothing_silent_page import says

from prior_mm.checkpoints.checkpoint import load_checkpoint, save_checkpoint

ROOT = Path(__file__).parents[2]
SETTINGS = ('--data-root', 'rsna', '--pretrained', 'pretrained.pth', '--labels', '10', '--frozen', '--seed', '2')
RUN = 'work_dirs/tiny_cls/demo-1_seed0_labels10_64px_frozen_pretrained-pretrained_seed2'


def call(tool: str, *arguments, cwd) -> subprocess.CompletedProcess:
    environment = {**os.environ, 'OMP_NUM_THREADS': '1'}
    return subprocess.run([sys.executable, str(ROOT / 'tools' / tool), *map(str, arguments)], capture_output=True,
                          text=True, cwd=cwd, env=environment, timeout=300)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """RSNA's layout, converted for the demo's protocol, weights of PRIOR's names, and a run of six steps."""
    folder = tmp_path_factory.mktemp('classification')
    write_rsna(folder / 'rsna', images=40, positive=14)
    result = call('dataset_converters/rsna.py', 'rsna', '--pixels', 64, '--protocol', 'demo/1', '--no-masks',
                  cwd=folder)
    assert result.returncode == 0, result.stderr
    backbone = ResNet(18, in_channels=1, stem_channels=16, base_channels=16)
    save_checkpoint(dict(meta=dict(preprocessing=dict(mean=0.4755, std=0.3011, pixel_range=[0., 1.])), state_dict={
        f'image_encoder.backbone.{name}': torch.full_like(value, 0.01) if value.ndim == 4 else value
        for name, value in backbone.state_dict().items()}), folder / 'pretrained.pth')
    (folder / 'tiny_cls.py').write_text(f'''
_base_ = {str(ROOT / 'configs/downstream/demo/rsna_cls.py')!r}
work_dir = 'work_dirs/tiny_cls'
downstream = dict(size=64)
model = dict(backbone=dict(stem_channels=16, base_channels=16), head=dict(in_channels=128))
train_dataloader = dict(batch_size=4, num_workers=0, persistent_workers=False)
val_dataloader = dict(num_workers=0, persistent_workers=False)
test_dataloader = dict(num_workers=0)
train_cfg = dict(max_iters=6, val_interval=3)
default_hooks = dict(checkpoint=dict(interval=3), logger=dict(interval=1))
param_scheduler = [dict(type='CosineAnnealingLR', by_epoch=False)]
''')
    result = call('train.py', 'tiny_cls.py', *SETTINGS, cwd=folder)
    assert result.returncode == 0, result.stderr[-2000:]
    return folder, result.stdout + result.stderr


@pytest.mark.slow
def test_training(folder):
    """The pre-trained tensors are loaded, said so, and stay as they are in a frozen run, statistics included."""
    folder, log = folder
    before = load_checkpoint(folder / 'pretrained.pth')['state_dict']
    assert f'loaded {len(before)} tensors of the backbone from pretrained.pth' in log
    checkpoint = load_checkpoint(folder / RUN / 'iter_6.pth')
    for name, value in before.items():
        assert torch.equal(checkpoint['state_dict'][name.removeprefix('image_encoder.')], value), name
    assert (checkpoint['state_dict']['head.fc.weight'] != 0).any() and checkpoint['meta']['iter'] == 6
    ids = (folder / 'rsna/annotations/demo/seed0/splits/train_10.txt').read_text().split()
    assert checkpoint['meta']['steps_per_epoch'] == -(-len(ids) // 4)
    assert checkpoint['meta']['dataset_meta']['classes'] == ['pneumonia']


@pytest.mark.slow
def test_repeats(folder):
    """One command trains and tests every repeat in the folder of its settings, and ends with a table and a file."""
    folder, _ = folder
    settings = SETTINGS[:SETTINGS.index('--seed')]
    result = call('repeat.py', 'tiny_cls.py', *settings, '--seeds', 3, '--cfg-options', 'train_cfg.max_iters=2',
                  'train_cfg.val_interval=2', cwd=folder)
    assert result.returncode == 0, result.stderr[-2000:]
    summary = json.loads((folder / 'work_dirs/tiny_cls/tiny_cls_repeats.json').read_text())
    assert summary['runs'] == [f'{RUN[:-1]}3/results/tiny_cls.json']
    record = json.loads((folder / summary['runs'][0]).read_text())
    assert (record['seed'], record['iterations'], record['repeat']) == (3, 2, 'seed0')
    written = (folder / summary['runs'][0]).stat().st_mtime_ns
    figure = summary['summary']['classification/auroc']
    assert figure['values'] == [record['metrics']['classification/auroc']] and figure['std'] is None
    assert 'seed0 seed 3' in ' '.join(result.stdout.split())
    command = ('repeat.py', 'tiny_cls.py', *settings, '--seeds', 3, '--cfg-options', 'train_cfg.max_iters=2',
               'train_cfg.val_interval=2')
    again = call(*command, cwd=folder)
    assert again.returncode == 0 and (folder / summary['runs'][0]).stat().st_mtime_ns == written, again.stderr[-2000:]
    given = 'repeat.py again, with another learning rate in a folder of the same name'
    otherwise = call(*command, 'optim_wrapper.optimizer.lr=0.5', cwd=folder)
    assert otherwise.returncode == 1 and 'Traceback' not in otherwise.stderr
    assert (folder / summary['runs'][0]).stat().st_mtime_ns == written
    said = otherwise.stderr[otherwise.stderr.index('tools/repeat.py: '):]
    assert f'{summary["runs"][0]} is of another run: optim_wrapper.optimizer.lr is 0.1 there, 0.5 here' in said
    says('Figures that may end in a paper', 'a cache without a key', given, f'stops: {said}', folder)
    anew = call(*command, 'optim_wrapper.optimizer.lr=0.5', '--anew', cwd=folder)
    assert anew.returncode == 0, anew.stderr[-2000:]
    record = json.loads((folder / summary['runs'][0]).read_text())
    assert record['fingerprint']['training']['config']['optim_wrapper.optimizer.lr'] == 0.5
    assert (folder / summary['runs'][0]).stat().st_mtime_ns > written


@pytest.mark.slow
def test_evaluation(folder):
    """The same settings find the run; its best checkpoint is tested, named, and all it rests on stands in the file."""
    folder, _ = folder
    result = call('test.py', 'tiny_cls.py', *SETTINGS, cwd=folder)
    assert result.returncode == 0, result.stderr[-2000:]
    best, = (folder / RUN).glob('best_classification_auroc_iter_*.pth')
    assert f'checkpoint: {RUN}/{best.name}' in result.stdout + result.stderr
    record = json.loads((folder / RUN / 'results/tiny_cls.json').read_text())
    assert record['checkpoint'] == f'{RUN}/{best.name}' and record['seed'] == 2
    left = record['left_protocol']
    assert left['than'] == 'demo/1' and left['differences']['train_cfg.max_iters'] == 6
    assert record['checkpoint_sha256'] == sha256(best.read_bytes()).hexdigest()
    assert record['pretrained_sha256'] == sha256((folder / 'pretrained.pth').read_bytes()).hexdigest()
    assert {key: record[key] for key in ('task', 'protocol', 'repeat', 'labels', 'frozen', 'from_scratch')} == dict(
        task='classification', protocol='demo/1', repeat='seed0', labels=10, frozen=True, from_scratch=False)
    test_file = 'annotations/demo/seed0/classification/test.json'
    assert record['annotations_sha256'][test_file] == sha256((folder / 'rsna' / test_file).read_bytes()).hexdigest()
    assert record['metrics']['classification/images'] == 6
    assert 0 <= record['metrics']['classification/auroc_low'] <= record['metrics']['classification/auroc_high'] <= 1
    assert '| tiny_cls | demo/1 seed0 | 10 % | pretrained.pth, frozen |' in result.stdout


@pytest.mark.slow
def test_no_run_of_these_settings(folder):
    """Other settings are another run: where there is none, the message has the command that makes it."""
    folder, _ = folder
    result = call('test.py', 'tiny_cls.py', '--data-root', 'rsna', '--pretrained', 'none', '--finetune', cwd=folder)
    assert result.returncode == 1 and 'Traceback' not in result.stderr
    assert 'python tools/train.py tiny_cls.py --pretrained none --data-root rsna --finetune' in result.stderr
