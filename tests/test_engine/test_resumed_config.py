"""A run that is resumed with another config: what may change, what may not, and what the learning rate does."""
import re
from unittest.mock import MagicMock

import pytest
import torch
from mmengine.config import Config
from nothing_silent_page import says
from test_visit_train_loop import Net, Numbers
from tiny_run import tiny_config

from prior_mm.checkpoints.checkpoint import load_checkpoint, save_checkpoint
from prior_mm.engine.launch import build_runner
from prior_mm.engine.resumed_config import changes, check_config, sorted_out
from prior_mm.engine.resumed_hooks import hooks_by_name
from prior_mm.files.file_hash import sha256
from prior_mm.registry import DATASETS, MODELS

MODELS.register_module(name='RatesNet', module=Net, force=True)
DATASETS.register_module(name='SevenNumbers', module=Numbers, force=True)


def rates_of(runner) -> list[float]:
    """Train, and give the learning rate of each step."""
    found = []
    step = runner.optim_wrapper_step = runner.train_loop.run_iter

    def watched(*arguments):
        step(*arguments)
        found.append(runner.optim_wrapper.param_groups[0]['lr'])

    runner.train_loop.run_iter = watched
    runner.train()
    return found


@pytest.fixture(scope='module')
def staged(tmp_path_factory):
    """Two stages of 2 epochs of 3 steps; checkpoints after each epoch."""
    folder = tmp_path_factory.mktemp('staged')
    build_runner(config_of(folder, 'run')).train()
    return folder


def config_of(folder, name: str, epochs: tuple = (2, 2), **changes) -> Config:
    config = tiny_config(folder / 'data', folder / name, experiment_name=f'{name}{epochs}{changes}', **{
        'default_hooks.checkpoint.max_keep_ckpts': 9, **changes})
    config.train_cfg.stages = config.train_cfg.stages[:len(epochs)]
    for stage, length in zip(config.train_cfg.stages, epochs, strict=True):
        stage.epochs = length
    return config


def resumed(folder, epoch: int, name: str, *arguments, **changes):
    return build_runner(config_of(folder, name, *arguments, resume=True,
                                  load_from=str(folder / f'run/epoch_{epoch}.pth'), **changes))


def test_what_is_the_same():
    """Containers, ``None`` and what is left out are no difference; nor are names that nobody reads."""
    found = changes(dict(model=dict(a=[1, 2], b=None), stages=3), dict(model=dict(a=(1, 2), c={}), stages=4))
    assert found == {'stages': (3, 4)} and sorted_out(found) == ([], [], [])


@pytest.mark.parametrize(('change', 'kind'), [
    ('model.embed_dims', 0), ('optim_wrapper.optimizer.lr', 0), ('optim_wrapper.accumulative_counts', 0),
    ('train_dataloader.batch_size', 0), ('train_dataloader.dataset.pipeline.0.size', 0), ('train_cfg.type', 0),
    ('train_cfg.max_iters', 1), ('train_cfg.stages.1.epochs', 1), ('param_scheduler.0.end', 1),
    ('optim_wrapper.dtype', 2), ('train_dataloader.num_workers', 2), ('train_dataloader.dataset.data_root', 2),
    ('model.text_encoder.pretrained', 2), ('model.image_encoder.with_cp', 2), ('val_dataloader.batch_size', 2),
    ('train_cfg.val_interval', 2), ('default_hooks.checkpoint.interval', 2),
    ('custom_hooks.EMAHook.momentum', 0), ('custom_hooks.EMAHook 2.type', 0), ('default_hooks.param_scheduler', 0),
    ('default_hooks.sampler_seed.type', 0), ('custom_hooks.EarlyStoppingHook.patience', 2)])
def test_sorted_out(change, kind):
    """What may not change, what is of the schedule, what holds from here on; each a line with both values."""
    lines = sorted_out({change: (1, 2)})
    assert lines[kind] == [f'{change} was 1, now it is 2'] and sum(map(len, lines)) == 1


