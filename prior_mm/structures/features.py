"""What the encoders hand on: the seam between the encoders and everything the method does with their output."""
from typing import NamedTuple

from torch import Tensor


class ImageFeatures(NamedTuple):
    """Features of B radiographs, before any projection.

    Attributes:
        patches: Features of the P = H' x W' places of the last feature map, row by row, (B, P, C).
        pooled: One feature an image, (B, C).
        grid: The map's height and width in patches, (H', W').
        earlier: The maps of earlier stages that the backbone was asked for (``out_indices``), (B, C_i, H_i, W_i).
        start_attention: What the class token of a vision transformer pays each patch in the last layer, mean of the
            heads, float32 (B, P); None if it was not asked for, the backbone has no such token, or the patches are of
            other maps than the last.
    """

    patches: Tensor
    pooled: Tensor
    grid: tuple[int, int]
    earlier: tuple[Tensor, ...] = ()
    start_attention: Tensor | None = None


class StudyFeatures(NamedTuple):
    """Features of B studies: all that the losses need of the encoders (paper section 3).

    Attributes:
        image: Features of the radiographs.
        word_pieces: Features of the word pieces of the reports, (B, L, W); what stands at padding is not read.
        start_attention: What [CLS] pays each word in the last layer, mean of the heads, (B, V); None if the method does
            not ask for it.
    """

    image: ImageFeatures
    word_pieces: Tensor
    start_attention: Tensor | None = None
