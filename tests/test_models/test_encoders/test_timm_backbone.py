"""timm's backbones as the toolboxes': maps with their grid, of any size, frozen or not."""
import pytest
import torch
from mmengine.model import convert_sync_batchnorm, revert_sync_batchnorm
from torch import nn

from prior_mm.models.encoders import ImageEncoder, TimmBackbone

VIT = dict(architecture='vit_base_patch16_224', model_args=dict(embed_dim=32, depth=4, num_heads=2, img_size=64))


@pytest.mark.parametrize('architecture', [
    'vit_tiny_patch16_224', 'deit_tiny_distilled_patch16_224', 'deit3_small_patch16_224', 'flexivit_small',
    'eva02_tiny_patch14_224', 'swin_tiny_patch4_window7_224', 'swinv2_tiny_window8_256', 'convnext_atto'])
def test_another_size_than_its_own(architecture):
    """Images of a task's size, not of the one that the weights were trained at."""
    with torch.no_grad():
        last, = TimmBackbone(architecture).eval()(torch.randn(1, 1, 96, 96))
    assert last.shape[2:] in {(side, side) for side in (3, 6, 7)}  # 96 over strides of 32, 16, 14


@pytest.mark.parametrize('size', [64, 96, 70])
def test_patches_with_their_grid(size):
    """A transformer's patches are a map, for images of other sizes, too, and those that patches do not fill."""
    maps = TimmBackbone(**VIT, out_indices=(1, 3))(torch.randn(2, 1, size, size))
    side = -(-size // 16)
    assert [one.shape for one in maps] == [(2, 32, side, side)] * 2


def test_frozen_stays_as_it_is():
    """No gradients, and the statistics of batch normalisation rest; with norm_eval these alone."""
    frozen = TimmBackbone('resnet18', frozen_stages=4).train()
    before = {name: value.clone() for name, value in frozen.state_dict().items()}
    assert not frozen(torch.randn(2, 1, 32, 32))[-1].requires_grad
    assert all(torch.equal(value, before[name]) for name, value in frozen.state_dict().items())
    tuned = TimmBackbone('resnet18', norm_eval=True).train()
    before = tuned.model.bn1.running_mean.clone()
    tuned(torch.randn(2, 1, 32, 32))[-1].sum().backward()
    assert torch.equal(tuned.model.bn1.running_mean, before) and tuned.model.conv1.weight.grad is not None


@pytest.mark.parametrize('convert', [convert_sync_batchnorm, nn.SyncBatchNorm.convert_sync_batchnorm])
@pytest.mark.parametrize('architecture', ['efficientnet_b0', 'resnet18'])
@torch.no_grad()
def test_synchronised_batch_normalisation_activates(architecture, convert):
    """Wrapped for many processes, anew in a second stage, and taken back, it is the network that its weights name."""
    whole = nn.Sequential(TimmBackbone(architecture)).eval()
    images, names = torch.randn(2, 1, 64, 64), whole.state_dict().keys()
    expected, = whole(images)
    for change in (convert, convert, revert_sync_batchnorm):
        change(whole).eval()
        synchronised = any(isinstance(module, nn.SyncBatchNorm) for module in whole.modules())
        assert synchronised == (change is convert) and whole.state_dict().keys() == names
        torch.testing.assert_close(whole(images)[0], expected)


def test_mmcv_has_no_layer_that_activates():
    """Its batch normalisation would leave the activation out, which is refused with the mend."""
    layer = type('SyncBatchNorm', (nn.Module, ), dict(act=nn.ReLU()))()
    with pytest.raises(ValueError, match="activation of model.bn1: set sync_bn='torch'"):
        TimmBackbone('resnet18').add_module('model', nn.ModuleDict(dict(bn1=layer)))


def test_in_the_image_encoder():
    """The encoder pools the patches; every weight of the backbone but the unused gets a gradient."""
    encoder = ImageEncoder(dict(type='TimmBackbone', **VIT), out_channels=32, stride=16, grid=(4, 4))
    features = encoder(torch.randn(2, 1, 64, 64))
    assert features.patches.shape == (2, 16, 32) and features.grid == (4, 4)
    (features.pooled.sum() + features.patches.square().sum()).backward()
    without = [name for name, value in encoder.backbone.named_parameters() if value.grad is None]
    assert not without


def test_features_come_as_they_lie():
    """From the finest on: another order would be a promise that is not kept."""
    assert len(TimmBackbone('resnet18', out_indices=(0, 2, -1)).eval()(torch.randn(1, 1, 32, 32))) == 3
    with pytest.raises(ValueError, match='out_indices must ascend'):
        TimmBackbone('resnet18', out_indices=(3, 0))


@pytest.mark.parametrize(('pool', 'warned'), [('avg', True), ('token', False)])
def test_a_norm_behind_the_pooling(monkeypatch, pool, warned):
    """A transformer that normalises what it has pooled gives maps that are not: it is said."""
    said = []
    monkeypatch.setattr('prior_mm.models.encoders.timm_backbone.print_log', lambda text, *rest: said.append(text))
    TimmBackbone(VIT['architecture'], model_args=dict(VIT['model_args'], global_pool=pool))
    assert bool(said) is warned


def test_unknown_architecture():
    """With names that there are."""
    with pytest.raises(ValueError, match="timm has no 'vit_huge_x'; it has names such as"):
        TimmBackbone('vit_huge_x')