@pytest.mark.parametrize(('before', 'now', 'lines'), [
    (dict(custom_hooks=[dict(type='EMAHook'), dict(type='ProfilerHook')]),
     dict(custom_hooks=[dict(type='ProfilerHook'), dict(type='mmengine.hooks.EMAHook')]), [[], []]),
    (dict(custom_hooks=[dict(type="<class 'mmengine.hooks.ema_hook.EMAHook'>", momentum=0.1)]),
     dict(custom_hooks=[dict(type='EMAHook', momentum=0.2)]), [['custom_hooks.EMAHook.momentum was 0.1, now it is 0.2'],
                                                               []]),
    (dict(custom_hooks=[dict(type='SyncBuffersHook')]), {},
     [["custom_hooks.SyncBuffersHook.type was 'SyncBuffersHook', now it is nothing"], []]),
    (dict(custom_hooks=[dict(type='EarlyStoppingHook', patience=3)]),
     dict(custom_hooks=[dict(type='EarlyStoppingHook', patience=5)]),
     [[], ['custom_hooks.EarlyStoppingHook.patience was 3, now it is 5']]),
    ({}, dict(default_hooks=dict(sampler_seed=dict(type='DistSamplerSeedHook'), timer=None)),
     [[], ["default_hooks.timer was nothing, now it is 'left out'"]]),
    ({}, dict(default_hooks=dict(param_scheduler=None)),
     [["default_hooks.param_scheduler was nothing, now it is 'left out'",
       "default_hooks.param_scheduler.type was 'ParamSchedulerHook', now it is nothing"], []]),
    ({}, dict(custom_hooks=[dict(type='MineHook')]),
     [[], ["custom_hooks.MineHook.type was nothing, now it is 'MineHook' (whether this hook takes part in a step is "
           'not known here: if it does, this is another run)']]),
], ids=['another order', 'other averages', 'gone', 'patience', 'what is the default', 'no schedule', 'unknown'])
def test_hooks(before, now, lines):
    """Hooks are compared by name; those of a step may not change, those that look on or end a run may."""
    fixed, schedule, free = sorted_out(changes(hooks_by_name(before), hooks_by_name(now)))
    assert [fixed, free] == lines and not schedule


@pytest.mark.slow
def test_a_hook_added(staged):
    """EMAHook in a run that had none would average from here on only: refused."""
    with pytest.raises(ValueError, match='cannot be resumed: custom_hooks.EMAHook.* was nothing, now it is') as error:
        resumed(staged, 3, 'averaged', custom_hooks=[dict(type='PrototypeTemperatureHook', schedule='exp'),
                                                     dict(type='EMAHook')]).train()
    says('Resuming', 'a resume that does not compare the config', 'EMAHook added to `custom_hooks`', str(error.value),
         staged)
    with pytest.raises(ValueError, match="PrototypeTemperatureHook.schedule was 'exp', now it is 'linear'"):
        resumed(staged, 3, 'temperature',
                custom_hooks=[dict(type='PrototypeTemperatureHook', schedule='linear')]).train()


@pytest.mark.slow
@pytest.mark.parametrize(('change', 'value'), [
    ('model.embed_dims', 64), ('optim_wrapper.optimizer.lr', 1e-2), ('train_dataloader.batch_size', 3)])
def test_another_run(staged, change, value):
    """Model, optimizer and batches: the line names both values and the way to begin anew from the weights."""
    with pytest.raises(ValueError, match=rf'cannot be resumed: .*{change} was .*, now it is {value}.*load_from'):
        resumed(staged, 3, 'other', **{change: value}).train()
    says('Public reports: resuming', 'profam 269', 'another learning rate of the optimizer beside a checkpoint',
         'refused, with both values; it was passed over unsaid, mended')


def test_other_data(staged, tmp_path):
    """Annotation files that say something else of themselves are other data."""
    content = load_checkpoint(staged / 'run/epoch_3.pth')
    content['meta']['dataset_meta']['summary']['kept'] = 11
    save_checkpoint(content, tmp_path / 'other.pth')
    config = config_of(staged, 'data_changed', resume=True, load_from=str(tmp_path / 'other.pth'))
    with pytest.raises(ValueError, match='of the training data summary.kept was 11, now it is 12'):
        build_runner(config).train()


def test_other_annotations(staged, tmp_path):
    """A sentence more in the training's annotation file is other data, though all counts are the same."""
    content = load_checkpoint(staged / 'run/epoch_3.pth')
    content['meta']['fingerprint']['files']['train_dataloader.dataset.ann_file'] = 'another'
    save_checkpoint(content, tmp_path / 'other.pth')
    config = config_of(staged, 'annotations', resume=True, load_from=str(tmp_path / 'other.pth'))
    with pytest.raises(ValueError, match=r'the content of train_dataloader.dataset.ann_file was .another.') as no:
        build_runner(config).train()
    says('Resuming', 'a resume that does not compare the config',
         'an annotation file of other content, by the same name',
         re.sub("now it is '[0-9a-f]{8}'", "now it is '...'", str(no.value)), tmp_path)


