"""The closed form of the learning rate against a schedule computed step by step."""
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prior_mm.engine import Stage, Stages

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
