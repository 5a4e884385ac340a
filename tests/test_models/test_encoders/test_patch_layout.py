"""Feature maps to patches: which numbers a patch holds, and the way back."""
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from prior_mm.models.encoders.patch_layout import map_to_patches, patches_to_map

sizes = st.tuples(*[st.integers(1, 4)] * 4)
formats = st.sampled_from([torch.contiguous_format, torch.channels_last])


def feature_map(size: tuple[int, ...], memory_format: torch.memory_format) -> torch.Tensor:
    numbers = torch.arange(torch.Size(size).numel(), dtype=torch.float32)
    return numbers.view(size).to(memory_format=memory_format)


@pytest.mark.parametrize('layout', ['places', 'published'])
@settings(deadline=None)
@given(size=sizes, memory_format=formats)
def test_round_trip(layout, size, memory_format):
    """Every number comes back to its place, however the map lies in memory; patches may be strided as well."""
    expected = feature_map(size, memory_format)
    patches = map_to_patches(expected, layout)
    assert patches.shape == (size[0], size[2] * size[3], size[1])
    assert torch.equal(patches_to_map(patches, size[2:], layout), expected)
    strided = patches.transpose(1, 2).contiguous().transpose(1, 2)
    assert torch.equal(patches_to_map(strided, size[2:], layout), expected)


@settings(deadline=None)
@given(size=sizes, memory_format=formats)
def test_patches_are_places(size, memory_format):
    """Patch y W' + x holds the channels of row y and column x."""
    features = feature_map(size, memory_format)
    patches = map_to_patches(features)
    for y in range(size[2]):
        for x in range(size[3]):
            assert torch.equal(patches[:, y * size[3] + x], features[:, :, y, x])


@settings(deadline=None)
@given(size=sizes, memory_format=formats)
def test_published_patches(size, memory_format):
    """The published layout reads (B, C, H', W') numbers, one study after the other, as if they were (B, H'W', C)."""
    features = feature_map(size, memory_format)
    patches = map_to_patches(features, 'published')
    for study, read in zip(features, patches, strict=True):
        numbers = [value for channel in study.tolist() for row in channel for value in row]
        assert read.tolist() == [numbers[p * size[1]:(p + 1) * size[1]] for p in range(size[2] * size[3])]
