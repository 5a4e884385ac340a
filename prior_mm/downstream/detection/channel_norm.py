"""Layer normalisation of a map over its channels."""
from torch import Tensor, nn


class ChannelNorm(nn.LayerNorm):
    """(B, C, H, W), each place over its C channels."""

    def forward(self, maps: Tensor) -> Tensor:
        """Normalise."""
        return super().forward(maps.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
