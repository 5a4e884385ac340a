"""Features to the joint space."""
from torch import nn


def projection(in_features: int, out_features: int) -> nn.Linear:
    """A linear map whose weights start from N(0, in_features^-0.5) (paper section 3.1)."""
    linear = nn.Linear(in_features, out_features)
    nn.init.normal_(linear.weight, std=in_features**-0.5)
    return linear
