"""The image encoder: what it gives, how weights get into its backbone, and that they fit other toolboxes."""
import importlib

import pytest
import torch
import torchvision
from mmengine.registry import DefaultScope
from rounding import rounding

from prior_mm.checkpoints.backbone_weights import load_backbone
from prior_mm.checkpoints.checkpoint import save_checkpoint
from prior_mm.models import ImageEncoder

RESNET18 = dict(type='mmpretrain.ResNet', depth=18, in_channels=1)
SMALL = dict(stem_channels=8, base_channels=8)


def encoder(**options) -> ImageEncoder:
    torch.manual_seed(0)
    return ImageEncoder(**{**dict(backbone=RESNET18, out_channels=512, grid=(2, 3)), **options}).eval()


def with_statistics(module: torch.nn.Module) -> torch.nn.Module:
    """The module as after a training: its normalisations have statistics, its parameters no round numbers."""
    generator = torch.Generator().manual_seed(0)
    for name, tensor in module.state_dict().items():
        if tensor.is_floating_point() and tensor.ndim == 1:
            tensor.copy_(torch.rand(tensor.shape, generator=generator) * 0.2 + ('var' in name or 'weight' in name))
    return module


@torch.no_grad()
def test_features():
    """Patches are the places of the last map, row by row; the pooled feature is made of them and their grid."""
    model = encoder()
    images = torch.randn(2, 1, 64, 96)
    features = model(images)
    feature_map = model.backbone(images)[-1]
    assert features.grid == (2, 3) == feature_map.shape[2:]
    for b in range(2):
        for y in range(2):
            for x in range(3):
                torch.testing.assert_close(features.patches[b, 3 * y + x], feature_map[b, :, y, x])
    torch.testing.assert_close(features.pooled, model.pooling(features.patches))
    assert model(torch.randn(1, 1, 96, 64)).grid == (3, 2)


@torch.no_grad()
def test_published_layout_changes_the_patches_only():
    """The pooled feature is of true places in both layouts, as it is in the published code."""
    ours, published = encoder(), encoder(patch_layout='published')
    images = torch.randn(2, 1, 64, 96)
    assert torch.equal(ours(images).pooled, published(images).pooled)
    assert not torch.equal(ours(images).patches, published(images).patches)
    assert torch.equal(published(images).patches.flatten(1), published.backbone(images)[-1].flatten(1))


@pytest.mark.parametrize(('options', 'message'), [
    (dict(stride=24), 'stride must be a power of two, got 24'), (dict(stride=0), 'got 0'),
    (dict(patch_layout='place'), "patch_layout must be one of .*'places', 'published'.*'place'")])
def test_bad_options(options, message):
    """A stride or layout that there is not is an error that names the setting."""
    with pytest.raises(ValueError, match=message):
        encoder(**options)


def test_channels_that_do_not_fit():
    """A backbone of other width says what to set."""
    with pytest.raises(ValueError, match=r'set image_encoder\.out_channels=512'):
        encoder(out_channels=256)(torch.zeros(1, 1, 32, 32))


# ----------------------------------------------------------------------------------------------------- weights

@pytest.fixture(scope='module')
def torchvision_weights():
    torch.manual_seed(1)
    return with_statistics(torchvision.models.resnet18()).state_dict()


@torch.no_grad()
def test_pretrained(torchvision_weights, tmp_path):
    """All tensors of torchvision's file but the classifier are loaded; gray images give what colour ones gave."""
    save_checkpoint(torchvision_weights, tmp_path / 'weights.pth')
    model = encoder(pretrained=str(tmp_path / 'weights.pth'))
    model.init_weights()
    loaded = model.backbone.state_dict()
    assert loaded.keys() == {name for name in torchvision_weights if not name.startswith('fc.')}
    for name, value in loaded.items():
        expected = torchvision_weights[name]
        assert torch.equal(value, expected.sum(dim=1, keepdim=True) if name == 'conv1.weight' else expected), name
    theirs = torchvision.models.resnet18().eval()
    theirs.load_state_dict(torchvision_weights)
    theirs.avgpool = theirs.fc = torch.nn.Identity()
    gray = torch.randn(1, 1, 64, 64, dtype=torch.float64)
    expected = theirs.double()(gray.expand(-1, 3, -1, -1)).flatten()
    # The kernels of three channels were summed up, and rounded, in float32; nothing else is.
    torch.testing.assert_close(model.double().backbone(gray)[-1].flatten(), expected, rtol=0,
                               atol=rounding(3) * float(expected.abs().max()))


