"""Training by iterations: a run that is stopped, in a step or in validation, is the run; steps that are skipped."""
import os
import signal

import pytest
import torch
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.structures import BaseDataElement
from torch.utils.data import Dataset

import prior_mm.downstream  # noqa: F401 (registers the sampler)
from prior_mm.checkpoints.checkpoint import latest_checkpoint, load_checkpoint
from prior_mm.engine import PriorRunner
from prior_mm.engine.hooks import Preempted


class Numbers(Dataset):
    """Seven vectors."""

    def __len__(self) -> int:
        return 7

    def __getitem__(self, visit) -> dict:
        generator = torch.Generator().manual_seed(visit.index)
        return dict(inputs=torch.randn(4, generator=generator),
                    data_samples=BaseDataElement(metainfo=dict(img_path=f'{visit.index}.png')))


class Net(BaseModel):
    """With running statistics and dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.BatchNorm1d(4), torch.nn.Dropout(0.5), torch.nn.Linear(4, 1))

    def forward(self, inputs, data_samples=None, mode='tensor'):
        loss = self.layers(torch.stack(list(inputs))).square().mean()
        return dict(loss=loss) if mode == 'loss' else [loss]


class Mean(BaseMetric):
    """Of what the model gives."""

    def process(self, data_batch, data_samples):
        self.results += [float(value) for value in data_samples]

    def compute_metrics(self, results):
        return dict(mean=sum(results) / len(results))


class At(Hook):
    """Sends SIGTERM in a step, or in a validation; spoils batches; counts validations."""

    priority = 'VERY_HIGH'

    def __init__(self, step: int | None = None, validating: bool = False, spoilt: tuple = ()) -> None:
        self.step, self.validating, self.spoilt, self.validations = step, validating, spoilt, []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter + 1 in self.spoilt:
            data_batch['inputs'][0].fill_(float('nan'))
        if runner.iter + 1 == self.step and not self.validating:
            os.kill(os.getpid(), signal.SIGTERM)

    def before_val_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.step and self.validating:
            os.kill(os.getpid(), signal.SIGTERM)

    def after_val_epoch(self, runner, metrics=None):
        self.validations.append((runner.iter, metrics['mean']))


def train(folder, hook: At, resume: bool = False, max_skipped: int = 10) -> PriorRunner:
    """Nine steps, validated after the fourth, the eighth and the last."""
    torch.manual_seed(0)
    runner = PriorRunner(
        model=Net(), work_dir=str(folder), default_scope='prior_mm', randomness=dict(seed=1), resume=resume,
        experiment_name=f'{folder}{resume}', log_level='WARNING',
        train_dataloader=dict(batch_size=2, num_workers=0, dataset=Numbers(),
                              sampler=dict(type='prior_mm.EndlessVisitSampler')),
        val_dataloader=dict(batch_size=2, num_workers=0, dataset=Numbers(),
                            sampler=dict(type='prior_mm.VisitSampler', shuffle=False)),
        val_evaluator=Evaluator([Mean()]), val_cfg=dict(),
        train_cfg=dict(type='prior_mm.VisitTrainLoop', max_iters=9, val_interval=4),
        optim_wrapper=dict(type='prior_mm.AutocastOptimWrapper', dtype='float32', max_skipped=max_skipped,
                           optimizer=dict(type='AdamW', lr=0.1)),
        param_scheduler=[dict(type='CosineAnnealingLR', by_epoch=False)],
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=4, max_keep_ckpts=1,
                                           save_best='mean', rule='less')))
    runner.register_hook(hook)
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    try:
        runner.train()
    finally:
        for number, handler in zip((signal.SIGTERM, signal.SIGINT), before, strict=True):
            signal.signal(number, handler)  # a process that was stopped ignores them on its way out
    return runner


def end(folder) -> dict:
    checkpoint = load_checkpoint(latest_checkpoint(folder))
    assert checkpoint['meta']['iter'] == 9
    return checkpoint


@pytest.mark.parametrize(('step', 'validating'), [(3, False), (4, False), (4, True), (6, False), (9, True)])
def test_stopped_and_resumed(tmp_path, step, validating):
    """The same weights, optimizer and best checkpoint; every validation takes place, also one that was cut short."""
    whole, first, second = At(), At(step, validating), At()
    train(tmp_path / 'whole', whole)
    with pytest.raises(Preempted):
        train(tmp_path / 'run', first)
    train(tmp_path / 'run', second, resume=True)
    assert dict(first.validations + second.validations) == dict(whole.validations)
    ends = end(tmp_path / 'whole'), end(tmp_path / 'run')
    assert all(value.equal(ends[1]['state_dict'][name]) for name, value in ends[0]['state_dict'].items())
    for number, state in ends[0]['optimizer']['state'].items():
        assert all(value.equal(ends[1]['optimizer']['state'][number][name]) for name, value in state.items())
    assert ends[0]['param_schedulers'] == ends[1]['param_schedulers']
    best = [[path.name for path in (tmp_path / name).glob('best_*')] for name in ('whole', 'run')]
    assert best[0] == best[1] and len(best[0]) == 1


def test_steps_that_are_not_finite(tmp_path):
    """They are skipped, leave parameters and running statistics whole, and are counted."""
    runner = train(tmp_path, At(spoilt=(2, 3, 7)))
    assert runner.optim_wrapper.skipped == 3
    assert all(value.isfinite().all() for value in runner.model.state_dict().values())


def test_too_many_steps_that_are_not_finite(tmp_path):
    """Then the run ends with a message that names the step and the images."""
    with pytest.raises(FloatingPointError, match=r"2 steps in a row .* step 3, images \['\d\.png', '\d\.png'\]"):
        train(tmp_path, At(spoilt=(2, 3)), max_skipped=2)


def test_sampler_that_ends(tmp_path):
    """A sampler that cannot start in the middle is an error that names the one to take."""
    runner = PriorRunner(
        model=Net(), work_dir=str(tmp_path), default_scope='prior_mm', experiment_name=str(tmp_path),
        train_dataloader=dict(batch_size=2, num_workers=0, dataset=Numbers(), sampler=dict(type='InfiniteSampler')),
        train_cfg=dict(type='prior_mm.VisitTrainLoop', max_iters=9),
        optim_wrapper=dict(type='prior_mm.AutocastOptimWrapper', optimizer=dict(type='AdamW', lr=0.1)))
    with pytest.raises(ValueError, match='EndlessVisitSampler'):
        runner.train()
