"""Stock hooks of MMEngine that remember something: a run that is stopped and resumed is the whole run, to the bit."""
import json
import os
import signal
from pathlib import Path

import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.hooks import EMAHook, Hook
from nothing_silent_page import says
from test_visit_train_loop import Mean, Net, Numbers
from tiny_run import tiny_config

from prior_mm.checkpoints.checkpoint import latest_checkpoint, load_checkpoint
from prior_mm.datasets.sampler import Visit
from prior_mm.engine import PriorFlexibleRunner, PriorRunner, resumed_run
from prior_mm.engine.hooks import Preempted
from prior_mm.engine.launch import build_runner
from prior_mm.engine.resumed_config import Resumed

EMA = dict(type='EMAHook', momentum=0.1)
HOOKS = {
    'EMAHook': [EMA], 'EMAHook of buffers': [dict(EMA, update_buffers=True, interval=2, begin_iter=3)],
    'StochasticWeightAverage': [dict(type='EMAHook', ema_type='StochasticWeightAverage')],
    'MomentumAnnealingEMA': [dict(type='EMAHook', ema_type='MomentumAnnealingEMA', gamma=4)],
    'EarlyStoppingHook': [dict(type='EarlyStoppingHook', monitor='mean', rule='less', patience=2, min_delta=9.)],
    'others': [dict(type='SyncBuffersHook'), dict(type='EmptyCacheHook'), dict(type='DistSamplerSeedHook'),
               dict(type='ProfilerHook')],
}
SCHEDULES = {
    'cosine': [dict(type='CosineAnnealingLR', by_epoch=False)],
    'plateau': [dict(type='ReduceOnPlateauLR', monitor='mean', rule='less', patience=1, threshold=9.,
                     min_value=0.01)],
    'one cycle': [dict(type='OneCycleLR', eta_max=0.1, total_steps=12, by_epoch=False)],
    'momentum too': [dict(type='LinearLR', end=5, by_epoch=False),
                     dict(type='CosineAnnealingMomentum', eta_min=0.5, by_epoch=False)],
}


class Stop(Hook):
    """Sends SIGTERM in a step or in the validation after it."""

    priority = 'VERY_HIGH'

    def __init__(self, step: int, validating: bool = False) -> None:
        self.step, self.validating = step, validating

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter + 1 == self.step and not self.validating:
            os.kill(os.getpid(), signal.SIGTERM)

    def before_val_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.step and self.validating:
            os.kill(os.getpid(), signal.SIGTERM)