@pytest.mark.parametrize('prefix', ['backbone.', 'image_encoder.backbone.', 'image_encoder.encoder.', 'module.',
                                    'encoder.'])
def test_prefixes(prefix, tmp_path):
    """Whatever stands before the names in the file, and whatever else the file holds."""
    small = dict(backbone=dict(RESNET18, **SMALL), out_channels=64)
    weights = with_statistics(encoder(**small).backbone).state_dict()
    save_checkpoint(dict(state_dict={'head.bias': torch.zeros(3), **{
        prefix + name: value for name, value in weights.items()}}), tmp_path / 'weights.pth')
    model = encoder(**small, pretrained=str(tmp_path / 'weights.pth'))
    assert not torch.equal(model.backbone.bn1.bias, weights['bn1.bias'])
    model.init_weights()
    assert all(torch.equal(value, weights[name]) for name, value in model.backbone.state_dict().items())


def test_a_deeper_backbone_is_no_part_of_itself(tmp_path):
    """Of a file of more blocks a stage none is left out silently."""
    deeper = encoder(backbone=dict(RESNET18, depth=34, **SMALL), out_channels=64).backbone.state_dict()
    save_checkpoint({**deeper, 'fc.weight': torch.zeros(3, 64)}, tmp_path / 'resnet34.pth')
    model = encoder(backbone=dict(RESNET18, **SMALL), out_channels=64, pretrained=str(tmp_path / 'resnet34.pth'))
    with pytest.raises(ValueError, match=r"a larger backbone .* no place for \d+ of its tensors, such as .'layer1.2"):
        model.init_weights()


def test_colour_backbone_keeps_its_colours(torchvision_weights, tmp_path):
    """The sum over colours is for a backbone of one channel only."""
    save_checkpoint(torchvision_weights, tmp_path / 'weights.pth')
    model = encoder(backbone=dict(RESNET18, in_channels=3))
    load_backbone(model.backbone, str(tmp_path / 'weights.pth'))
    assert torch.equal(model.backbone.conv1.weight, torchvision_weights['conv1.weight'])


def test_weights_that_do_not_fit(torchvision_weights, tmp_path):
    """Missing tensors and other shapes are errors that name some, and nothing is loaded by halves."""
    model = encoder(backbone=dict(RESNET18, in_channels=2))
    before = {name: value.clone() for name, value in model.backbone.state_dict().items()}
    cases = {
        r"lacks 1 of 120 .*'layer1.0.bn1.weight'": {name: value for name, value in torchvision_weights.items()
                                                    if name != 'layer1.0.bn1.weight'},
        r"lacks 100 of 120 .*'conv1.weight'.* it holds \['stranger'\]": dict(stranger=torch.zeros(1)),
        r'conv1.weight \(64, 3, 7, 7\) instead of \(64, 2, 7, 7\)': torchvision_weights,
    }
    for message, weights in cases.items():
        save_checkpoint(weights, tmp_path / 'weights.pth')
        with pytest.raises(ValueError, match=message):
            load_backbone(model.backbone, str(tmp_path / 'weights.pth'))
    assert all(torch.equal(value, before[name]) for name, value in model.backbone.state_dict().items())


# ---------------------------------------------------------------------------------------------- other toolboxes

@pytest.fixture(scope='module')
def pretrained_resnet50(tmp_path_factory):
    """An image encoder with the published backbone, but narrow, and a checkpoint of the model around it."""
    model = encoder(backbone=dict(RESNET18, depth=50, out_indices=(3, ), **SMALL), out_channels=256)
    with_statistics(model.backbone)
    path = tmp_path_factory.mktemp('resnet50') / 'prior.pth'
    weights = {f'image_encoder.{name}': value for name, value in model.state_dict().items()}
    save_checkpoint(dict(state_dict=weights), path)
    return model, path


