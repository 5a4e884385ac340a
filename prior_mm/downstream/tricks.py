"""What decides ranks beside the weights: rates by depth, a normalised head, its initialisation (BenchX, table 6)."""
from typing import Any

from .choices import Downstream

#: Deviation of the truncated normal distribution: that of MAE's fine-tuning, from which the trick comes.
_DEVIATION = 2e-5


def apply_tricks(config: Any, settings: Downstream) -> None:
    """Write the tricks into the optimizer and the head; those that are left open stay as the config has them.

    - ``backbone_rate``: the backbone learns at this share of the head's rate.
    - ``head_norm``: a layer normalisation before the linear layer.
    - ``head_init='truncated_normal'``: the linear layer starts from truncated normal numbers, its bias from zero.

    Args:
        config: Changed in place.
        settings: Of the run.

    Raises:
        ValueError: If a trick has no place in the task, the backbone is frozen and has no rate, or the config gives
            parameters rates or decays of its own.
    """
    if settings.backbone_rate is not None:
        if settings.frozen:
            raise ValueError('downstream.backbone_rate: a frozen backbone has no rate. --finetune, or '
                             '--cfg-options downstream.backbone_rate=None')
        own = set(config.optim_wrapper.get('paramwise_cfg') or ())
        if odd := own - {'custom_keys'} | set((config.optim_wrapper.get('paramwise_cfg') or {}).get(
                'custom_keys') or ()) - {'backbone'}:
            raise ValueError(f'downstream.backbone_rate does not go with optim_wrapper.paramwise_cfg ({sorted(odd)}), '
                             'of which MMEngine takes one for a parameter: write custom_keys.backbone.lr_mult there, '
                             'and --cfg-options downstream.backbone_rate=None')
        config.merge_from_dict({'optim_wrapper.paramwise_cfg.custom_keys.backbone.lr_mult': settings.backbone_rate})
    if not (settings.head_norm or settings.head_init):
        return
    if settings.task != 'classification':
        raise ValueError(f'downstream.head_norm, head_init: they are of classification, not of {settings.task}')
    config.model.head.update(type='prior_mm.NormedLinearClsHead', norm=bool(settings.head_norm))
    if settings.head_init:
        config.model.head.init_cfg = dict(type='TruncNormal', layer='Linear', std=_DEVIATION, bias=0.)
