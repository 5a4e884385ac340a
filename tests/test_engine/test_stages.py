"""The closed form of the learning rate against a schedule computed step by step."""
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prior_mm.engine import Stage, Stages
from prior_mm.engine.stages import losses_of

LOSSES = dict(global_alignment=1.)


@given(epochs=st.integers(1, 6), warmup=st.integers(0, 6), steps=st.integers(1, 7), lr=st.floats(1e-6, 1),
       share=st.floats(0, 1))
def test_learning_rate(epochs, warmup, steps, lr, share):
    """Warm-up adds the same amount at each step; then half a cosine goes down to nothing at the end of the stage."""
    warmup = min(warmup, epochs)
    stage = Stage('a', epochs, lr, LOSSES, warmup, lr * share)
    rates, rate = [], lr * share
    for _ in range(warmup * steps):
        rates.append(rate)
        rate += lr * (1 - share) / (warmup * steps)
    rest = (epochs - warmup) * steps
    rates += [lr * math.cos(math.pi * step / rest / 2)**2 for step in range(rest)]
    assert [stage.learning_rate(step, steps) for step in range(epochs * steps)] == pytest.approx(rates, abs=1e-12)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=5))
def test_every_epoch_has_its_stage(lengths):
    """The stages follow each other without gap or overlap, and there is an end."""
    stages = Stages.from_config([dict(name=str(n), epochs=e, lr=1, losses=LOSSES) for n, e in enumerate(lengths)])
    expected = [(number, sum(lengths[:number])) for number, length in enumerate(lengths) for _ in range(length)]
    assert [stages.at(epoch) for epoch in range(stages.epochs)] == expected
    with pytest.raises(ValueError, match='beyond'):
        stages.at(stages.epochs)


@pytest.mark.parametrize(('stages', 'message'), [
    ([], 'at least one stage'),
    ([dict(name='a', epochs=1, losses=LOSSES)], "stage 1 lacks \\['lr'\\]"),
    ([dict(name='a', epochs=1, lr=1, losses=LOSSES, epoch=2)], "unknown entries \\['epoch'\\]"),
    ([dict(name='a', epochs=0, lr=1, losses=LOSSES)], 'epochs must be'),
    ([dict(name='a', epochs=1, lr=1, losses=LOSSES, warmup_epochs=2)], 'warmup_epochs=2'),
    ([dict(name='a', epochs=1, lr=1, losses={})], 'no losses'),
])
def test_bad_stages(stages, message):
    """A stage that cannot be is an error that says which entry."""
    with pytest.raises(ValueError, match=message):
        Stages.from_config(stages)


@pytest.mark.parametrize('meta', [{}, dict(config='text', epoch=1), dict(config=dict(train_cfg=None), epoch=1),
                                  dict(config=dict(train_cfg=dict(stages=[])), epoch=1)])
def test_losses_that_nobody_tells(meta):
    """A checkpoint that says neither its losses nor its stages has none that are known."""
    assert losses_of(meta) is None


def test_losses_by_the_epoch():
    """What the checkpoint says goes before what follows from its epoch; the last epoch of a stage is still its own."""
    stages = [dict(name='a', epochs=2, lr=1e-3, losses=dict(a=1.)),
              dict(name='b', epochs=1, lr=1e-3, losses=dict(b=2.))]
    meta = dict(config=dict(train_cfg=dict(stages=stages)))
    for epoch, losses in ((1, dict(a=1.)), (2, dict(a=1.)), (3, dict(b=2.)), (9, dict(b=2.))):
        assert losses_of(dict(meta, epoch=epoch)) == losses
    assert losses_of(dict(meta, epoch=1, losses=dict(c=3.))) == dict(c=3.)
    assert losses_of(meta) is None