@pytest.mark.parametrize('toolbox', ['mmdet', 'mmseg'])
@torch.no_grad()
def test_weights_fit_other_toolboxes(pretrained_resnet50, toolbox):
    """The backbone's names are those of MMDetection and MMSegmentation: strictly, to the bit, with the same map."""
    pytest.importorskip('mmcv.ops', reason='needs the compiled mmcv', exc_type=ImportError)
    pytest.importorskip(toolbox, exc_type=ImportError)
    backbone_class = importlib.import_module(f'{toolbox}.models.backbones').ResNet
    model, path = pretrained_resnet50
    with DefaultScope.overwrite_default_scope(toolbox):  # as a config of these toolboxes takes our checkpoint
        theirs = backbone_class(depth=50, in_channels=1, **SMALL, init_cfg=dict(
            type='Pretrained', checkpoint=str(path), prefix='image_encoder.backbone.'))
        theirs.init_weights()
    assert theirs.state_dict().keys() == model.backbone.state_dict().keys()
    for key, value in model.backbone.state_dict().items():
        assert torch.equal(theirs.state_dict()[key], value), key
    theirs.load_state_dict(model.backbone.state_dict(), strict=True)
    images = torch.randn(1, 1, 64, 64)
    theirs.eval()
    theirs.to(memory_format=torch.channels_last)  # as ours: another order of memory rounds otherwise
    assert torch.equal(model.backbone(images)[-1], theirs(images)[-1])


@torch.no_grad()
def test_patches_of_several_maps():
    """With patch_channels the patches are the places of the first maps that have so many, averaged or enlarged to the
    stride; the last is pooled."""
    backbone = dict(RESNET18, **SMALL, out_indices=(2, 3))
    fine, plain = (encoder(backbone=backbone, out_channels=64, **options)
                   for options in (dict(patch_channels=96, stride=16), {}))
    plain.load_state_dict(fine.state_dict())
    images = torch.randn(2, 1, 64, 96)
    features, (third, last) = fine(images), fine.backbone(images)
    assert features.grid == (4, 6) and features.patches.shape == (2, 24, 96)
    torch.testing.assert_close(features.patches[..., :32].transpose(1, 2).unflatten(2, (4, 6)), third)
    enlarged = torch.nn.functional.interpolate(last, size=(4, 6), mode='bilinear')
    torch.testing.assert_close(features.patches[..., 32:].transpose(1, 2).unflatten(2, (4, 6)), enlarged)
    assert torch.equal(features.pooled, plain(images).pooled) and plain(images).grid == (2, 3)
    alone = encoder(backbone=backbone, out_channels=64, patch_channels=32, stride=16)
    alone.load_state_dict(fine.state_dict())
    assert torch.equal(alone(images).patches, features.patches[..., :32])
    assert torch.equal(alone(images).pooled, features.pooled)
    coarser = encoder(backbone=backbone, out_channels=64, patch_channels=32, stride=32)
    coarser.load_state_dict(fine.state_dict())
    torch.testing.assert_close(coarser(images).patches[0, 4], third[0, :, 2:4, 2:4].mean(dim=(1, 2)))
    with pytest.raises(ValueError, match='image_encoder.patch_channels=96'):
        encoder(backbone=backbone, out_channels=64, patch_channels=95)(images)


@torch.no_grad()
def test_maps_of_earlier_stages():
    """Those of the stages that the backbone was asked for, early ones first; the last is in the patches alone."""
    model = encoder(backbone=dict(RESNET18, **SMALL, out_indices=(1, 2, 3)), out_channels=64).double()
    images, backbone = torch.randn(2, 1, 64, 96, dtype=torch.float64), with_statistics(model.backbone)
    stages = [backbone.maxpool(backbone.relu(backbone.norm1(backbone.conv1(images))))]
    for name in ('layer1', 'layer2', 'layer3', 'layer4'):
        stages.append(getattr(backbone, name)(stages[-1]))
    features = model(images)
    torch.testing.assert_close(features.earlier, tuple(stages[2:4]), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(features.patches, stages[4].flatten(2).transpose(1, 2), rtol=1e-9, atol=1e-9)
    assert [tuple(level.shape[1:]) for level in features.earlier] == [(16, 8, 12), (32, 4, 6)]
    assert encoder(backbone=dict(RESNET18, **SMALL), out_channels=64).double()(images).earlier == ()
