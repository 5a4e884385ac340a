"""Upsampling and convolution in one step against one after the other."""
import pytest
import torch
import torch.nn.functional as F
from fast_and_slow import assert_same, noise, spread_out
from hypothesis import given, settings
from hypothesis import strategies as st

from prior_mm.models.reconstruction.upsampled_conv import UpsampledConv3x3

size = st.integers(1, 5)


def both_steps(conv: UpsampledConv3x3, features: torch.Tensor) -> torch.Tensor:
    return F.conv2d(F.interpolate(features, scale_factor=2., mode='nearest'), conv.weight, padding=1)


@pytest.mark.parametrize('channels', [2, 60], ids=['folded', 'plain'])
@settings(max_examples=20, deadline=None)
@given(studies=st.integers(1, 2), height=size, width=size, out_channels=st.integers(1, 3),
       memory_format=st.sampled_from([torch.contiguous_format, torch.channels_last]))
def test_two_steps(channels, studies, height, width, out_channels, memory_format):
    """Any size, borders included: the same values, and the same gradients of the map and of the weight."""
    conv = spread_out(UpsampledConv3x3(channels, out_channels))
    features = noise(studies, channels, height, width)
    laid_out = features.contiguous(memory_format=memory_format)
    assert_same(lambda: conv(laid_out), lambda: both_steps(conv, features), [features, conv.weight])


@pytest.mark.parametrize(('channels', 'folded'), [(12, True), (13, False)])
def test_which_way_is_taken(monkeypatch, channels, folded):
    """The folded kernel is made where there are at least as many places as input channels, and only there."""
    taken, transposed = [], F.conv_transpose2d
    monkeypatch.setattr(F, 'conv_transpose2d', lambda *args, **options: taken.append(1) or transposed(*args, **options))
    assert UpsampledConv3x3(channels, 2)(torch.zeros(2, channels, 3, 2)).shape == (2, 2, 6, 4)
    assert bool(taken) == folded


def test_has_no_bias_and_the_weights_of_a_convolution():
    """Its one parameter is that of a 3x3 convolution, under the same name, so that published weights fit."""
    assert {name: tuple(p.shape) for name, p in UpsampledConv3x3(4, 2).named_parameters()} == {'weight': (2, 4, 3, 3)}
