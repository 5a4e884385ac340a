"""SIGTERM and SIGINT: saved at the end of the step, or batch of validation, ended with the signal's status."""
import os
import signal

import pytest
from mmengine.hooks import Hook
from test_checkpoint_hook import config_for

from prior_mm.checkpoints.checkpoint import latest_checkpoint, load_checkpoint
from prior_mm.engine.hooks import Preempted
from prior_mm.engine.launch import build_runner


class SendAt(Hook):
    """Sends this process a signal in a step, or in the validation after it."""

    def __init__(self, number: int, step: int, validating: bool = False) -> None:
        self.number, self.step, self.validating = number, step, validating

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter + 1 == self.step and not self.validating:
            os.kill(os.getpid(), self.number)

    def before_val_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.step and self.validating:
            os.kill(os.getpid(), self.number)


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    """The folder of a run that nobody disturbs, with the weights at its end."""
    folder = tmp_path_factory.mktemp('undisturbed')
    build_runner(config_for(folder, 'run')).train()
    return folder, load_checkpoint(folder / 'run' / 'iter_6.pth')


@pytest.mark.slow
@pytest.mark.parametrize(('number', 'step', 'validating', 'place'), [
    (signal.SIGTERM, 5, False, (1, 5)), (signal.SIGINT, 3, False, (0, 3)), (signal.SIGTERM, 3, True, (1, 3))],
    ids=['in a step', "at an epoch's end", 'in validation'])
def test_saves_stops_and_goes_on(whole, number, step, validating, place, tmp_path):
    """What is saved is resumed to the same end, to the bit; then it is removed, and the signals are as they were."""
    folder, end = whole
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    config = config_for(folder, tmp_path.name)
    runner = build_runner(config)
    runner.register_hook(SendAt(number, step, validating))
    with pytest.raises(Preempted) as stopped:
        try:
            runner.train()
        finally:
            for listened, handler in zip((signal.SIGTERM, signal.SIGINT), before, strict=True):
                signal.signal(listened, handler)  # on its way out, a process ignores them
    assert stopped.value.code == 128 + number
    saved = latest_checkpoint(folder / tmp_path.name)
    assert saved.name == 'preempted.pth'
    meta = load_checkpoint(saved)['meta']
    assert (meta['epoch'], meta['iter']) == place
    config = config_for(folder, tmp_path.name)
    config.resume, config.experiment_name = True, f'resumed {tmp_path.name}'
    resumed = build_runner(config)
    resumed.train()
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
    assert all(value.equal(resumed.model.state_dict()[name]) for name, value in end['state_dict'].items())
    assert not saved.exists() and latest_checkpoint(saved.parent).name == 'iter_6.pth'


@pytest.mark.slow
def test_waits_for_accumulated_gradients(whole, tmp_path):
    """A checkpoint holds no gradients: the run goes on to the next update first."""
    folder, _ = whole
    config = config_for(folder, tmp_path.name)
    config.optim_wrapper.accumulative_counts = 2
    runner = build_runner(config)
    runner.register_hook(SendAt(signal.SIGTERM, 4))
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(Preempted):
        runner.train()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, handler)
    assert load_checkpoint(folder / tmp_path.name / 'preempted.pth')['meta']['iter'] == 5


@pytest.mark.slow
def test_can_be_left_out(whole, tmp_path):
    """`default_hooks=dict(preemption=None)` leaves the signals alone."""
    folder, _ = whole
    config = config_for(folder, tmp_path.name)
    config.default_hooks.preemption = None
    assert 'PreemptionHook' not in {type(hook).__name__ for hook in build_runner(config).hooks}
    config = config_for(folder, f'with_{tmp_path.name}')
    assert 'PreemptionHook' in {type(hook).__name__ for hook in build_runner(config).hooks}
