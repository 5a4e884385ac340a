"""What is tested is whole, of the same words, and works as in the stage that it was trained in; so for pictures."""
import os
import re

import pytest
import torch
from mmengine.config import Config
from nothing_silent_page import says
from tiny_run import LABELS, WORDS, short_config

from prior_mm.checkpoints.checkpoint import load_checkpoint, note_checkpoint, save_checkpoint
from prior_mm.engine.launch import build_runner, find_checkpoint
from prior_mm.engine.unwrapped import unwrapped

SECTION, PARTIAL, TEXT = ('Figures that may end in a paper', 'a partial load taken for a whole one',
                          'the text side of a checkpoint')


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A run of three short stages, whose checkpoints are of the first and of the last one."""
    folder = tmp_path_factory.mktemp('predict')
    build_runner(short_config(folder, experiment_name='predict', **{'val_dataloader': None, 'val_cfg': None,
                                                                     'val_evaluator': None})).train()
    swapped = [*WORDS[:5], *WORDS[-2:4:-1], WORDS[-1]]
    (folder / 'swapped.txt').write_text('\n'.join(swapped) + '\n')
    return folder


def to_test(folder, checkpoint, name, zero_shot=False, **changes) -> Config:
    """A config that tests a checkpoint, by retrieval or with prompts."""
    config = short_config(folder, experiment_name=f'test {name}', load_from=str(checkpoint), **changes)
    config.work_dir = str(folder / 'test')
    if zero_shot:
        config.model.update(type='ZeroShotClassifier', tokenizer=str(folder / 'data/vocab.txt'),
                            prompts={LABELS[0]: ['large heart .'], LABELS[1]: ['effusion .']})
        config.test_evaluator = dict(type='ZeroShotMetric')
    return config


def without(folder, name, *beginnings):
    """The last checkpoint without the tensors that begin so."""
    checkpoint = load_checkpoint(folder / 'run/stage_3_reconstruction.pth')
    checkpoint['state_dict'] = {key: value for key, value in checkpoint['state_dict'].items()
                                if not key.startswith(beginnings)}
    path = folder / f'{name.replace(" ", "_")}.pth'
    save_checkpoint(checkpoint, path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize('stage', ['stage_1_alignment', 'stage_3_reconstruction'])
def test_earlier_checkpoints(folder, stage):
    """A checkpoint of an earlier version tells its epoch and not its losses: it is tested as in that stage, not with
    prototypes that nobody trained."""
    checkpoint = load_checkpoint(folder / f'run/{stage}.pth')
    path = folder / f'earlier_{stage}.pth'
    losses = checkpoint['meta'].pop('losses')
    save_checkpoint(checkpoint, path)
    runner = build_runner(to_test(folder, path, f'earlier {stage}'))
    runner.test()
    assert unwrapped(runner.model).loss_weights == losses


@pytest.mark.slow
@pytest.mark.parametrize(('given', 'beginnings', 'lacks'), [
    ('test.py with a checkpoint of the image encoder alone',
     ('text_encoder', 'local_', 'global_', 'sentence_', 'cross', 'prototype', 'image_decoder'),
     r'text_encoder: (\d+) of \1 tensors, local_image_projection: 2 of 2 tensors,'),
    ('test.py with a checkpoint without its text encoder', ('text_encoder.', ), r'text_encoder: (\d+) of \1 tensors\.'),
    ('test.py with a checkpoint that lacks one tensor', ('sentence_projection.bias', ),
     r'sentence_projection: 1 of 2 tensors \(sentence_projection.bias\)'),
])
def test_partial_checkpoints(folder, given, beginnings, lacks):
    """Refused with what is missing, by part; with allow_missing it is tested, and what is random stays known."""
    path = without(folder, given, *beginnings)
    with pytest.raises(ValueError, match=r'lacks what this task needs: .*' + lacks) as refused:
        build_runner(to_test(folder, path, given)).test()
    says(SECTION, PARTIAL, given, f'stops: {refused.value}', folder)
    runner = build_runner(to_test(folder, path, f'{given} allowed'))
    runner.allow_missing = True
    metrics = runner.test()
    assert metrics['retrieval/studies'] == 12
    assert re.search(lacks, ', '.join(f'{part}: {count}' for part, count in
                                                    runner.loaded_missing.items()) + '.')


@pytest.mark.slow
def test_what_a_task_does_not_need(folder):
    """Decoders and the parts of the losses may be missing; zero-shot needs the attention, retrieval does not."""
    whole = build_runner(to_test(folder, folder / 'run/stage_3_reconstruction.pth', 'whole'))
    figures = whole.test()
    given = 'test.py, retrieval, with a checkpoint without decoders and without what only losses use'
    path = without(folder, 'no decoders', 'image_decoder.', 'sentence_decoder.', 'local_alignment.', 'cross_attention.',
                   'global_alignment.')
    runner = build_runner(to_test(folder, path, 'no decoders'))
    assert runner.test() == figures and runner.loaded_missing == whole.loaded_missing == {}
    says(SECTION, PARTIAL, given, 'the same figures as with the whole checkpoint')
    with pytest.raises(ValueError, match='cross_attention: .*global_alignment|global_alignment: .*cross_attention'):
        build_runner(to_test(folder, path, 'no attention', zero_shot=True)).test()
    build_runner(to_test(folder, without(folder, 'zero shot', 'image_decoder.', 'sentence_decoder.'), 'zero shot',
                         zero_shot=True)).test()


@pytest.mark.slow
def test_the_stage_of_a_checkpoint(folder):
    """After the first stage sentences stand for themselves: its untrained bank is neither used nor needed."""
    runner = build_runner(to_test(folder, folder / 'run/stage_1_alignment.pth', 'stage 1'))
    figures = runner.test()
    assert not unwrapped(runner.model).needs('prototype')
    checkpoint = load_checkpoint(folder / 'run/stage_1_alignment.pth')
    for name in [name for name in checkpoint['state_dict'] if name.startswith('prototype_bank.')]:
        del checkpoint['state_dict'][name]
    save_checkpoint(checkpoint, folder / 'no_bank.pth')
    assert build_runner(to_test(folder, folder / 'no_bank.pth', 'no bank')).test() == figures
    says(SECTION, 'a setting that is not carried through', 'a checkpoint of the first stage, tested',
         'sentences stand for themselves, as in that stage; the bank, which is untrained, is not used')


@pytest.mark.slow
def test_another_vocabulary(folder):
    """All tensors fit, and the figures would be others: refused, also to resume and with prompts alone."""
    given = 'test.py with another vocabulary of the same length'
    checkpoint = folder / 'run/stage_3_reconstruction.pth'
    swapped = {'model.text_encoder.vocab_file': str(folder / 'swapped.txt')}
    config = to_test(folder, checkpoint, given, **swapped)
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        for step in config[loader].dataset.pipeline:
            if step.type == 'TokenizeReport':
                step.tokenizer = str(folder / 'swapped.txt')
    with pytest.raises(ValueError, match='was trained with another tokenizer') as refused:
        build_runner(config).test()
    says(SECTION, TEXT, given, f'stops: {refused.value}', folder)
    config.update(experiment_name='resume swapped', resume=True, load_from=str(folder / 'run/iter_8.pth'))
    with pytest.raises(ValueError, match='was trained with another tokenizer'):
        build_runner(config).train()
    config = to_test(folder, checkpoint, 'prompts swapped', zero_shot=True)
    config.model.tokenizer = str(folder / 'swapped.txt')
    with pytest.raises(ValueError, match='model and test_dataloader.* contradict each other') as refused:
        build_runner(config).test()
    says(SECTION, TEXT, 'prompts with another vocabulary than the reports', f'stops: {refused.value}', folder)


@pytest.mark.slow
def test_letters_of_reports_and_prompts(folder):
    """Reports as written and prompts in small letters is one of the two that was not asked for."""
    checkpoint = folder / 'run/stage_3_reconstruction.pth'
    given = 'TokenizeReport(lowercase=False) in the pipeline, nothing said of the prompts'
    config = to_test(folder, checkpoint, given, zero_shot=True)
    config.test_dataloader.dataset.pipeline[2].lowercase = False
    with pytest.raises(ValueError, match='contradict each other: lowercase') as refused:
        build_runner(config).test()
    says(SECTION, 'a setting that is not carried through', given, f'stops: {refused.value}', folder)
    config.model.lowercase, config.experiment_name = False, 'letters'
    with pytest.raises(ValueError, match='lowercase is True there, False here. To mend it, set lowercase=True'):
        build_runner(config).test()


def test_a_best_checkpoint_of_an_earlier_run(tmp_path):
    """A second run in a folder, which has none that is called best, is not tested by that of the first."""
    def write(name, rate, seconds, **info):
        meta = dict(fingerprint=dict(config=dict(lr=rate), files={}, code={}))
        save_checkpoint(dict(state_dict=dict(w=torch.zeros(1)), meta=meta, runtime_info=info), tmp_path / name)
        os.utime(tmp_path / name, (seconds, seconds))
        return str(tmp_path / name)

    best = write('best_auroc_epoch_3.pth', 1e-4, 100)
    note_checkpoint(tmp_path, write('epoch_9.pth', 1e-4, 200, best_ckpt=best))
    assert find_checkpoint(str(tmp_path), 'c.py') == best
    note_checkpoint(tmp_path, last := write('epoch_9.pth', 1e-3, 300))
    assert find_checkpoint(str(tmp_path), 'c.py') == last
    says(SECTION, 'a cache without a key', 'a best checkpoint of an earlier run in the folder',
         'the last one is taken, with a warning that names both')
