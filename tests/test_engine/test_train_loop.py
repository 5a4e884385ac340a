"""Training in stages: what a stage changes, and that a resumed run is the run."""
import json

import pytest
import torch
from mmengine.hooks import Hook
from tiny_run import tiny_config

from prior_mm.engine.launch import build_runner

STEPS = 3  # of an epoch


class StopAt(Hook):
    """Ends a run as a crash would, at the beginning of a step; before it, writes a checkpoint after each step."""

    priority = 'VERY_LOW'

    def __init__(self, step: int) -> None:
        self.step = step

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter + 1 == self.step:
            runner.save_checkpoint(runner.work_dir, f'iter_{self.step}.pth', by_epoch=False)
            raise KeyboardInterrupt


@pytest.fixture(scope='module')
def whole_run(tmp_path_factory):
    """A run from beginning to end, with its data."""
    folder = tmp_path_factory.mktemp('whole')
    runner = build_runner(tiny_config(folder / 'data', folder / 'run', experiment_name='whole'))
    runner.train()
    return folder, runner


def scalars(folder) -> list[dict]:
    """What was logged of the training steps."""
    (path, ) = folder.glob('*/vis_data/scalars.json')
    return [record for line in path.read_text().splitlines() if 'lr' in (record := json.loads(line))]


@pytest.mark.slow
@pytest.mark.parametrize('step', [2, 6, 7, 9, 14, 17])
def test_resumed_run_is_the_run(whole_run, step, tmp_path):
    """Stopped in the middle of an epoch or between two, in any stage: the same final weights, bit by bit."""
    folder, whole = whole_run
    stopped = build_runner(tiny_config(folder / 'data', tmp_path, experiment_name=f'stopped{step}'))
    stopped.register_hook(StopAt(step), priority='VERY_LOW')
    with pytest.raises(KeyboardInterrupt):
        stopped.train()
    resumed = build_runner(tiny_config(folder / 'data', tmp_path, experiment_name=f'resumed{step}', resume=True,
                                       load_from=str(tmp_path / f'iter_{step}.pth')))
    resumed.train()
    assert resumed.iter == whole.iter == 6 * STEPS
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name
    state = resumed.optim_wrapper.state_dict()['state']
    for key, values in whole.optim_wrapper.state_dict()['state'].items():
        assert all(torch.equal(value, state[key][name]) for name, value in values.items())


@pytest.mark.slow
def test_resumed_run_validates_as_the_run(tmp_path, monkeypatch):
    """The validation that a resumed run begins with is of its stage: with its losses, and the temperature it had."""
    seen = []
    monkeypatch.setattr('prior_mm.engine.StagedTrainLoop._validate', lambda loop: seen.append((
        loop._epoch, sorted(loop.runner.model.loss_weights), loop.runner.model.prototype_bank.temperature)))
    build_runner(tiny_config(tmp_path / 'data', tmp_path / 'run', experiment_name='seen', **{
        'default_hooks.checkpoint.max_keep_ckpts': 9})).train()
    whole = {epoch: rest for epoch, *rest in seen}
    assert len(whole) == 6 and whole[2][0] != whole[6][0] and whole[5][1] < 0.9
    for epoch in (2, 5):
        seen.clear()
        build_runner(tiny_config(tmp_path / 'data', tmp_path / f'from{epoch}', experiment_name=f'seen{epoch}',
                                 resume=True, load_from=str(tmp_path / f'run/epoch_{epoch}.pth'))).train()
        assert seen[0][0] == epoch and {epoch: rest for epoch, *rest in seen}.items() <= whole.items()


def test_rates_elsewhere_are_an_error(tmp_path):
    """The stages say the rates; a scheduler beside them would be passed over."""
    config = tiny_config(tmp_path / 'data', tmp_path / 'run', experiment_name='rates',
                         param_scheduler=[dict(type='ConstantLR', factor=.1)])
    with pytest.raises(ValueError, match='takes the rates from its stages'):
        build_runner(config).train()


def test_stages(whole_run):
    """Each stage logs its own losses; each has a checkpoint at its end."""
    folder, _ = whole_run
    logged = [sum(name.startswith('loss_') for name in record) for record in scalars(folder / 'run')]
    assert logged == [3] * 2 * STEPS + [4] * 2 * STEPS + [8] * 2 * STEPS
    assert {path.name for path in (folder / 'run').glob('stage_*.pth')} == {
        'stage_1_alignment.pth', 'stage_2_prototypes.pth', 'stage_3_reconstruction.pth'}


@pytest.mark.parametrize('lost', [False, True])
def test_what_no_gradient_reaches(tmp_path, monkeypatch, lost):
    """A part that should train and gets no gradient is named, once a stage; what rests in a stage is not."""
    runner = build_runner(tiny_config(tmp_path / 'data', tmp_path / 'run', experiment_name=f'lost{lost}'))
    if lost:
        projection = runner.model.text_encoder
        monkeypatch.setattr(projection, 'forward', torch.no_grad()(projection.forward))
    said = []
    monkeypatch.setattr(runner.logger, 'warning', lambda text, *rest: said.append(text))
    runner.train()
    said = [text for text in said if 'no gradient reaches' in text]
    assert len(said) == (3 if lost else 0)
    assert all('text_encoder.' in text for text in said)


def test_learning_rate_and_temperature(whole_run):
    """Each stage warms up from its own rate and ends near 0; the temperature falls to a tenth at the last step."""
    folder, runner = whole_run
    rates = [record['lr'] for record in scalars(folder / 'run')]
    assert rates[0] == rates[2 * STEPS] == 0
    assert rates[STEPS] == rates[3 * STEPS] == rates[4 * STEPS] == 1e-3
    assert runner.model.prototype_bank.temperature == pytest.approx(0.09)


