"""The pre-trained backbone as a weight initialiser of MMEngine's."""
from collections.abc import Mapping
from typing import Any

from mmengine.model import update_init_info
from torch import nn

from prior_mm.checkpoints.backbone_weights import load_backbone
from prior_mm.registry import WEIGHT_INITIALIZERS

_TOLERANCE = 1e-3  # of mean and deviation, as shares of the pixels' range


@WEIGHT_INITIALIZERS.register_module()
class PretrainedBackbone:
    """Loads all weights of a backbone, or fails: ``init_cfg=dict(type='prior_mm.PretrainedBackbone', checkpoint=...)``.

    It serves the ResNets of MMPretrain, MMDetection and MMSegmentation, whose names are the same, and timm's backbones.
    MMEngine runs it before the initialisers of the backbone's parts (timm's have their own) and the
    ``zero_init_residual`` of MMPretrain, which would then overwrite what was loaded: it switches them off.

    Args:
        checkpoint: A local file, or ``torchvision://<model>``.
        prefix: What stands before the backbone's names in the file; usually found.
        mean: Mean that the run normalises its images with, as a share of the pixels' range; None is not compared.
        std: Standard deviation, likewise.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the weights do not fit, or the checkpoint says that it was trained on images normalised
            otherwise.
    """

    def __init__(self, checkpoint: str, prefix: str | None = None, mean: float | None = None,
                 std: float | None = None) -> None:
        self.checkpoint = checkpoint
        self.prefix = prefix
        self.normalisation = dict(mean=mean, std=std)

    def __call__(self, module: nn.Module) -> None:
        """Load into a backbone."""
        meta = load_backbone(module, self.checkpoint, self.prefix)
        check_preprocessing(meta, self.normalisation, self.checkpoint)
        if getattr(module, 'zero_init_residual', False):
            setattr(module, 'zero_init_residual', False)  # noqa: B010 - no attribute that modules have
        for part in module.modules():
            if part is not module and hasattr(part, 'init_weights'):
                setattr(part, 'is_init', True)  # noqa: B010 - what MMEngine asks any module for
        if hasattr(module, '_params_init_info'):
            update_init_info(module, f'PretrainedBackbone: loaded from {self.checkpoint}')


def check_preprocessing(meta: Mapping[str, Any], normalisation: Mapping[str, float | None], source: str) -> None:
    """Compare what a run does to its images with what the checkpoint was trained on.

    Args:
        meta: Of the checkpoint; ``preprocessing`` in it has ``mean``, ``std`` and ``pixel_range``. Files of others
            say nothing, and pass.
        normalisation: ``mean`` and ``std`` as shares of the pixels' range.
        source: The checkpoint, for messages.

    Raises:
        ValueError: If they differ.
    """
    trained = meta.get('preprocessing')
    if not isinstance(trained, Mapping):
        return
    low, high = trained.get('pixel_range') or (0., 1.)
    for name, ours in normalisation.items():
        if ours is None or trained.get(name) is None:
            continue
        theirs = (trained[name] - (low if name == 'mean' else 0.)) / (high - low)
        if abs(theirs - ours) > _TOLERANCE:
            raise ValueError(
                f'{source} was trained on images normalised with a {name} of {theirs:.4f}, this run takes {ours:.4f} '
                f'(shares of the range from black to white): set model.data_preprocessor.{name}=[{255 * theirs:.4f}]')
