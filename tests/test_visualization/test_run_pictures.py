"""All pictures of a run, from a folder as training leaves it."""
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from matplotlib.image import imread
from mmengine.config import Config
from nothing_silent_page import says

from prior_mm.checkpoints.checkpoint import load_state_dict, save_checkpoint
from prior_mm.checkpoints.text_side import text_side
from prior_mm.registry import MODELS
from prior_mm.visualization import draw_run

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'visualize.py'
SENTENCES = ['heart is large', 'lungs are clear']


@pytest.fixture
def run(tmp_path):
    """A config and the folder of its run: data, a log of two stages, a checkpoint of random weights."""
    data, work_dir = tmp_path / 'data', tmp_path / 'work_dirs' / 'tiny'
    (data / 'files').mkdir(parents=True)
    (data / 'annotations').mkdir()
    vocabulary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'heart', 'is', 'large', 'lungs', 'are', 'clear']
    (data / 'vocab.txt').write_text('\n'.join(vocabulary) + '\n')
    studies = []
    for index in range(5):
        image = np.random.default_rng(index).integers(0, 255, (72, 64), dtype=np.uint8)
        cv2.imwrite(str(data / 'files' / f'{index}.png'), image)
        studies.append(dict(study_id=f's{index}', subject_id=f'p{index}', images=[f'files/{index}.png'], views=['PA'],
                            sentences=SENTENCES, labels={'Cardiomegaly': index % 2}))
    (data / 'annotations' / 'test.json').write_text(json.dumps(dict(
        metainfo=dict(schema='prior_mm.studies/1', dataset='demo', split='test', synthetic=True), data_list=studies)))
    config = Config(dict(
        default_scope='prior_mm',
        work_dir=str(work_dir),
        model=dict(
            type='PRIOR', embed_dims=32,
            image_encoder=dict(type='ImageEncoder', out_channels=512, stride=32, grid=(2, 2),
                               backbone=dict(type='mmpretrain.ResNet', depth=18, in_channels=1)),
            text_encoder=dict(type='TextEncoder', config=dict(
                hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
                vocab_size=len(vocabulary))),
            prototype_bank=dict(type='SentencePrototypeBank', num_prototypes=12),
            image_decoder=dict(type='ImageDecoder')),
        test_dataloader=dict(dataset=dict(
            type='StudyDataset', data_root=str(data), ann_file='annotations/test.json', pipeline=[
                dict(type='LoadRadiograph', size=64), dict(type='ResizeRadiograph', size=(64, 64)),
                dict(type='TokenizeReport', tokenizer=str(data / 'vocab.txt'), max_length=256),
                dict(type='PackStudy')])),
        train_cfg=dict(stages=[dict(name='alignment', epochs=1, losses=dict(global_alignment=1.)),
                               dict(name='prototypes', epochs=1, losses=dict(global_alignment=1., prototype=10.))])))
    log = work_dir / '20260101_000000' / 'vis_data' / 'scalars.json'
    log.parent.mkdir(parents=True)
    log.write_text(''.join(json.dumps(dict(loss=1 / step, loss_global_alignment=1 / step, epoch=(step + 3) // 4,
                                           step=step)) + '\n' for step in range(1, 9)))
    checkpoint = work_dir / 'epoch_2.pth'
    torch.save(dict(meta={}, state_dict=MODELS.build(config.model).state_dict()), checkpoint)
    (work_dir / 'last_checkpoint').write_text(str(checkpoint))
    return config, work_dir, str(checkpoint)


@pytest.mark.slow
def test_tool(run, tmp_path):
    """The command draws curves, studies and prototypes beside the run, from its checkpoint."""
    config, work_dir, _ = run
    config.dump(tmp_path / 'tiny.py')
    done = subprocess.run([sys.executable, str(TOOL), str(tmp_path / 'tiny.py')], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    pictures = [work_dir / 'pictures' / f'{name}.png' for name in ('curves', 'studies', 'prototypes')]
    assert done.stdout.split()[-3:] == list(map(str, pictures))
    assert all(imread(picture).std() > .05 for picture in pictures)


def test_what_is_missing_is_said(run):
    """No log, no held-out data and another model's weights are errors that name the way out."""
    config, work_dir, checkpoint = run
    other = config.copy()
    other.model.embed_dims = 16
    other.model.prototype_bank = None
    with pytest.raises(ValueError, match=r"do not fit the model.*unknown \['.*of another shape \['"):
        draw_run(other, checkpoint)
    without = config.copy()
    without.pop('test_dataloader')
    with pytest.raises(ValueError, match='test_dataloader'):
        draw_run(without, checkpoint)
    swapped = Path(checkpoint).with_name('swapped.txt')
    tokenizer = config.test_dataloader.dataset.pipeline[2]
    words = Path(tokenizer.tokenizer).read_text().split()
    swapped.write_text('\n'.join([*words[:5], *words[:4:-1]]) + '\n')
    meta = dict(tokenizer=text_side(config, 'test_dataloader'))
    save_checkpoint(dict(meta=meta, state_dict=load_state_dict(checkpoint)), f'{checkpoint}.pinned.pth')
    other = config.copy()
    other.test_dataloader.dataset.pipeline[2].tokenizer = str(swapped)
    with pytest.raises(ValueError, match='was trained with another tokenizer') as refused:
        draw_run(other, f'{checkpoint}.pinned.pth')
    says('Figures that may end in a paper', 'the text side of a checkpoint',
         'visualize.py with another vocabulary of the same length', f'stops: {refused.value}', work_dir,
         work_dir.parents[1])
    config.work_dir = str(work_dir / 'elsewhere')
    with pytest.raises(FileNotFoundError, match='tools/train.py'):
        draw_run(config, checkpoint)
