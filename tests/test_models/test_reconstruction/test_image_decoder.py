"""The image decoder: any stride, the slow way, dropout, and the loss at sizes that do not fit."""
import pytest
import torch
import torch.nn.functional as F
from fast_and_slow import assert_same, noise, spread_out

from prior_mm.models import ImageDecoder

WIDTH = 8


def slow(decoder: ImageDecoder, patches: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
    """One plain operation after the other."""
    x = torch.cat([patches, context], dim=1)
    for block in decoder.blocks:
        first, norm, _, second, other_norm, _ = block
        x = F.conv2d(F.interpolate(x, scale_factor=2., mode='nearest'), first.weight, padding=1)
        for convolution, normalisation in ((None, norm), (second, other_norm)):
            x = x if convolution is None else F.conv2d(x, convolution.weight, padding=1)
            mean, var = normalisation.running_mean[:, None, None], normalisation.running_var[:, None, None]
            x = (x - mean) / (var + normalisation.eps).sqrt()
            x = F.relu(x * normalisation.weight[:, None, None] + normalisation.bias[:, None, None])
    return F.conv2d(x, decoder.head.weight, decoder.head.bias, padding=1)


@pytest.mark.parametrize('stride', [1, 2, 4, 8, 16])
@pytest.mark.parametrize('grid', [(1, 1), (3, 2)])
def test_any_stride(stride, grid):
    """log2(stride) blocks give an image of grid x stride; values and gradients are those of the plain operations."""
    decoder = spread_out(ImageDecoder(WIDTH, stride))
    assert len(decoder.blocks) == stride.bit_length() - 1
    patches, context = noise(2, WIDTH, *grid), noise(2, WIDTH, *grid, seed=1)
    assert decoder(patches, context).shape == (2, 1, grid[0] * stride, grid[1] * stride)
    assert_same(lambda: decoder(patches, context), lambda: slow(decoder, patches, context),
                [patches, context, *decoder.parameters()])


def test_each_block_halves_the_channels():
    """From patches and context, 2 D channels, to 2 D / stride."""
    decoder = ImageDecoder(WIDTH, 8)
    assert [block[0].weight.shape[:2] for block in decoder.blocks] == [(8, 16), (4, 8), (2, 4)]
    assert decoder.head.weight.shape == (1, 2, 3, 3)


def test_dropout_takes_whole_channels_of_the_image_only():
    """The report's context is never dropped, or the image could not be reconstructed under its condition."""
    decoder = ImageDecoder(4, 1, dropout=0.5).double().train()
    torch.nn.init.zeros_(decoder.head.weight)
    torch.nn.init.zeros_(decoder.head.bias)
    decoder.head.weight.data[0, :, 1, 1] = torch.tensor([1., 10., 100., 1000., 1e4, 1e5, 1e6, 1e7])
    torch.manual_seed(0)
    patches = torch.ones(64, 4, 3, 3).double()
    image = decoder(patches, patches)
    assert (image == image[..., :1, :1]).all()  # a channel is dropped everywhere or nowhere
    digits = torch.stack([image[:, 0, 0, 0] // 10**place % 10 for place in range(8)])
    assert digits[:4].unique().tolist() == [0, 2] and 0.4 < (digits[:4] == 0).double().mean() < 0.6
    assert (digits[4:] == 1).all()
    assert torch.equal(decoder.eval()(patches, patches), torch.full_like(image, 11111111))


@pytest.mark.parametrize(('stride', 'message'), [
    (3, 'power of two, got 3'), (0, 'power of two, got 0'), (-4, 'power of two'),
    (32, '16 channels .* 5 times; .* multiple of 16')])
def test_strides_that_cannot_be(stride, message):
    """A stride that is no power of two, or too large for the width, is an error that says what would do."""
    with pytest.raises(ValueError, match=message):
        ImageDecoder(WIDTH, stride)


def test_loss():
    """Mean absolute difference, in float32 at least."""
    reconstruction, images = noise(2, 1, 6, 4), noise(2, 1, 6, 4, seed=1)
    assert_same(lambda: ImageDecoder.loss(reconstruction, images), lambda: (reconstruction - images).abs().mean(),
                [reconstruction])
    half = reconstruction.bfloat16()
    loss = ImageDecoder.loss(half, images.float())
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, (half.float() - images.float()).abs().mean())


def test_loss_of_an_image_that_is_no_multiple():
    """A 5 x 3 image under a 9 x 5 reconstruction is drawn out corner to corner, bilinear."""
    images, reconstruction = noise(1, 1, 5, 3).detach(), noise(1, 1, 9, 5, seed=1)
    drawn_out = torch.zeros(9, 5).double()
    for y in range(9):
        for x in range(5):
            (top, down), (left, right) = divmod(y, 2), divmod(x, 2)
            corners = [images[0, 0, top + a * (down > 0), left + b * (right > 0)] for a in (0, 1) for b in (0, 1)]
            drawn_out[y, x] = sum(corners) / 4
    assert_same(lambda: ImageDecoder.loss(reconstruction, images),
                lambda: (reconstruction[0, 0] - drawn_out).abs().mean(), [reconstruction])