def test_best_scores_of_another_judgement():
    """Where validations count otherwise, what was best before says nothing; the place of files does not count."""
    class Runner:
        cfg = Config(dict(default_hooks=dict(checkpoint=dict(save_best='auroc')), val_evaluator=dict(type='A'),
                          val_dataloader=dict(batch_size=2, dataset=dict(type='D', data_root='here'))))
        logger, train_loop = MagicMock(), MagicMock(resume_schedule=lambda *_: None)
        train_dataloader = MagicMock(dataset=None)
        fingerprint = dict(files={'val_dataloader.dataset.ann_file': '1'})

    def judged(files='1', **changes):
        before = Config(Runner.cfg.to_dict())
        before.merge_from_dict(changes)
        meta = dict(config=before.to_dict(), fingerprint=dict(files={'val_dataloader.dataset.ann_file': files}))
        return check_config(Runner(), meta).judged

    assert not judged() and not judged(**{'val_dataloader.batch_size': 3, 'val_dataloader.dataset.data_root': 'there'})
    for name in ('default_hooks.checkpoint.save_best', 'default_hooks.checkpoint.rule', 'val_evaluator.type',
                 'val_dataloader.dataset.type'):
        assert judged(**{name: 'other'}), name
    assert judged('2')
    assert judged(custom_hooks=[dict(type='EarlyStoppingHook', monitor='x')])


def test_no_difference(staged):
    """The same config resumes without a word, also under another name and with other logs."""
    runner = resumed(staged, 3, 'same', **{'default_hooks.logger.interval': 2})
    runner.train()
    log = ''.join(path.read_text() for path in (staged / 'same').glob('*/*.log'))
    assert 'the schedule changed' not in log
    assert [line.split('from here on: ')[1] for line in log.splitlines() if 'from here on' in line] == [
        'default_hooks.logger.interval was 1, now it is 2']


@pytest.mark.parametrize(('epoch', 'epochs', 'message'), [
    (3, (4, 2), 'stage alignment of 2 epochs is done or under way, and now stands there alignment of 4'),
    (3, (2, 4), 'had 2 epochs up to the rate 0.001, now it has 4 .*--resume-schedule stretch .*keep'),
    (4, (2, 1), 'shall have 1 epochs, 2 of it are done')])
def test_stage_of_another_length(staged, epoch, epochs, message):
    """No run falls back into a stage that is done, and none is longer without it being said what the rate does."""
    with pytest.raises(ValueError, match=message) as error:
        resumed(staged, epoch, f'length{epochs}', epochs).train()
    if epoch == 3 and epochs == (4, 2):
        says('Resuming', 'a resume that does not compare the config', 'a stage that is done has other epochs',
             str(error.value), staged)


@pytest.mark.slow
@pytest.mark.parametrize('how', ['stretch', 'keep'])
def test_longer_stage(staged, how):
    """Stretched, the rates are those of a run that was always so long; kept, the old ones, then the last one."""
    old = rates_of(build_runner(config_of(staged, f'old{how}')))
    whole = rates_of(build_runner(config_of(staged, f'whole{how}', (2, 4))))
    rates = rates_of(resumed(staged, 3, f'again{how}', (2, 4), resume_schedule=how))
    assert len(rates) == 9
    assert rates == (whole[9:] if how == 'stretch' else old[9:] + [old[-1]] * 6)
    again = build_runner(config_of(staged, f'once_more{how}', (2, 4), resume=True, resume_schedule=how,
                                   load_from=str(staged / f'again{how}/epoch_4.pth')))
    assert rates_of(again) == rates[3:]  # and so it stays when it is resumed once more


def test_a_stage_more(staged):
    """Stages that are to come may be added."""
    runner = resumed(staged, 4, 'more', (2, 2, 1))
    runner.train()
    assert runner.iter == 15


