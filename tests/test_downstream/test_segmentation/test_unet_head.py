"""The U-Net-like decoder: shapes, and that each map counts."""
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from prior_mm.dependencies import has_compiled_mmcv

if not has_compiled_mmcv():
    pytest.skip('segmentation needs compiled mmcv', allow_module_level=True)

from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from prior_mm.downstream.segmentation import UNetHead


def head(in_channels, decoder_channels, **options):
    # The parent's default loss has no scope, so that it would be looked for wherever the tests before this one were.
    options = dict(loss_decode=dict(type='mmseg.CrossEntropyLoss')) | options
    return UNetHead(in_channels, decoder_channels, num_classes=2, norm_cfg=dict(type='BN'), **options)


def maps(channels, height, width, strides, batch=2):
    return [torch.randn(batch, c, -(-height // stride), -(-width // stride), generator=torch.Generator().manual_seed(0),
                        ) for c, stride in zip(channels, strides, strict=True)]


@given(height=st.integers(33, 90), width=st.integers(33, 90), count=st.integers(1, 4), extra=st.integers(1, 2))
@settings(max_examples=20)
def test_sizes(height, width, count, extra):
    """Any number of maps and any size, odd ones too: the finest map's size, doubled by each step beyond the maps."""
    inputs = maps((3, 4, 5, 6)[:count], height, width, (4, 8, 16, 32)[:count])
    steps = count - 1 + extra
    logits = head((3, 4, 5, 6)[:count], (8, ) * steps)(inputs)
    assert logits.shape == (2, 2, *(2**extra * size for size in inputs[0].shape[2:]))


@given(strides=st.lists(st.sampled_from([1, 2, 4, 8]), min_size=2, max_size=4).map(sorted))
@settings(max_examples=20)
def test_strides(strides):
    """A dilated backbone's maps of equal size, and strides with gaps."""
    channels = range(3, 3 + len(strides))
    inputs = maps(channels, 24, 40, strides)
    logits = head([*channels], (8, ) * (len(strides) - 1))(inputs)
    assert logits.shape[2:] == inputs[0].shape[2:]


def test_each_map_counts_and_is_in_its_place():
    """Every map has a gradient, every parameter too, and the decoder knows which map is the finest."""
    inputs = [part.requires_grad_() for part in maps((3, 4, 5), 32, 32, (4, 8, 16))]
    decoder = head((3, 4, 5), (8, 6, 4), dropout_ratio=0)
    decoder(inputs).square().mean().backward()
    assert all(part.grad.abs().sum() > 0 for part in inputs)
    assert all(parameter.grad is not None for parameter in decoder.parameters())
    assert [step[0].conv.in_channels for step in decoder.steps] == [5 + 4, 8 + 3, 6]


def test_maps_of_choice():
    """in_index picks the maps, as in all of mmseg's heads."""
    inputs = maps((3, 4, 5), 32, 32, (4, 8, 16))
    assert head((4, 5), (8, ), in_index=(1, 2))(inputs).shape == (2, 2, 4, 4)


@pytest.mark.parametrize(('channels', 'steps'), [((3, 4, 5), (8, )), ((3, ), ())])
def test_too_few_steps(channels, steps):
    """Maps that would be left out in silence are an error."""
    with pytest.raises(ValueError, match=f'{len(channels)} maps need at least {max(len(channels) - 1, 1)}'):
        head(channels, steps)


def test_learns_a_square():
    """With the losses of the config it finds in 60 steps what is bright in the finest map, though few pixels are."""
    torch.manual_seed(0)
    mask = torch.zeros(1, 32, 32, dtype=torch.long)
    mask[:, 8:12, 20:24] = 1
    features = torch.randn(1, 3, 8, 8)
    features[:, 0, 2, 5] += 5
    inputs = [features.repeat(2, 1, 1, 1), torch.randn(2, 4, 4, 4)]
    samples = [SegDataSample(gt_sem_seg=PixelData(data=mask)) for _ in range(2)]
    decoder = head((3, 4), (16, 16, 16), loss_decode=[
        dict(type='mmseg.CrossEntropyLoss'),
        dict(type='mmseg.DiceLoss', use_sigmoid=False, naive_dice=True, ignore_index=0)])
    optimizer = torch.optim.AdamW(decoder.parameters(), lr=1e-2)
    for _ in range(60):
        losses = decoder.loss(inputs, samples, {})
        optimizer.zero_grad()
        (losses['loss_ce'] + losses['loss_dice']).backward()
        optimizer.step()
    found = decoder.eval()(inputs).argmax(1)
    both = (found * mask).sum()
    assert 2 * both / (found.sum() + 2 * mask.sum()) > 0.8
