"""x2 nearest upsampling and a 3x3 convolution in one step."""
import torch
import torch.nn.functional as F
from torch import Tensor, nn


class UpsampledConv3x3(nn.Conv2d):
    """x2 nearest upsampling followed by a 3x3 convolution without bias, (B, C, H, W) to (B, C', 2H, 2W).

    Upsampling repeats each pixel, so three taps of the convolution see at most two different pixels a side: a
    transposed 4x4 convolution of stride 2 gives the same numbers with 4/9 of the multiplications and without the
    upsampled map. Making its kernel costs as much as C x C' does, so that it pays where there are more places than
    input channels (measured with ``tools/benchmarks/train_step.py``); elsewhere the plain way is taken.

    Args:
        in_channels: C.
        out_channels: C'.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, 3, padding=1, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """Upsample and convolve (B, C, H, W)."""
        if features.shape[0] * features.shape[2] * features.shape[3] < self.in_channels:
            return super().forward(F.interpolate(features, scale_factor=2.0, mode='nearest'))
        return F.conv_transpose2d(features, folded_kernel(self.weight), stride=2, padding=1)


def folded_kernel(weight: Tensor) -> Tensor:
    """The 4x4 transposed kernel, (C, C', 4, 4), of upsampling and a 3x3 convolution (C', C, 3, 3)."""
    places, taps = torch.arange(4, device=weight.device)[:, None], torch.arange(3, device=weight.device)
    # Output pixel y reads upsampled pixel y + tap - 1, that is place (y + tap - 1) // 2.
    taps = ((places == 2 - taps) | (places == 3 - taps)).to(weight.dtype)
    return torch.einsum('oikl,pk,ql->iopq', weight, taps, taps)
