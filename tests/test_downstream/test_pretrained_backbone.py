"""The pre-trained backbone in the toolboxes' ResNets: bit by bit, strictly, and last."""
import importlib

import pytest
import torch
from mmengine.model import Sequential
from mmengine.registry import MODELS, DefaultScope

from prior_mm.checkpoints.checkpoint import save_checkpoint
from prior_mm.dependencies import has_compiled_mmcv
from prior_mm.downstream.pretrained_backbone import check_preprocessing

NEEDS_MMCV = pytest.mark.skipif(not has_compiled_mmcv(), reason='needs mmcv with compiled operators')
TOOLBOXES = ['mmpretrain', pytest.param('mmdet', marks=NEEDS_MMCV), pytest.param('mmseg', marks=NEEDS_MMCV)]
SMALL = dict(in_channels=1, base_channels=8, stem_channels=8, style='pytorch')
SAID = dict(preprocessing=dict(mean=0.4755, std=0.3011, pixel_range=[0., 1.], channels=1))


def backbone(toolbox: str, depth: int = 18, **options) -> torch.nn.Module:
    importlib.import_module(f'{toolbox}.models')
    with DefaultScope.overwrite_default_scope(toolbox):
        return MODELS.build(dict(type=f'{toolbox}.ResNet', depth=depth, **SMALL, **options))


def initialiser(path, **options) -> dict:
    return dict(type='prior_mm.PretrainedBackbone', checkpoint=str(path), **options)


@pytest.fixture(scope='module', params=[18, 50])
def pretrained(request, tmp_path_factory):
    """A checkpoint of PRIOR's names with a one-channel backbone, of which nothing is as any initialiser leaves it."""
    generator = torch.Generator().manual_seed(0)
    weights = backbone('mmpretrain', request.param).state_dict()
    weights = {name: torch.rand(value.shape, generator=generator) + 0.5 if value.is_floating_point() else value + 3
               for name, value in weights.items()}
    path = tmp_path_factory.mktemp('pretrained') / 'epoch_9.pth'
    save_checkpoint(dict(meta=SAID, state_dict={
        'global_alignment.logit_scale': torch.ones(()),
        **{f'image_encoder.backbone.{name}': value for name, value in weights.items()}}), path)
    return request.param, path, weights


@pytest.mark.parametrize('toolbox', TOOLBOXES)
@pytest.mark.parametrize('within', [False, True], ids=['alone', 'within a model'])
def test_every_bit(pretrained, toolbox, within):
    """After all initialisers have run, each tensor of the backbone is the checkpoint's, also what toolboxes zero."""
    depth, path, weights = pretrained
    model = backbone(toolbox, depth, init_cfg=initialiser(path, mean=0.4755, std=0.3011))
    (Sequential(model, init_cfg=dict(type='Kaiming', layer='Conv2d')) if within else model).init_weights()
    loaded = model.state_dict()
    assert loaded.keys() == weights.keys()
    assert all(torch.equal(loaded[name], value) for name, value in weights.items())
    assert model.conv1.weight.shape[1] == 1


@pytest.mark.parametrize('toolbox', TOOLBOXES)
def test_without_it_the_toolbox_initialises(toolbox):
    """The switches that it turns off are on without it: blocks end with a batch normalisation of weight 0."""
    model = backbone(toolbox, zero_init_residual=True)
    model.init_weights()
    assert (model.layer1[0].norm2.weight == 0).all()


@pytest.mark.parametrize('architecture', ['vit_tiny_patch16_224', 'swin_tiny_patch4_window7_224', 'resnet18d'])
def test_every_bit_of_timm(architecture, tmp_path):
    """timm's models initialise themselves, which must not happen after the weights were loaded."""
    model = MODELS.build(dict(type='prior_mm.TimmBackbone', architecture=architecture,
                              init_cfg=initialiser(tmp_path / 'run.pth')))
    weights = {name: value + 1 for name, value in model.state_dict().items()}
    save_checkpoint(dict(meta=SAID, state_dict={
        f'image_encoder.backbone.{name}': value for name, value in weights.items()}), tmp_path / 'run.pth')
    model.init_weights()
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())


def test_mismatch_is_an_error(pretrained):
    """Another depth, a wrong prefix: an error that shows names, never a random backbone."""
    depth, path, _ = pretrained
    with pytest.raises(ValueError, match=r'lacks \d+ of \d+ tensors.*layer\d|does not fit'):
        backbone('mmpretrain', 68 - depth, init_cfg=initialiser(path)).init_weights()
    with pytest.raises(ValueError, match=r"lacks .*'conv1.weight'.*under the prefix 'image_encoder.backbone.'"):
        backbone('mmpretrain', depth, init_cfg=initialiser(path, prefix='encoder.')).init_weights()
    with pytest.raises(FileNotFoundError, match='nowhere.pth'):
        backbone('mmpretrain', depth, init_cfg=initialiser('nowhere.pth')).init_weights()


def test_unknown_prefix_is_suggested(pretrained, tmp_path):
    """Names that stand under a prefix that nobody thought of: the message says it, and with it they load."""
    depth, _, weights = pretrained
    path = tmp_path / 'other.pth'
    save_checkpoint({f'visual.trunk.{name}': value for name, value in weights.items()}, path)
    with pytest.raises(ValueError, match="under the prefix 'visual.trunk.'"):
        backbone('mmpretrain', depth, init_cfg=initialiser(path)).init_weights()
    model = backbone('mmpretrain', depth, init_cfg=initialiser(path, prefix='visual.trunk.'))
    model.init_weights()
    assert torch.equal(model.conv1.weight, weights['conv1.weight'])


@pytest.mark.parametrize(('name', 'value'), [('mean', 0.5063), ('std', 0.2895)])
def test_another_normalisation_is_an_error(pretrained, name, value):
    """A backbone that was trained on images normalised otherwise is refused, with the value to set."""
    depth, path, _ = pretrained
    ours = {'mean': 0.4755, 'std': 0.3011, name: value}
    with pytest.raises(ValueError, match=rf'a {name} of {SAID["preprocessing"][name]}.*data_preprocessor.{name}='):
        backbone('mmpretrain', depth, init_cfg=initialiser(path, **ours)).init_weights()


def test_normalisation_in_other_ranges():
    """A checkpoint may count its pixels from 0 to 255; one that says nothing passes."""
    ours = dict(mean=0.4755, std=0.3011)
    check_preprocessing({}, ours, 'a.pth')
    check_preprocessing(dict(preprocessing=dict(mean=121.2525, std=76.7805, pixel_range=[0, 255])), ours, 'a.pth')
    with pytest.raises(ValueError, match='mean'):
        check_preprocessing(dict(preprocessing=dict(mean=0.4755, std=0.3011, pixel_range=[0, 255])), ours, 'a.pth')