def train(folder: Path, hooks: list, schedule: list = SCHEDULES['cosine'], stop: Stop | None = None,
          save_best='mean', **options) -> PriorRunner:
    """Twelve steps, validated after every third, with a checkpoint after every second."""
    torch.manual_seed(0)
    runner = PriorRunner(
        model=Net(), work_dir=str(folder), default_scope='prior_mm', randomness=dict(seed=1),
        experiment_name=f'{folder}{stop}{options}', log_level='WARNING',
        train_dataloader=dict(batch_size=2, num_workers=0, dataset=Numbers(),
                              sampler=dict(type='prior_mm.EndlessVisitSampler')),
        val_dataloader=dict(batch_size=2, num_workers=0, dataset=Numbers(),
                            sampler=dict(type='prior_mm.VisitSampler', shuffle=False)),
        val_evaluator=Evaluator([Mean()]), val_cfg=dict(),
        train_cfg=dict(type='prior_mm.VisitTrainLoop', max_iters=12, val_interval=3),
        optim_wrapper=dict(type='prior_mm.AutocastOptimWrapper', dtype='float32',
                           optimizer=dict(type='SGD', lr=0.1, momentum=0.9)),
        param_scheduler=schedule, custom_hooks=hooks, log_processor=dict(window_size=5, by_epoch=False),
        default_hooks=dict(logger=dict(type='LoggerHook', interval=1), checkpoint=dict(
            type='CheckpointHook', by_epoch=False, interval=2, max_keep_ckpts=2, save_best=save_best, rule='less')),
        visualizer=dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend')]), **options)
    if stop is not None:
        runner.register_hook(stop)
    runner.train()
    return runner


def end(folder: Path) -> dict:
    """The last checkpoint, without what tells the run's name and time; texts instead of tensors."""
    checkpoint = load_checkpoint(latest_checkpoint(folder))
    for name in ('time', 'experiment_name', 'config'):
        del checkpoint['meta'][name]
    checkpoint['log_history'] = {name: value for name, value in checkpoint['log_history'].items() if 'time' not in name}
    return json.loads(json.dumps(checkpoint, default=torch.Tensor.tolist).replace(str(folder), 'FOLDER'))


def logged(folder: Path) -> dict:
    """The last line of each step in the logs of all starts, but for times."""
    lines = [json.loads(line) for path in sorted(folder.glob('*/vis_data/scalars.json'))
             for line in path.read_text().splitlines()]
    return {(line['step'], 'mean' in line): {name: value for name, value in line.items() if 'time' not in name}
            for line in lines}


def stopped_and_resumed(folder: Path, stop: Stop, *arguments, **options) -> PriorRunner:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(Preempted):
            train(folder, *arguments, stop=stop, **options)
    finally:
        for number, handler in zip((signal.SIGTERM, signal.SIGINT), before, strict=True):
            signal.signal(number, handler)
    return train(folder, *arguments, resume=True, **options)


#: What users of other projects met, by the case that tries it here.
REPORTED = {
    'EMAHook': [('schnetpack 785', 'stopped in a validation, while the model holds its averaged weights'),
                ('Latte 55', 'averaged weights and those of the training, stopped in a step')],
    'EarlyStoppingHook': [('pytorch-lightning 18727', 'the best score and the patience of early stopping')],
    'MomentumAnnealingEMA': [('ace 819', 'averaging that depends on the number of updates')],
    'one cycle': [('mmdetection 6572', 'the learning rate of each step after the resume'),
                  ('yolov5 292', 'a schedule built anew around a loaded optimizer')],
    'momentum too': [('torchtitan 2864', 'the order of the data in later epochs'),
                     ('Real-ESRGAN 799', 'the first data again at each resume')],
}
CASES = [(name, hooks, 'cosine') for name, hooks in HOOKS.items()] + [
    (name, [], name) for name in SCHEDULES if name != 'cosine']


@pytest.mark.slow
@pytest.mark.parametrize(('name', 'hooks', 'schedule'), CASES, ids=[name for name, *_ in CASES])
def test_resumed_run_is_the_run(tmp_path, name, hooks, schedule):
    """Weights, averaged weights, optimizer, schedules, counts of hooks, kept and best files, and the log's means."""
    whole = train(tmp_path / 'whole', hooks, SCHEDULES[schedule])
    assert (whole.iter < 12) == (name == 'EarlyStoppingHook')
    for stop in ((5, False), (6, True)):  # in a step, and in a validation
        folder = tmp_path / str(stop)
        resumed = stopped_and_resumed(folder, Stop(*stop), hooks, SCHEDULES[schedule])
        assert resumed.iter == whole.iter
        assert end(tmp_path / 'whole') == end(folder)
        files = [{path.name for path in found.glob('*.pth')} for found in (tmp_path / 'whole', folder)]
        assert files[0] == files[1]
        assert logged(tmp_path / 'whole') == logged(folder)
    for reported, given in REPORTED.get(name, ()):
        says('Public reports: resuming', reported, given, 'as in the whole run, to the bit')


@pytest.mark.slow
def test_several_best_ones(tmp_path):
    """Each metric keeps its own best score and file over a resume."""
    best = dict(save_best=['mean', 'mean_again'])

    class Twice(Mean):
        def compute_metrics(self, results):
            return dict(super().compute_metrics(results), mean_again=-sum(results))

    import test_hook_state
    original, test_hook_state.Mean = Mean, Twice
    try:
        train(tmp_path / 'whole', [], **best)
        stopped_and_resumed(tmp_path / 'run', Stop(8), [], **best)
    finally:
        test_hook_state.Mean = original
    assert end(tmp_path / 'whole') == end(tmp_path / 'run')
    assert len(list((tmp_path / 'run').glob('best_*.pth'))) == 2
    says('Public reports: resuming', 'mmsegmentation 2428', 'the best score so far, of each metric',
         'kept, with its file; failed here for several metrics, mended')


def test_the_best_of_another_metric_is_none(tmp_path, monkeypatch):
    """A resumed run that goes by another rule begins its search for a best one anew (test_resumed_config.py: when)."""
    train(tmp_path / 'run', [], stop=None, save_best='mean')
    content = load_checkpoint(tmp_path / 'run/iter_10.pth')
    assert 'best_score' in content['runtime_info']
    content['runtime_info']['best_score'] = -1e9  # nothing is better
    torch.save(content, tmp_path / 'start.pth')
    for name, judged in (('same', False), ('other', True)):
        monkeypatch.setattr(resumed_run, 'check_config', lambda *_, judged=judged: Resumed(None, judged))
        train(tmp_path / name, [], resume=True, load_from=str(tmp_path / 'start.pth'))
        assert bool(list((tmp_path / name).glob('best_mean*.pth'))) == judged
    says('Resuming', 'a resume that does not compare the config',
         '`save_best` by another metric, or another validation',
         'the best score of before is forgotten, with a warning: the search begins anew')


def test_best_of_another_folder_is_left_alone(tmp_path):
    """A run resumed elsewhere, with a better score, removes nothing of the run that it goes on from."""
    train(tmp_path / 'first', [])
    there = {path.name for path in (tmp_path / 'first').glob('*.pth')}
    checkpoint = latest_checkpoint(tmp_path / 'first')
    content = load_checkpoint(tmp_path / 'first' / 'iter_10.pth')
    content['runtime_info']['best_score'] = 1e9
    torch.save(content, tmp_path / 'start.pth')
    train(tmp_path / 'second', [], resume=True, load_from=str(tmp_path / 'start.pth'))
    assert {path.name for path in (tmp_path / 'first').glob('*.pth')} == there and checkpoint.is_file()
    assert list((tmp_path / 'second').glob('best_*.pth'))
    says('Public reports: resuming', 'tf-keras 430', 'the best file of the run that is resumed, in another folder',
         'left alone; a better one of the new run removed it before, mended')


@pytest.mark.slow
@pytest.mark.parametrize('step', [2, 14])
def test_averaged_weights_in_stages(tmp_path, step):
    """EMAHook over the three stages of pre-training, stopped in the middle of an epoch and between two."""
    def run(name: str, **changes):
        config = tiny_config(tmp_path / 'data', tmp_path / name, experiment_name=f'{name}{changes}', custom_hooks=[EMA],
                             **{'default_hooks.checkpoint.by_epoch': False}, **changes)
        for stage in config.train_cfg.stages:
            stage.update(epochs=2)
        return build_runner(config)

    run('whole').train()
    first = run('run')
    first.register_hook(Stop(step))
    with pytest.raises(Preempted):
        first.train()
    run('run', resume=True).train()
    ends = [load_checkpoint(latest_checkpoint(tmp_path / name)) for name in ('whole', 'run')]
    for part in ('state_dict', 'ema_state_dict'):
        assert all(value.equal(ends[1][part][name]) for name, value in ends[0][part].items()), part
        same = sum(value.equal(ends[0]['ema_state_dict'][f'module.{name}'])
                   for name, value in ends[0]['state_dict'].items())
    assert same < len(ends[0]['state_dict']) / 2  # the averaged weights are others than the last ones
    says('Resuming', "a hook's contract broken", 'EMAHook and `--resume` in the middle of a stage',
         'all tensors, and the averaged ones, are those of the whole run, to the bit')


@pytest.mark.parametrize('hooks', [[EMA], []], ids=['with EMAHook', 'without it'])
def test_averaged_weights_are_tested(tmp_path, hooks):
    """As MMEngine does, a test is of the averaged weights, whether the config that tests has the hook or not."""
    train(tmp_path / 'run', [EMA])
    last = latest_checkpoint(tmp_path / 'run')
    content = load_checkpoint(last)
    averaged, trained = (content['state_dict'], content['ema_state_dict'])
    assert not averaged['layers.2.weight'].equal(trained['module.layers.2.weight'])
    tested = dict(dataset=Numbers(), sampler=dict(type='prior_mm.VisitSampler', shuffle=False))
    runner = PriorRunner(
        model=Net(), work_dir=str(tmp_path / 'test'), default_scope='prior_mm', load_from=str(last), custom_hooks=hooks,
        experiment_name=f'{tmp_path} test', test_dataloader=dict(batch_size=2, num_workers=0, **tested),
        test_evaluator=Evaluator([Mean()]), test_cfg=dict())
    figure = runner.test()['mean']

    def by_hand(weights):
        net = Net().eval()
        net.load_state_dict({name: weights[name] for name in net.state_dict()})
        visits = [Numbers()[Visit(index)]['inputs'] for index in range(7)]
        with torch.no_grad():
            losses = [float(net(visits[first:first + 2])[0]) for first in range(0, 7, 2)]
        return sum(losses) / len(losses)

    assert figure == pytest.approx(by_hand(averaged), rel=1e-5)
    assert figure != pytest.approx(by_hand({**averaged, **{
        name.removeprefix('module.'): value for name, value in trained.items()}}), rel=1e-3)
    says('Public reports: weights loading', 'mmdetection 4667', 'EMAHook in the config of a test: which weights?',
         'the averaged ones, which stand in state_dict, with and without the hook')


def test_averages_of_shards():
    """Under FSDP a process has a shard of the weights; EMAHook would take it for the model."""
    with pytest.raises(ValueError, match='EMAHook averages and saves whole weights') as refused:
        PriorFlexibleRunner.register_hook(object.__new__(PriorFlexibleRunner), EMAHook())
    says('Resuming', "a hook's contract broken", 'EMAHook with FSDPStrategy', f'stops: {refused.value}')


@pytest.mark.parametrize(('hooks', 'then', 'message'), [
    ([EMA], [], 'keep EMAHook among custom_hooks'),
    ([], [dict(type='ProfilerHook', by_epoch=False, profile_times=3)], 'ProfilerHook profiles the first 3 steps'),
], ids=['without EMAHook', 'ProfilerHook'])
def test_refused_by_name(tmp_path, hooks, then, message):
    """A hook with which a resumed run would be another one is named, with what to do; no profiler outlives it.

    A profiler that still runs crashes the process as it ends.
    """
    train(tmp_path, hooks)
    with pytest.raises(ValueError, match=rf'cannot be resumed: .*{message}'):
        train(tmp_path, then, resume=True)
    assert not torch._C._autograd._profiler_enabled()


def test_what_an_older_checkpoint_does_not_hold(tmp_path):
    """A hook whose state is missing begins anew, and that is said."""
    train(tmp_path, [])
    runner = train(tmp_path, HOOKS['EarlyStoppingHook'], resume=True)
    log = ''.join(path.read_text() for path in tmp_path.glob('*/*.log'))
    assert 'no state of EarlyStoppingHook: they begin anew' in log and runner.iter == 12
