"""Compiled parts compute what the plain ones do. The code that PyTorch generates is tried in slow tests."""
from functools import partial

import pytest
import torch
from mmengine.utils import digit_version
from test_prior import STAGES, batch, same, tiny, total_and_gradients

from prior_mm.engine.fsdp.fsdp_strategy import FSDPStrategy
from prior_mm.models.encoders import packed_bert

pytestmark = pytest.mark.skipif(
    digit_version(torch.__version__) < digit_version('2.6'), reason='model.compiled needs PyTorch 2.6')


@pytest.fixture
def backend(request, monkeypatch) -> str:
    """What ``torch.compile`` makes of what it has traced; by default no code."""
    name = getattr(request, 'param', 'aot_eager')
    monkeypatch.setattr(torch, 'compile', partial(torch.compile, backend=name))
    packed_bert._compiled_layer.cache_clear()
    yield name
    packed_bert._compiled_layer.cache_clear()
    torch.compiler.reset()


@pytest.mark.parametrize('stage', ['alignment', *(
    pytest.param(name, marks=pytest.mark.slow) for name in ('prototypes', 'reconstruction'))])
def test_the_same_numbers(backend, stage):
    """Losses and gradients of batches of other sizes and lengths; names and weights stay those of the plain model."""
    plain, compiled = tiny().double(), tiny(compiled=True).double()
    assert compiled.state_dict().keys() == plain.state_dict().keys()
    for lengths in ([[3, 2, 4, 1], [2, 2, 5, 3]], [[1, 2, 1, 2], [7, 3, 2, 2], [2, 2, 2, 2]]):
        images, reports = batch(lengths)
        seen = [total_and_gradients(model, stage, images.double(), reports) for model in (compiled, plain)]
        for ours, theirs in zip(*seen, strict=True):
            same(ours, theirs, 1e-8)


@pytest.mark.slow
@pytest.mark.parametrize('backend', ['inductor'], indirect=True)
def test_generated_code(backend):
    """The code that PyTorch generates gives the plain losses, and gradients that point the same way (float32)."""
    plain, compiled = tiny(), tiny(compiled=True)
    for lengths in ([[3, 2, 4, 1], [2, 2, 5, 3]], [[1, 2, 1, 2], [7, 3, 2, 2], [2, 2, 2, 2]]):
        (ours, our_gradients), (losses, gradients) = (
            total_and_gradients(model, 'alignment', *batch(lengths)) for model in (compiled, plain))
        same(ours, losses, 1e-4)
        one, other = (torch.cat([parts[name].flatten() for name in gradients]) for parts in (our_gradients, gradients))
        assert torch.cosine_similarity(one, other, dim=0) > 1 - 1e-4


def test_nothing_is_compiled_unasked(backend):
    """Without the option no part is, with it all that see one shape are, as often as a stage begins."""
    model = tiny()
    assert not model.text_encoder.compiled
    assert all(part._compiled_call_impl is None for part in model.compiled_parts())
    model = tiny(compiled=True, image_decoder=None)
    kept = model.image_encoder.backbone._compiled_call_impl
    model.set_losses(STAGES['prototypes'])
    assert model.text_encoder.compiled
    assert model.image_encoder.backbone._compiled_call_impl is kept is not None
    assert model.compiled_parts() == [model.image_encoder.backbone, model.sentence_decoder]


def test_modes():
    """Another mode reaches what PyTorch makes of the parts; an unknown one is named."""
    assert tiny(compiled='reduce-overhead').text_encoder.compiled == 'reduce-overhead'
    with pytest.raises(RuntimeError, match=r'(?s)mode=fastest.*reduce-overhead'):
        tiny(compiled='fastest')


@pytest.mark.parametrize('other', ['chunk', 'image_encoder', 'text_encoder', 'image_decoder'])
def test_not_with_what_computes_again(other):
    """Chunks and activation checkpointing call a part twice; together with them it is refused."""
    changes = dict(chunk=2) if other == 'chunk' else {other: dict(type='ImageEncoder', with_cp=True)}
    with pytest.raises(ValueError, match=r'model\.compiled=True goes neither with model\.chunk nor with with_cp'):
        tiny(compiled=True, **changes)


def test_not_with_an_old_pytorch(monkeypatch):
    """Before 2.6 it may end in an error of the compiler that says nothing of the cause; so that is said."""
    monkeypatch.setattr(torch, '__version__', '2.1.2+cu121')
    with pytest.raises(ValueError, match=r'model\.compiled needs PyTorch 2\.6 or newer, this is 2\.1\.2\+cu121'):
        tiny(compiled=True)


def test_not_under_fsdp():
    """FSDP would cut what is compiled."""
    strategy = FSDPStrategy.__new__(FSDPStrategy)
    strategy.model_wrapper = None
    with pytest.raises(ValueError, match='does not go with .*FSDPStrategy'):
        strategy._wrap_model(tiny(compiled=True))
