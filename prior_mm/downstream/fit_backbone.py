"""A task's model around another backbone than its config's: heads and necks learn the channels of its maps."""
from typing import Any

from prior_mm.checkpoints.others.architecture import Architecture

_STRIDES = {'strides', 'featmap_strides'}


def fit_backbone(config: Any, backbone: Architecture, task: str) -> None:
    """Put a backbone into a model, and change what stands behind it.

    A ResNet stays that of the config's toolbox. A vision transformer, whose maps are all of one size, gets a feature
    pyramid: MMSegmentation's for segmentation, ViTDet's for a detector with an FPN, whose strides become those of the
    patches.

    Args:
        config: Changed in place.
        backbone: Of the weights.
        task: Of the run.

    Raises:
        ValueError: If the config's detector has no place for a vision transformer, or names no strides.
    """
    model, old = config.model, config.model.backbone
    new = dict(backbone.config)
    if new['type'].endswith('ResNet'):
        new.pop('type')
        old.update(new)
    else:
        model.backbone = dict(new, in_channels=1)
    if task == 'classification':
        model.backbone.out_indices = backbone.indices[-1:]
        model.head.in_channels = backbone.channels[-1]
    elif task == 'segmentation':
        _fit_segmentation(model, backbone)
    else:
        _fit_detection(model, backbone)


def _fit_segmentation(model: Any, backbone: Architecture) -> None:
    model.backbone.out_indices = backbone.indices
    if backbone.stride is not None:
        model.neck = dict(type='mmseg.Feature2Pyramid', embed_dim=backbone.channels[0], rescales=[4, 2, 1, 0.5],
                          norm_cfg=dict(type='BN'))
    levels = len(backbone.channels)
    for name in ('decode_head', 'auxiliary_head'):
        head = model.get(name)
        if head is None:
            continue
        if isinstance(head.in_channels, (list, tuple)):
            head.in_channels, head.in_index = list(backbone.channels), list(range(levels))
            continue
        head.in_index = min(head.get('in_index', levels - 1), levels - 1)
        if head.get('num_convs') == 0:  # a linear layer has no width of its own
            head.channels = backbone.channels[head.in_index]
        head.in_channels = backbone.channels[head.in_index]


def _fit_detection(model: Any, backbone: Architecture) -> None:
    neck = model.neck
    if neck.type.endswith('YOLOV3Neck'):
        if backbone.stride is not None or len(backbone.channels) < 4:
            raise ValueError('YOLOv3 takes three maps of strides 8, 16 and 32, which these weights have no backbone '
                             'for: take a detector with an FPN, such as configs/downstream/rsna_det.py')
        model.backbone.out_indices, neck.in_channels = backbone.indices[1:], list(backbone.channels[:0:-1])
        return
    model.backbone.out_indices = backbone.indices
    if backbone.stride is not None:
        model.neck = dict(type='prior_mm.SimpleFeaturePyramid', in_channels=backbone.channels[0],
                          out_channels=neck.out_channels, num_outs=neck.num_outs)
        model.backbone.out_indices = backbone.indices[-1:]
        _fit_strides(model, backbone.stride)
    else:
        neck.in_channels = list(backbone.channels)


def _fit_strides(model: Any, patch: int) -> None:
    """Strides of a pyramid whose maps lie 4, 2, 1 ... times as dense as patches do; anchors keep their sizes."""
    for name in ('rpn_head', 'roi_head', 'bbox_head'):
        parts = _with_strides(model.get(name))
        if model.get(name) and not parts and patch != 16:
            raise ValueError(f'model.{name} names no strides, which patches of {patch} pixels change: write down one '
                             'for each map (4, 8, 16 ...)')
        for part in parts:
            for key in _STRIDES & part.keys():
                strides = [patch * 2**level / 4 for level in range(len(part[key]))]
                if strides == list(part[key]):
                    continue
                if str(part.get('type')).endswith('AnchorGenerator'):
                    part.setdefault('base_sizes', list(part[key]))
                part[key] = [int(stride) if stride.is_integer() else stride for stride in strides]


def _with_strides(part: Any) -> list[Any]:
    """The parts of a head's config that have strides."""
    if isinstance(part, (list, tuple)):
        return [one for item in part for one in _with_strides(item)]
    if not isinstance(part, dict):
        return []
    return ([part] if _STRIDES & part.keys() else []) + _with_strides(list(part.values()))
