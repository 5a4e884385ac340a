"""Features to the joint space."""
from torch import nn


def projection(in_features: int, out_features: int) -> nn.Linear:
    """A linear map whose weights start from N(0, in_features^-0.5) (paper section 3.1)."""
    linear = nn.Linear(in_features, out_features)
    nn.init.normal_(linear.weight, std=in_features**-0.5)
    return linear


def projection_head(in_features: int, out_features: int, hidden: int | None = None) -> nn.Module:
    """The projection of methods other than PRIOR: linear, or with a hidden layer and ReLU."""
    if hidden is None:
        return projection(in_features, out_features)
    return nn.Sequential(nn.Linear(in_features, hidden), nn.ReLU(), nn.Linear(hidden, out_features))
