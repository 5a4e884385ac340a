"""Every task around every kind of backbone: what stands behind it learns its channels, and the model trains."""
from pathlib import Path

import pytest
import timm
import torch
from mmengine.registry import init_default_scope

import prior_mm.models  # noqa: F401  (registers the backbone)
from prior_mm.checkpoints.others.architecture import architecture_of
from prior_mm.dependencies import has_compiled_mmcv
from prior_mm.downstream.fit_backbone import fit_backbone
from prior_mm.engine.launch import load_config
from prior_mm.registry import MODELS

CONFIGS = Path(__file__).parents[2] / 'configs/downstream'
needs_mmcv = pytest.mark.skipif(not has_compiled_mmcv(), reason='needs mmcv with compiled operators')
KINDS = {
    'vit': lambda: timm.create_model('vit_base_patch16_224', embed_dim=64, depth=4, num_heads=1, img_size=64),
    'convnext': lambda: timm.create_model('convnext_tiny', depths=(1, 1, 2, 1), dims=(8, 16, 24, 32)),
    'swin': lambda: timm.create_model('swin_tiny_patch4_window7_224', embed_dim=32, depths=(1, 1, 1, 1),
                                      num_heads=(1, 2, 2, 4)),
    'densenet': lambda: timm.create_model('densenet121', block_config=(1, 1, 1, 1)),
    'resnet18': lambda: timm.create_model('resnet18'),
}


def fitted(name, kind, task):
    init_default_scope('prior_mm')
    config = load_config(str(CONFIGS / f'{name}.py'))
    fit_backbone(config, architecture_of(KINDS[kind]().state_dict()), task)
    config.model.backbone.in_channels = 1
    return MODELS.build(config.model)


@pytest.mark.parametrize('kind', KINDS)
def test_classification(kind):
    """A linear layer on the mean of the last map."""
    model = fitted('rsna_cls', kind, 'classification')
    model(torch.randn(2, 1, 64, 64), mode='tensor')[-1].sum().backward()
    assert any(value.grad is not None for value in model.backbone.parameters())
    assert model.head.fc(torch.zeros(1, model.head.fc.in_features)).shape == (1, 1)


@needs_mmcv
@pytest.mark.slow
@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('name', ['rsna_seg', 'rsna_seg_unet', 'benchx/siim_seg', 'lovt/rsna_seg_linear'])
def test_segmentation(kind, name):
    """UPerNet with its auxiliary head, a U-Net-like decoder, a linear layer; a transformer has a feature pyramid."""
    model = fitted(name, kind, 'segmentation').eval()
    assert (type(model.neck).__name__ == 'Feature2Pyramid' if kind == 'vit' else not model.with_neck)
    with torch.no_grad():
        logits = model(torch.randn(1, 1, 64, 64), mode='tensor')
    assert logits.shape[:2] == (1, 2) and torch.isfinite(logits).all()


@needs_mmcv
@pytest.mark.slow
@pytest.mark.parametrize('kind', KINDS)
def test_detection(kind):
    """The FPN learns the channels; of a transformer ViTDet's neck gives maps of the same strides."""
    model = fitted('rsna_det', kind, 'detection').eval()
    with torch.no_grad():
        maps = model.extract_feat(torch.randn(1, 1, 128, 128))
    assert [one.shape[-1] for one in maps] == [32, 16, 8, 4, 2]
    assert (type(model.neck).__name__ == 'SimpleFeaturePyramid') is (kind == 'vit')


@needs_mmcv
@pytest.mark.parametrize('patch', [14, 16, 32])
def test_boxes_lie_where_their_features_are(patch):
    """Anchors of each map cover the image in the config's sizes, and a box is read at its own place in each map."""
    init_default_scope('prior_mm')
    config = load_config(str(CONFIGS / 'rsna_det.py'))
    for _ in range(2):  # twice is as once
        fit_backbone(config, architecture_of(timm.create_model(
            'vit_base_patch16_224', embed_dim=64, depth=4, num_heads=1, patch_size=patch).state_dict()), 'detection')
    model = MODELS.build(config.model).eval()
    with torch.no_grad():
        maps = model.extract_feat(torch.randn(1, 1, 224, 224))
    sizes = [tuple(one.shape[-2:]) for one in maps]
    assert sizes[2] == (224 // patch, ) * 2
    generator = model.rpn_head.prior_generator
    for anchors, side, (stride, _), size in zip(generator.grid_priors(sizes, device='cpu'), (16, 32, 64, 128, 256),
                                                generator.strides, sizes, strict=True):
        centres = (anchors[:, :2] + anchors[:, 2:]) / 2
        assert stride * size[0] == pytest.approx(224, abs=stride) and centres.min() == 0
        assert centres.max() == pytest.approx(224 - stride, abs=stride)
        assert (anchors[:, 2:] - anchors[:, :2]).prod(dim=1).sqrt().numpy() == pytest.approx(side, rel=1e-3)
    # Each place of a map holds its own position in pixels, so that a box's mean is its centre.
    ramps = []
    for one in maps[:4]:
        steps = (torch.arange(one.shape[-1]) + .5) * 224 / one.shape[-1]
        ramps.append(steps.expand(1, 256, one.shape[-2], -1).contiguous())
    boxes = torch.tensor([[0, 60., 40, 90, 80], [0, 100., 20, 180, 120], [0, 40., 40, 160, 200]])
    read = model.roi_head.bbox_roi_extractor(tuple(ramps), boxes)[:, 0].mean(dim=(1, 2))
    assert read.tolist() == pytest.approx([75, 140, 100], abs=1)


@needs_mmcv
def test_strides_that_nobody_names():
    """A head that takes its strides from its code cannot be fitted to other patches: said, with the mend."""
    config = load_config(str(CONFIGS / 'rsna_det.py'))
    del config.model.rpn_head['anchor_generator']
    with pytest.raises(ValueError, match='model.rpn_head names no strides.*write down one for each map'):
        fit_backbone(config, architecture_of(timm.create_model(
            'vit_base_patch16_224', embed_dim=64, depth=4, num_heads=1, patch_size=32).state_dict()), 'detection')


@needs_mmcv
def test_detector_without_a_place_for_it():
    """YOLOv3 has none for patches of one size: said, with what to take."""
    with pytest.raises(ValueError, match='take a detector with an FPN'):
        fitted('rsna_det_yolo', 'vit', 'detection')
