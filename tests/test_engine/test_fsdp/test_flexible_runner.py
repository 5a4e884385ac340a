"""Training in shards: FSDP through FlexibleRunner, on two processes without a GPU (gloo), is the run that DDP gives."""
import json
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.utils import digit_version
from tiny_run import short_config
from warm_process import WarmProcess, as_launched

from prior_mm.checkpoints.checkpoint import load_checkpoint, save_checkpoint
from prior_mm.engine.launch import build_runner

pytestmark = pytest.mark.skipif(
    digit_version(torch.__version__) < digit_version('2.6'), reason='FSDPStrategy needs PyTorch 2.6')
FSDP = dict(runner_type='PriorFlexibleRunner', strategy=dict(type='FSDPStrategy'))
DOUBLE = {'custom_imports': dict(imports=['double_precision']), 'model.data_preprocessor.type': 'DoublePreprocessor'}


def config_with_parts(folder: Path, **changes) -> Config:
    """The short run with parts that have learning rates of their own, and clipped gradients."""
    return short_config(folder, **{
        'train_dataloader.batch_size': 2, 'optim_wrapper.optimizer': dict(weight_decay=1e-2, eps=1e-2),
        'default_hooks.checkpoint.max_keep_ckpts': 9, 'optim_wrapper.clip_grad': dict(max_norm=5.),
        'optim_wrapper.paramwise_cfg': dict(custom_keys={'image_encoder.backbone.layer': dict(lr_mult=3.)}), **changes})


def train(folder: Path, name: str, *options, **changes) -> list[int]:
    """Exit codes of `tools/train.py` on two processes, in float64; what they print goes to <name>.log."""
    config_with_parts(folder, **DOUBLE, **changes).dump(str(folder / f'{name}.py'))
    processes = [WarmProcess(
        'tools/train.py', [folder / f'{name}.py', '--work-dir', folder / name, '--launcher', 'pytorch', *options],
        folder / f'{name}.log', **variables) for variables in as_launched(2)]
    return [process.wait() for process in processes]


@pytest.fixture(scope='module')
def runs(tmp_path_factory) -> Path:
    """A folder with the same run under DDP and under FSDP."""
    folder = tmp_path_factory.mktemp('flexible')
    assert train(folder, 'ddp') == [0, 0], (folder / 'ddp.log').read_text()[-2000:]
    assert train(folder, 'fsdp', **FSDP) == [0, 0], (folder / 'fsdp.log').read_text()[-2000:]
    return folder


def scalars(folder: Path) -> list[dict]:
    """What was logged, line by line, but for times."""
    text = next(folder.glob('*/vis_data/scalars.json')).read_text()
    return [{key: value for key, value in json.loads(line).items() if 'time' not in key}
            for line in text.splitlines()]


@pytest.mark.slow
def test_same_numbers(runs):
    """Losses, gradient norms and validation of all steps, and the weights in the end, are DDP's but for rounding.

    That of float64, 2e-16 of sums of up to 600 numbers, times 100 (the temperature of the contrastive losses), times
    the norm's growth over 9 steps: 1e-10 leaves room for any processor, and none for another way to compute. Adam has
    a large eps here: with the usual one, its first steps follow the sign of gradients that are nothing but rounding,
    such as those of the biases of attention keys.
    """
    for ddp, fsdp in zip(scalars(runs / 'ddp'), scalars(runs / 'fsdp'), strict=True):
        assert fsdp == pytest.approx(ddp, rel=1e-10, abs=1e-10)
    ddp, fsdp = (load_checkpoint(runs / name / 'iter_8.pth')['state_dict'] for name in ('ddp', 'fsdp'))
    assert ddp['global_alignment.logit_scale'].dtype == torch.float64
    torch.testing.assert_close(fsdp, ddp, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize('step', [2, 4, 8])
def test_same_file(runs, step):
    """In each stage a checkpoint has DDP's entries, with the same names, shapes, parameter groups and step counts."""
    ddp, fsdp = (load_checkpoint(runs / name / f'iter_{step}.pth') for name in ('ddp', 'fsdp'))
    assert fsdp.keys() == ddp.keys() and fsdp['meta'].keys() == ddp['meta'].keys()
    assert {key: value.shape for key, value in fsdp['state_dict'].items()} == {
        key: value.shape for key, value in ddp['state_dict'].items()}
    assert fsdp['optimizer']['param_groups'] == ddp['optimizer']['param_groups']
    states = [{number: {key: value.shape for key, value in state.items()} | dict(steps=float(state['step']))
               for number, state in checkpoint['optimizer']['state'].items()} for checkpoint in (ddp, fsdp)]
    assert states[0] == states[1]


@pytest.mark.slow
def test_resumed_run(runs):
    """A run that goes on in the middle of a stage ends with the very weights and optimizer of the whole run."""
    assert train(runs, 'resumed', '--resume', runs / 'fsdp' / 'iter_4.pth', **FSDP) == [0, 0]
    whole, resumed = (load_checkpoint(runs / name / 'iter_8.pth') for name in ('fsdp', 'resumed'))
    torch.testing.assert_close(resumed['state_dict'], whole['state_dict'], rtol=0, atol=0)
    torch.testing.assert_close(resumed['optimizer'], whole['optimizer'], rtol=0, atol=0)


@pytest.mark.slow
def test_one_process_takes_it(runs):
    """The stage's last checkpoint loads, strictly, into a model on one process, which evaluates it."""
    runner = build_runner(config_with_parts(runs, experiment_name='one process'))
    runner.load_checkpoint(str(runs / 'fsdp' / 'stage_3_reconstruction.pth'), strict=True)
    assert 0 <= runner.test()['retrieval/image_to_text/recall@1'] <= 1


@pytest.mark.slow
def test_config_text_is_never_executed(runs):
    """Python smuggled into a checkpoint, which MMEngine's FlexibleRunner would run as it resumes, is refused."""
    checkpoint = load_checkpoint(runs / 'fsdp' / 'iter_4.pth')
    checkpoint['meta'].update(config=f"open({str(runs / 'ran')!r}, 'w')")
    save_checkpoint(checkpoint, runs / 'smuggled.pth')
    codes = train(runs, 'smuggled', '--resume', runs / 'smuggled.pth', **FSDP)
    assert 0 not in codes and not (runs / 'ran').exists()
    log = (runs / 'smuggled.log').read_text()
    assert 'smuggled.pth is refused' in log and 'Traceback' not in log


@pytest.mark.parametrize(('changes', 'launcher', 'message'), [
    (FSDP, 'none', 'tools/dist_train.sh CONFIG GPUS'),
    (dict(runner_type='PriorFlexibleRunner'), 'none', "strategy.type='FSDPStrategy', got None"),
    (dict(FSDP, strategy=dict(type='DDPStrategy')), 'none', "strategy.type='FSDPStrategy', got 'DDPStrategy'"),
    (dict(runner_type='FlexibleRunner'), 'none', "'PriorFlexibleRunner', got 'FlexibleRunner'"),
    (dict(strategy=dict(type='FSDPStrategy')), 'none', "set runner_type='PriorFlexibleRunner'"),
], ids=['no launcher', 'no strategy', 'other strategy', "MMEngine's runner", 'no runner'])
def test_wrong_use(runs, changes, launcher, message):
    """What does not fit together is said in a line, with the mend."""
    with pytest.raises(ValueError, match=message):
        build_runner(config_with_parts(runs, experiment_name=message, **changes), launcher)
