"""A config that asks for a fused optimizer runs where PyTorch has none, too."""
import pytest
import torch
from mmengine.optim import OPTIMIZERS
from torch import nn

from prior_mm.engine import PriorRunner
from prior_mm.engine.fused_optimizer import fused_where_there

CPU = torch.device('cpu')
ADAM = dict(type='AdamW', lr=0.1, fused=True)


def test_it_is_left_out_where_there_is_none(monkeypatch):
    """As PyTorch refuses it before its release 2.4 on a CPU."""
    class Old(torch.optim.SGD):
        def __init__(self, params, lr=0.1, fused=False):
            if fused:
                raise RuntimeError('`fused=True` requires all the params to be of supported devices: [cuda]')
            super().__init__(params, lr)

    monkeypatch.setitem(OPTIMIZERS.module_dict, 'Old', Old)
    assert fused_where_there(dict(type='Old', lr=0.2, fused=True), CPU) == dict(type='Old', lr=0.2)


@pytest.mark.parametrize('optimizer', [dict(type='SGD', lr=0.1), dict(ADAM, fused=False)])
def test_others_are_left_alone(optimizer):
    assert fused_where_there(optimizer, CPU) is optimizer


def test_a_runner_steps_without(tmp_path, monkeypatch):
    """It is the runner that asks, for the device of its model; a wrapper that is built already is left as it is."""
    asked = []

    def none_there(optimizer, device):
        asked.append(device.type)
        return {name: value for name, value in optimizer.items() if name != 'fused'}

    monkeypatch.setattr('prior_mm.engine.runner.fused_where_there', none_there)
    runner = PriorRunner(nn.Linear(1, 1), str(tmp_path), experiment_name='fused',
                         default_scope='prior_mm')
    config = dict(type='AutocastOptimWrapper', dtype='float32', optimizer=ADAM)
    wrapper = runner.build_optim_wrapper(config)
    assert not wrapper.optimizer.defaults['fused'] and asked == ['cpu'] and config['optimizer'] is ADAM
    assert runner.build_optim_wrapper(wrapper) is wrapper and asked == ['cpu']