def by_iterations(folder, name: str, steps: int, **changes) -> Config:
    config = Config(dict(
        default_scope='prior_mm', work_dir=str(folder / name), randomness=dict(seed=1), model=dict(type='RatesNet'),
        train_dataloader=dict(batch_size=2, num_workers=0, persistent_workers=True, dataset=dict(type='SevenNumbers'),
                              sampler=dict(type='prior_mm.EndlessVisitSampler')),
        train_cfg=dict(type='prior_mm.VisitTrainLoop', max_iters=steps),
        optim_wrapper=dict(type='prior_mm.AutocastOptimWrapper', dtype='float32',
                           optimizer=dict(type='SGD', lr=0.1)),
        param_scheduler=[dict(type='LinearLR', start_factor=0.1, end=3, by_epoch=False),
                         dict(type='CosineAnnealingLR', begin=3, eta_min=0.01, by_epoch=False)],
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=5, max_keep_ckpts=9))))
    config.merge_from_dict(dict(changes, experiment_name=f'{name}{steps}{changes}'))
    torch.manual_seed(0)
    return config


def test_more_iterations(tmp_path):
    """``train_cfg.max_iters`` doubled: asked for, stretched, and kept."""
    old = rates_of(build_runner(by_iterations(tmp_path, 'old', 10)))
    whole = rates_of(build_runner(by_iterations(tmp_path, 'whole', 20)))
    start = dict(resume=True, load_from=str(tmp_path / 'old/iter_5.pth'))
    with pytest.raises(ValueError, match=r'max_iters was 10, now it is 20.*--resume-schedule') as error:
        build_runner(by_iterations(tmp_path, 'asked', 20, **start)).train()
    says('Resuming', 'a resume that does not compare the config', '`train_cfg.max_iters` doubled', str(error.value),
         tmp_path)
    stretched = rates_of(build_runner(by_iterations(tmp_path, 's', 20, resume_schedule='stretch', **start)))
    assert stretched == whole[5:]
    kept = rates_of(build_runner(by_iterations(tmp_path, 'k', 20, resume_schedule='keep', **start)))
    assert kept[:5] == old[5:] and set(kept[5:]) == {old[-1]}
    says('Public reports: resuming', 'open_clip 413', 'more steps, and the rate at its old end',
         'refused until --resume-schedule says stretch or keep; it stayed at the old end unsaid, mended')
    says('Public reports: resuming', 'insightface 2143', 'more steps, and the schedule of so many',
         '--resume-schedule stretch gives the rates of a run that was always so long')
    with pytest.raises(ValueError, match='max_iters=4, but 5 steps are done'):
        build_runner(by_iterations(tmp_path, 'fewer', 4, **start)).train()


def test_schedule_after_the_end(tmp_path):
    """``max_iters`` below the begin of a schedule is a line that names both."""
    with pytest.raises(ValueError, match=r'param_scheduler.1 \(CosineAnnealingLR\) begins at step 3 .*max_iters') as e:
        build_runner(by_iterations(tmp_path, 'short', 2)).train()
    says('Loud, but in the way', 'a schedule that begins after the end', '`train_cfg.max_iters` below it', str(e.value))


def test_checkpoint_without_a_config(staged, tmp_path):
    """What cannot be compared is said."""
    content = load_checkpoint(staged / 'run/epoch_4.pth')
    del content['meta']['config']
    save_checkpoint(content, tmp_path / 'old.pth')
    build_runner(config_of(staged, 'no_config', resume=True, load_from=str(tmp_path / 'old.pth'))).train()
    log = ''.join(path.read_text() for path in (staged / 'no_config').glob('*/*.log'))
    assert 'nothing was compared with it' in log


def test_the_start_outlives_a_stop(staged):
    """A run that began from weights, was stopped and resumed still says which: it counts as the same run."""
    began = str(staged / 'run' / 'epoch_1.pth')
    name, seen = 'begun', []
    for epochs, more in ((1, dict(load_from=began)), (2, dict(resume=True)),
                         (2, dict(resume=True, load_from=str(staged / name / 'epoch_1.pth')))):
        config = config_of(staged, name, (epochs, ), resume_schedule='keep', **more)
        build_runner(config).train()
        seen.append(load_checkpoint(staged / name / f'epoch_{epochs}.pth')['meta']['fingerprint']['files'])
    assert {files.get('load_from') for files in seen} == {sha256(began)}
    build_runner(config_of(staged, 'plain', (1, ))).train()
    build_runner(config_of(staged, 'plain', (2, ), resume=True, resume_schedule='keep',
                           load_from=str(staged / 'plain' / 'epoch_1.pth'))).train()
    plain = load_checkpoint(staged / 'plain' / 'epoch_2.pth')['meta']['fingerprint']
    assert 'load_from' not in plain['files']
