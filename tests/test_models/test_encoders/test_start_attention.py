"""What the class token of a vision transformer attends to, and MGCA's patch weights, against slow versions."""
import numpy as np
import pytest
import torch
from tiny_methods import batch, tiny

from prior_mm.models.alignment.token_alignment import attention_weights
from prior_mm.registry import MODELS

ARGS = dict(img_size=64, embed_dim=24, depth=2, num_heads=3)
BACKBONES = dict(
    timm=dict(type='TimmBackbone', architecture='vit_tiny_patch16_224', model_args=ARGS),
    registers=dict(type='TimmBackbone', architecture='vit_tiny_patch16_224', model_args=dict(ARGS, reg_tokens=4)),
    query_norm=dict(type='TimmBackbone', architecture='vit_tiny_patch16_224', model_args=dict(ARGS, qk_norm=True)),
    mmpretrain=dict(type='mmpretrain.VisionTransformer', in_channels=1, img_size=64, patch_size=16,
                    out_type='featmap', arch=dict(embed_dims=24, num_layers=2, num_heads=3, feedforward_channels=24)))
#: Of what there is no class token, or none that patches of the last map are asked by.
OTHERS = dict(
    resnet=dict(type='mmpretrain.ResNet', depth=18, in_channels=1, stem_channels=8, base_channels=3),
    swin=dict(type='TimmBackbone', architecture='swin_tiny_patch4_window7_224', model_args=dict(
        img_size=64, embed_dim=6, depths=[1, 1], num_heads=[1, 2], window_size=2)),
    mean=dict(type='TimmBackbone', architecture='vit_tiny_patch16_224', model_args=dict(
        ARGS, class_token=False, global_pool='avg')))


def encoder(backbone: dict, channels: int, **options) -> torch.nn.Module:
    torch.manual_seed(0)
    return MODELS.build(dict(type='ImageEncoder', backbone=backbone, out_channels=channels, stride=16,
                             pooled_by='mean', **options)).eval()


def slow_attention(model: torch.nn.Module, images: torch.Tensor) -> torch.Tensor:
    """From what goes into the last attention: image by image, head by head, token by token."""
    network = getattr(model.backbone, 'model', model.backbone)
    attention = (network.blocks if hasattr(network, 'blocks') else network.layers)[-1].attn
    seen = []
    handle = attention.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    model(images)
    handle.remove()
    width = 24 // attention.num_heads
    rows = []
    for tokens in seen[0]:
        of_heads = []
        for head in range(attention.num_heads):
            def projected(token, part, start=head * width):
                made = (attention.qkv.weight @ token + attention.qkv.bias)[part * 24 + start:][:width]
                norm = getattr(attention, 'q_norm' if part == 0 else 'k_norm', None)
                return made if norm is None else norm(made)
            scores = [projected(tokens[0], 0) @ projected(token, 1) / width**.5 for token in tokens]
            total = sum(score.exp() for score in scores)
            of_heads.append(torch.stack([score.exp() / total for score in scores]))
        rows.append((sum(of_heads) / len(of_heads))[-16:])
    return torch.stack(rows)


@pytest.mark.parametrize('name', BACKBONES)
@torch.no_grad()
def test_attention_as_the_slow_one(name):
    """Class token to patches, softmax over all tokens, mean of the heads; the features are those without it."""
    model = encoder(BACKBONES[name], 24)
    images = torch.randn(2, 1, 64, 64, generator=torch.Generator().manual_seed(1))
    with_attention, plain = model(images, start_attention=True), model(images)
    torch.testing.assert_close(with_attention.start_attention, slow_attention(model, images), atol=1e-6, rtol=1e-5)
    assert torch.equal(with_attention.patches, plain.patches) and plain.start_attention is None
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize(('name', 'channels'), [('resnet', 24), ('swin', 12), ('mean', 24)])
@torch.no_grad()
def test_backbones_without_a_class_token(name, channels):
    """There is nothing to pay attention: None, and no error."""
    assert encoder(OTHERS[name], channels)(torch.randn(1, 1, 64, 64), start_attention=True).start_attention is None


@pytest.mark.parametrize('architecture', ['eva02_tiny_patch14_224', 'beit_base_patch16_224',
                                          'vit_small_patch16_dinov3_qkvb'])
@torch.no_grad()
def test_attention_that_cannot_be_read_is_refused(architecture):
    """Layers that turn queries and keys by their places, or pass `qkv` by, give an error and no wrong weights."""
    small = dict(img_size=56, embed_dim=24, depth=1, num_heads=3)
    try:
        model = encoder(dict(type='TimmBackbone', architecture=architecture, model_args=small), 24)
    except RuntimeError as error:
        pytest.skip(f'this timm has no {architecture}: {error}')
    with pytest.raises(ValueError, match='cannot be read off'):
        model(torch.randn(1, 1, 56, 56), start_attention=True)
    assert not any(module._forward_hooks for module in model.modules())


def test_patch_weights_of_mgca():
    """Of a ViT clipped to the 10th and 90th percentile of each image, summing to 1; chunks and gradients as without."""
    def model(**changes):
        return tiny('MGCA', image_encoder=dict(type='ImageEncoder', backbone=BACKBONES['timm'], out_channels=24,
                                               stride=16, pooled_by='mean'), **changes)
    images, reports = batch([[2, 4], [2, 2, 2], [4]])
    mgca = model()
    features = mgca.encode(images, reports)
    study = mgca.embed(features, reports)
    weights = mgca.patch_weights(study, features)
    for seen, paid in zip(weights.numpy(), features.image.start_attention.numpy(), strict=True):
        clipped = np.clip(paid, *np.quantile(paid, [.1, .9]))
        np.testing.assert_allclose(seen, clipped / clipped.sum(), rtol=1e-5)
    assert not weights.requires_grad and weights.std(dim=1).min() > 0
    words = attention_weights(features.start_attention, study.word_mask)
    by_hand = mgca.token_alignment(study.patches, study.words, study.word_mask, weights, words).total
    losses = mgca(images, reports, mode='loss')
    torch.testing.assert_close(losses['loss_token_alignment'], by_hand)
    for name, loss in model(chunk=2)(images, reports, mode='loss').items():
        torch.testing.assert_close(loss, losses[name], atol=1e-5, rtol=1e-5)


def test_patches_of_a_resnet_count_the_same():
    """As published: 1 / P each."""
    images, reports = batch([[2, 4], [4]])
    mgca = tiny('MGCA')
    features = mgca.encode(images, reports)
    assert (mgca.patch_weights(mgca.embed(features, reports), features) == 1 / 4).all()
