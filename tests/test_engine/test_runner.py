"""Checkpoints of a run: what they hold, that they are never executed, and how they are taken up again."""
import json

import pytest
import torch
from tiny_run import tiny_config

from prior_mm.checkpoints.checkpoint import load_checkpoint, save_checkpoint
from prior_mm.engine.launch import build_runner, find_checkpoint


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """A folder with the data and the checkpoints of a short run."""
    folder = tmp_path_factory.mktemp('runner')
    config = tiny_config(folder / 'data', folder / 'run', experiment_name='runner')
    config.train_cfg.stages = config.train_cfg.stages[:2]
    build_runner(config).train()
    return folder


def resume(run, checkpoint, **changes):
    config = tiny_config(run / 'data', run / 'again', load_from=str(checkpoint), resume=True,
                         experiment_name=str(checkpoint), **changes)
    build_runner(config).train()


def test_what_a_checkpoint_holds(run):
    """Config, preprocessing and the data's summary stand in it, as plain data that JSON can write."""
    meta = load_checkpoint(run / 'run' / 'epoch_4.pth')['meta']
    assert meta['epoch'] == 4 and meta['iter'] == 12 and meta['seed'] == 3
    assert meta['config']['model']['type'] == 'PRIOR'
    assert meta['preprocessing'] == dict(size=[32, 32], mean=0.4755, std=0.3011, pixel_range=[0, 1], channels=1)
    assert meta['dataset_meta']['summary']['kept'] == 12 and meta['dataset_meta']['synthetic'] is True
    json.dumps(meta)


def test_config_text_is_never_executed(run, tmp_path):
    """Python smuggled into a checkpoint as text, which MMEngine's own resume would run, is refused and stays text."""
    checkpoint = load_checkpoint(run / 'run' / 'epoch_3.pth')
    code = f"open({str(tmp_path / 'ran')!r}, 'w')"
    checkpoint['meta'].update(config=code, cfg=code)
    save_checkpoint(checkpoint, tmp_path / 'smuggled.pth')
    with pytest.raises(ValueError, match=r'smuggled\.pth is refused.*a call of open'):
        resume(run, tmp_path / 'smuggled.pth')
    assert not (tmp_path / 'ran').exists()


@pytest.mark.slow
@pytest.mark.parametrize(('change', 'message'), [
    (lambda c: c.pop('optimizer'), 'no state of a training'),
    (lambda c: c.pop('meta'), 'no state of a training'),
    (lambda c: c['meta'].update(steps_per_epoch=7), 'steps_per_epoch=7, now it is 3'),
    (lambda c: c['state_dict'].pop('global_alignment.logit_scale'), 'global_alignment.logit_scale'),
    (lambda c: c['state_dict'].update(stranger=torch.zeros(1)), 'stranger'),
    (lambda c: c['meta'].update(iter='9'), "must be whole numbers, they are 3 and '9'"),
    (lambda c: c.update(optimizer=[1]), 'optimizer or schedules is damaged'),
    (lambda c: c['optimizer']['param_groups'].pop(), 'optimizer or schedules is damaged'),
    (lambda c: c.update(runtime_info=7), 'optimizer or schedules is damaged'),
], ids=['no optimizer', 'no meta', 'other data', 'missing tensor', 'unknown tensor', 'no number', 'optimizer a list',
        'no groups', 'no dict'])
def test_resume_refuses_what_does_not_fit(run, tmp_path, change, message):
    """A checkpoint of another model or other data is an error, not a run that is silently another one."""
    checkpoint = load_checkpoint(run / 'run' / 'epoch_3.pth')
    change(checkpoint)
    save_checkpoint(checkpoint, tmp_path / 'other.pth')
    with pytest.raises(ValueError, match=message):
        resume(run, tmp_path / 'other.pth')


def test_load_from_foreign_weights(run, tmp_path):
    """Weights of which no name fits are an error, never a silent random model."""
    save_checkpoint(dict(state_dict=dict(stranger=torch.zeros(1))), tmp_path / 'foreign.pth')
    config = tiny_config(run / 'data', tmp_path / 'run', load_from=str(tmp_path / 'foreign.pth'),
                         experiment_name='foreign')
    with pytest.raises(ValueError, match=r'do not fit the model.*stranger'):
        build_runner(config).test()


