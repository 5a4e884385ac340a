"""A first convolution of three colours, each normalised in its own way, as that of one gray channel."""
from collections.abc import Sequence

import torch
from torch import Tensor

#: The first batch normalisation behind a first convolution without bias.
_NORM_OF = {'conv1.weight': 'bn1.running_mean', 'features.conv0.weight': 'features.norm0.running_mean'}


def to_one_channel(weights: dict[str, Tensor], first: str, mean: Sequence[float], std: Sequence[float]) -> \
        tuple[dict[str, Tensor], float, float]:
    """The same function of a gray image that would be copied to all channels.

    What the channels' own means add is a constant of each filter. It goes into the convolution's bias, or out of the
    running mean of the batch normalisation behind it, and is exact but where a convolution sees its padding.

    Args:
        weights: Of the backbone; not changed.
        first: Name of its first convolution, (C, channels, h, w).
        mean: By channel, or one for all.
        std: Likewise.

    Returns:
        The weights, and mean and deviation of the gray channel.
    """
    kernel = weights[first]
    channels = kernel.shape[1]
    mean, std = ([*values] * (channels if len(values) == 1 else 1) for values in (mean, std))
    gray_mean, gray_std = (sum(values) / channels for values in (mean, std))
    if channels == 1:
        return dict(weights), gray_mean, gray_std
    scale = torch.tensor([gray_std / one for one in std], dtype=torch.float64).view(1, -1, 1, 1)
    shift = torch.tensor([(gray_mean - one) / own for one, own in zip(mean, std, strict=True)],
                         dtype=torch.float64).view(1, -1, 1, 1)
    constant = (kernel.double() * shift).sum(dim=(1, 2, 3))
    changed = dict(weights, **{first: (kernel.double() * scale).sum(dim=1, keepdim=True).to(kernel.dtype)})
    bias, norm = first.replace('.weight', '.bias'), _NORM_OF.get(first)
    if bias in weights:
        changed[bias] = (weights[bias].double() + constant).to(kernel.dtype)
    elif norm in weights:
        changed[norm] = (weights[norm].double() - constant).to(kernel.dtype)
    return changed, gray_mean, gray_std
