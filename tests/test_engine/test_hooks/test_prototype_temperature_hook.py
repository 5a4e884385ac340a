"""The temperature of the bank, step by step, over stages of any length."""
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from prior_mm.engine import PrototypeTemperatureHook, Stages
from prior_mm.engine.stages import set_stage_of

WITHOUT, WITH = dict(global_alignment=1.), dict(global_alignment=1., prototype=10.)


def fake_runner(lengths: list[int], first_with_bank: int, steps_per_epoch: int, bank=True, wrapped=False):
    stages = Stages.from_config([
        dict(name=str(n), epochs=epochs, lr=1, losses=WITH if n >= first_with_bank else WITHOUT)
        for n, epochs in enumerate(lengths)])
    loop = SimpleNamespace(stages=stages, steps_per_epoch=steps_per_epoch, max_iters=stages.epochs * steps_per_epoch)
    model = nn.Module()
    model.prototype_bank = SimpleNamespace(temperature=0.9) if bank else None
    runner = SimpleNamespace(train_loop=loop, iter=0, model=nn.parallel.DataParallel(model) if wrapped else model)
    return runner, model


def temperatures(hook: PrototypeTemperatureHook, runner, model) -> list[float]:
    found = []
    if model.prototype_bank is not None:
        model.prototype_bank.temperature = 0.9  # what it was built with
    for step in range(runner.train_loop.max_iters):
        runner.iter = step
        hook.before_train_iter(runner, step)
        found.append(model.prototype_bank.temperature)
    return found


runs = dict(lengths=st.lists(st.integers(1, 3), min_size=1, max_size=4), steps=st.integers(1, 4), data=st.data())


@settings(deadline=None)
@given(**runs)
def test_schedules(lengths, steps, data):
    """It stays where it starts until the bank is trained, then falls to a tenth, evenly or by even factors."""
    first = data.draw(st.integers(0, len(lengths) - 1))
    runner, model = fake_runner(lengths, first, steps)
    before, during = sum(lengths[:first]) * steps, sum(lengths[first:]) * steps
    assert temperatures(PrototypeTemperatureHook('fixed', 0.7), runner, model) == [0.7] * (before + during)
    linear = [0.9] * before + [0.9 - 0.81 * step / max(during - 1, 1) for step in range(during)]
    assert temperatures(PrototypeTemperatureHook('linear'), runner, model) == pytest.approx(linear)
    factor = 0.1**(1 / max(during - 1, 1))
    exp = [0.9] * before + [0.9 * factor**step for step in range(during)]
    assert temperatures(PrototypeTemperatureHook('exp'), runner, model) == pytest.approx(exp)


def test_wrapped_model_and_model_without_bank():
    """It reaches the bank through DDP's wrapper, and an ablation without a bank trains on."""
    runner, model = fake_runner([2], 0, 3, wrapped=True)
    assert temperatures(PrototypeTemperatureHook('linear', 1.), runner, model)[-1] == pytest.approx(0.1)
    runner, model = fake_runner([2], 0, 3, bank=False)
    PrototypeTemperatureHook().before_train_iter(runner, 0)
    assert model.prototype_bank is None


def test_stages_that_never_use_the_bank():
    """Without a stage with prototypes the temperature stays where it starts."""
    runner, model = fake_runner([1, 2], 9, 2)
    assert set(temperatures(PrototypeTemperatureHook('exp', 0.5), runner, model)) == {0.5}


def test_unknown_schedule():
    """A misspelt schedule is an error that lists what there is."""
    with pytest.raises(ValueError, match="'fixed', 'linear' or 'exp', got 'cosine'"):
        PrototypeTemperatureHook('cosine')


def test_two_temperatures_are_an_error():
    """What the model says and what the hook says are one, for a test goes by the model's."""
    runner, model = fake_runner([1], 0, 2)
    PrototypeTemperatureHook(start=0.9).before_train(runner)
    model.prototype_bank.temperature = 0.3
    with pytest.raises(ValueError, match=r'temperature=0.3 and PrototypeTemperatureHook.start=0.9 .* differ'):
        PrototypeTemperatureHook(start=0.9).before_train(runner)
    PrototypeTemperatureHook().before_train(runner)
    assert model.prototype_bank.temperature == 0.3


def test_checkpoints_say_it():
    """It is noted where it fell, and set again in the model that predicts."""
    runner, model = fake_runner([2], 0, 2)
    hook, checkpoint = PrototypeTemperatureHook('linear'), dict(meta={})
    assert temperatures(hook, runner, model)[-1] == pytest.approx(0.09)
    hook.before_save_checkpoint(runner, checkpoint)
    _, fresh = fake_runner([2], 0, 2)
    set_stage_of(fresh, checkpoint['meta'])
    assert fresh.prototype_bank.temperature == pytest.approx(0.09)