def test_optimizer_is_fresh_in_each_stage(whole_run):
    """The optimizer's state counts the steps of the last stage only."""
    _, runner = whole_run
    steps = {int(state['step']) for state in runner.optim_wrapper.state_dict()['state'].values()}
    assert steps == {2 * STEPS}


ACCUMULATED = {'optim_wrapper.accumulative_counts': 2}  # of 3 steps in an epoch, the second and the third update


@pytest.fixture(scope='module')
def accumulated_run(whole_run):
    """A run that updates at every second step, with its data."""
    folder, _ = whole_run
    runner = build_runner(tiny_config(folder / 'data', folder / 'sum', experiment_name='sum', **ACCUMULATED))
    runner.train()
    return folder, runner


def test_accumulated_gradients(accumulated_run):
    """The last step of an epoch updates as well, so that no gradient reaches another epoch or stage."""
    _, runner = accumulated_run
    steps = {int(state['step']) for state in runner.optim_wrapper.state_dict()['state'].values()}
    assert steps == {2 * 2}


@pytest.mark.slow
@pytest.mark.parametrize('step', [2, 12, 14])
def test_resumed_run_with_accumulated_gradients(accumulated_run, step, tmp_path):
    """Resumed at an update, in mid-epoch or between two stages: the same final weights, bit by bit."""
    folder, whole = accumulated_run
    stopped = build_runner(tiny_config(folder / 'data', tmp_path, experiment_name=f'sum_{step}', **ACCUMULATED))
    stopped.register_hook(StopAt(step), priority='VERY_LOW')
    with pytest.raises(KeyboardInterrupt):
        stopped.train()
    resumed = build_runner(tiny_config(folder / 'data', tmp_path, experiment_name=f'more_{step}', resume=True,
                                       load_from=str(tmp_path / f'iter_{step}.pth'), **ACCUMULATED))
    resumed.train()
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name


class Poison(Hook):
    """Puts NaN into the images of some steps, and looks whether these steps left the model alone."""

    def __init__(self, steps) -> None:
        self.steps = steps
        self.untouched: list[bool] = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.before = {name: value.clone() for name, value in runner.model.state_dict().items()}
        if runner.iter in self.steps:
            data_batch['inputs'][0, 0, 0, 0] = float('nan')

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter in self.steps:
            self.untouched.append(all(torch.equal(value, self.before[name])
                                      for name, value in runner.model.state_dict().items()))


@pytest.mark.slow
def test_steps_that_are_not_finite(tmp_path):
    """They change neither parameters nor running statistics, are counted, and their studies are in the log."""
    runner = build_runner(tiny_config(tmp_path / 'data', tmp_path / 'run', experiment_name='skip'))
    poison = Poison({1, 2, 7, 13})
    runner.register_hook(poison)
    runner.train()
    assert poison.untouched == [True] * 4 and runner.iter == 6 * STEPS
    assert (runner.optim_wrapper.skipped, runner.optim_wrapper.skipped_in_row) == (4, 0)
    assert all(value.isfinite().all() for value in runner.model.state_dict().values())
    (log, ) = (tmp_path / 'run').glob('*/*.log')
    assert "step 2 (stage alignment, epoch 1), studies ['s" in log.read_text()
    assert '4 skipped so far, 1 in a row' in log.read_text()


@pytest.mark.slow
def test_accumulated_gradients_that_are_not_finite(tmp_path):
    """One bad batch spoils the sum: all steps since the last update leave no trace, and all their studies are named."""
    runner = build_runner(tiny_config(tmp_path / 'data', tmp_path / 'run', experiment_name='skip sum', **ACCUMULATED))
    poison = Poison({3})
    start = {}

    class Remember(Hook):

        def before_train_iter(self, runner, batch_idx, data_batch=None):
            if runner.iter == 3:
                start.update({name: value.clone() for name, value in runner.model.state_dict().items()})

        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            if runner.iter == 4:
                assert all(torch.equal(value, start[name]) for name, value in runner.model.state_dict().items())

    runner.register_hook(poison)
    runner.register_hook(Remember())
    runner.train()
    assert start and runner.optim_wrapper.skipped == 1
    (log, ) = (tmp_path / 'run').glob('*/*.log')
    (line, ) = [line for line in log.read_text().splitlines() if 'gradients are not finite' in line]
    assert 'step 5 (stage alignment, epoch 2), studies' in line and line.count('studies [') == 2


@pytest.mark.slow
def test_too_many_steps_that_are_not_finite(tmp_path):
    """Then training stops with a message that names step and studies, and the parameters are as they were."""
    config = tiny_config(tmp_path / 'data', tmp_path / 'run', experiment_name='nan', **{
        'optim_wrapper.max_skipped': 2})
    runner = build_runner(config)
    poison = Poison({1, 2})
    runner.register_hook(poison)
    with pytest.raises(FloatingPointError, match=r'2 steps in a row .* step 3 \(stage alignment, epoch 1\), studies'):
        runner.train()
    assert all(torch.equal(value, poison.before[name]) for name, value in runner.model.state_dict().items())


def test_too_few_studies(tmp_path):
    """An epoch without a batch is an error that names the setting."""
    config = tiny_config(tmp_path / 'data', tmp_path / 'run', experiment_name='few', **{
        'train_dataloader.batch_size': 13})
    with pytest.raises(ValueError, match='batch_size'):
        build_runner(config).train()