def test_resume_takes_the_seed_of_the_checkpoint(run, tmp_path):
    """A run goes on with its own seed, whatever the command line says now."""
    config = tiny_config(run / 'data', tmp_path / 'run', experiment_name='seed', resume=True,
                         load_from=str(run / 'run' / 'epoch_4.pth'), randomness=dict(seed=8))
    config.train_cfg.stages = config.train_cfg.stages[:2]
    runner = build_runner(config)
    runner.train()
    assert runner.seed == 3 and runner.train_dataloader.sampler.seed == 3


def test_find_checkpoint(run, tmp_path):
    """The best checkpoint, else the last, also after the folder was moved; else an error that says what to run."""
    assert find_checkpoint(str(run / 'run'), 'c.py').endswith('epoch_4.pth')
    (tmp_path / 'last_checkpoint').write_text('/moved/away/epoch_9.pth')
    with pytest.raises(FileNotFoundError, match='tools/train.py c.py'):
        find_checkpoint(str(tmp_path), 'c.py')
    torch.save({}, tmp_path / 'epoch_9.pth')
    assert find_checkpoint(str(tmp_path), 'c.py') == str(tmp_path / 'epoch_9.pth')
    torch.save({}, tmp_path / 'best_accuracy_epoch_2.pth')
    assert find_checkpoint(str(tmp_path), 'c.py').endswith('best_accuracy_epoch_2.pth')


def test_learning_rates_of_parts(run, tmp_path):
    """A part with its own lr_mult keeps that share of the stage's rate at every step, also in a resumed run."""
    changes = {'optim_wrapper.paramwise_cfg': dict(custom_keys={'prototype_bank': dict(lr_mult=3.)})}
    for name, options in (('whole', {}), ('resumed', dict(load_from=str(tmp_path / 'whole/epoch_1.pth'), resume=True))):
        config = tiny_config(run / 'data', tmp_path / name, experiment_name=f'parts {name}', **changes, **options)
        config.train_cfg.stages = config.train_cfg.stages[:1]
        build_runner(config).train()
        groups = load_checkpoint(tmp_path / name / 'epoch_2.pth')['optimizer']['param_groups']
        rates = sorted({group['lr'] for group in groups})
        assert len(rates) == 2 and rates[1] == pytest.approx(3 * rates[0]) and rates[0] > 0


def test_best_checkpoint_counts_its_steps(run, tmp_path):
    """A checkpoint that is written after a validation counts the steps that are done, not one more."""
    config = tiny_config(run / 'data', tmp_path / 'run', experiment_name='best')
    config.train_cfg.stages = config.train_cfg.stages[:1]
    config.default_hooks.checkpoint.update(save_best='retrieval/image_to_text/recall@1', rule='greater')
    build_runner(config).train()
    best, = (tmp_path / 'run').glob('best_*.pth')
    assert load_checkpoint(best)['meta']['iter'] == 3 * int(best.stem.rsplit('_', 1)[1])


def test_what_was_loaded_is_known(run, tmp_path):
    """Results take from the checkpoint itself how it was trained."""
    runner = build_runner(tiny_config(run / 'data', tmp_path / 'run', experiment_name='meta'))
    assert runner.loaded_meta == {}
    runner.load_checkpoint(str(run / 'run' / 'epoch_4.pth'))
    assert runner.loaded_meta['seed'] == 3 and runner.loaded_meta['config']['model']['type'] == 'PRIOR'


@pytest.mark.parametrize('wanted', [True, False])
def test_channels_last(run, tmp_path, wanted):
    """The config's switch reaches the convolutions; without it they are as the model makes them."""
    config = tiny_config(run / 'data', tmp_path / 'run', experiment_name=f'last {wanted}', channels_last=wanted)
    config.model = dict(type='mmpretrain.ImageClassifier', backbone=dict(type='mmpretrain.ResNet', depth=18),
                        data_preprocessor=dict(type='mmpretrain.ClsDataPreprocessor'))
    weight = build_runner(config).model.backbone.layer2[0].conv1.weight
    assert weight.is_contiguous(memory_format=torch.channels_last) is wanted
