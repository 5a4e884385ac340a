"""Mixed precision: what runs in which type, and that accumulation changes nothing."""
import pytest
import torch
from mmengine.optim import build_optim_wrapper

import prior_mm.engine  # noqa: F401 (registers the wrapper)
from prior_mm.engine.autocast_optim_wrapper import fastest_dtype


def wrap(model, **options):
    return build_optim_wrapper(model, dict(type='prior_mm.AutocastOptimWrapper', optimizer=dict(type='SGD', lr=0.1),
                                           **options))


@pytest.mark.parametrize('dtype', ['float32', 'bfloat16', 'auto'])
def test_dtypes(dtype):
    """Products run in the chosen type, parameters and their updates stay float32."""
    model = torch.nn.Linear(8, 8)
    before = model.weight.detach().clone()
    wrapper = wrap(model, dtype=dtype)
    expected = torch.float32 if dtype == 'float32' else getattr(torch, fastest_dtype('cpu'))
    expected = torch.bfloat16 if dtype == 'bfloat16' else expected
    with wrapper.optim_context(model):
        output = model(torch.ones(2, 8))
    assert output.dtype == expected
    wrapper.update_params(output.float().square().mean())
    assert model.weight.dtype == torch.float32 and not torch.equal(model.weight, before)


@pytest.mark.parametrize(('capability', 'dtype'), [((7, 5), 'float16'), ((8, 0), 'bfloat16'), ((9, 0), 'bfloat16')])
def test_gpus(monkeypatch, capability, dtype):
    """A GPU that only emulates bfloat16 computes in float16."""
    monkeypatch.setattr(torch.cuda, 'get_device_capability', lambda: capability)
    assert fastest_dtype('cuda') == dtype


def test_accumulation():
    """Two half batches with accumulation take the step of the whole batch."""
    torch.manual_seed(0)
    data, weight = torch.randn(4, 8), torch.randn(1, 8)
    models = []
    for parts in (1, 2):
        model = torch.nn.Linear(8, 1, bias=False)
        model.weight.data.copy_(weight)
        wrapper = wrap(model, dtype='float32', accumulative_counts=parts)
        for part in data.chunk(parts):
            wrapper.update_params(model(part).square().mean())
        models.append(model)
    torch.testing.assert_close(models[0].weight, models[1].weight)


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_gradients_that_are_not_finite(value):
    """No parameter, and nothing that the optimizer remembers, is touched; too many in a row are an error."""
    model = torch.nn.Linear(1, 1, bias=False)
    wrapper = build_optim_wrapper(model, dict(type='prior_mm.AutocastOptimWrapper', dtype='float32', max_skipped=3,
                                              optimizer=dict(type='AdamW', lr=0.1)))
    wrapper.update_params(model.weight.sum())
    before = model.weight.detach().clone(), wrapper.optimizer.state[model.weight]['exp_avg'].clone()
    for _ in range(2):
        wrapper.update_params((model.weight * value).sum())
    assert (wrapper.skipped, wrapper.skipped_in_row) == (2, 2)
    assert torch.equal(model.weight, before[0])
    assert torch.equal(wrapper.optimizer.state[model.weight]['exp_avg'], before[1])
    restored = wrap(model)
    restored.load_state_dict(wrapper.state_dict())
    assert (restored.skipped, restored.skipped_in_row) == (2, 2)
    wrapper.update_params(model.weight.sum())
    assert (wrapper.skipped, wrapper.skipped_in_row) == (2, 0) and not torch.equal(model.weight, before[0])
    for _ in range(2):
        wrapper.update_params((model.weight * value).sum())
    with pytest.raises(FloatingPointError, match='3 steps in a row'):
        wrapper.update_params((model.weight * value).sum())


def test_finite_loss_with_infinite_gradient():
    """A finite loss does not save a step whose gradient is infinite, as that of a root at 0."""
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(model.weight)
    wrapper = wrap(model, dtype='float32')
    wrapper.update_params(model.weight.sum().sqrt())
    assert wrapper.skipped == 1 and model.weight.item() == 0


@pytest.mark.skipif(not hasattr(torch.amp, 'GradScaler'), reason='scales losses on GPUs only')
def test_loss_scale_is_restored():
    """A resumed run goes on with the scale that was found, and with the steps since it last changed."""
    model = torch.nn.Linear(1, 1, bias=False)
    wrappers = [wrap(model, dtype='float32') for _ in range(2)]
    for wrapper in wrappers:  # float16's, which a CPU does not offer otherwise
        wrapper.scaler = torch.amp.GradScaler('cpu', init_scale=1024., growth_interval=3)
    wrappers[0].update_params((model.weight * float('inf')).sum())
    wrappers[0].update_params(model.weight.sum())
    wrappers[1].load_state_dict(wrappers[0].state_dict())
    assert wrappers[1].scaler.get_scale() == 512
    for _ in range(2):
        wrappers[1].update_params(model.weight.sum())
    assert wrappers[1].scaler.get_scale() == 1024, 'after three steps, of which one was before'


def test_bad_dtype():
    """A dtype that is not offered, or that a CPU cannot do, is an error that names the setting."""
    with pytest.raises(ValueError, match='optim_wrapper.dtype'):
        wrap(torch.nn.Linear(1, 1), dtype='float64')
    with pytest.raises(ValueError, match='needs a GPU'):
        wrap(torch.nn.Linear(1, 1), dtype='float16')
    with pytest.raises(ValueError, match='max_skipped'):
        wrap(torch.nn.Linear(1, 1), max_skipped=0)
