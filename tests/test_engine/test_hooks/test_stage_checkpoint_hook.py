"""Which checkpoints are written as stages end."""
from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st

from prior_mm.engine import StageCheckpointHook, Stages


@settings(deadline=None)
@given(lengths=st.lists(st.integers(1, 4), min_size=1, max_size=4), save_optimizer=st.booleans())
def test_one_a_stage(lengths, save_optimizer):
    """One at the last epoch of each stage, named after its number and name, and none in between."""
    stages = Stages.from_config([dict(name='abcd'[n], epochs=epochs, lr=1, losses=dict(kl=1.))
                                 for n, epochs in enumerate(lengths)])
    ends = [sum(lengths[:n + 1]) for n in range(len(lengths))]
    written = []
    runner = SimpleNamespace(work_dir='run', save_checkpoint=lambda *args, **options: written.append(
        (runner.epoch + 1, args, options)))
    runner.train_loop = SimpleNamespace(stages=stages, is_last_epoch_of_stage=lambda epoch: epoch + 1 in ends)
    hook = StageCheckpointHook(save_optimizer)
    for runner.epoch in range(stages.epochs):
        runner.train_loop.stage = stages.stages[stages.at(runner.epoch)[0]]
        hook.after_train_epoch(runner)
    assert written == [(end, ('run', f'stage_{n + 1}_{"abcd"[n]}.pth'), dict(save_optimizer=save_optimizer))
                       for n, end in enumerate(ends)]
