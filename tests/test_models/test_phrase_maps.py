"""The three maps of a phrase: against slow versions, for several backbones, and Grad-CAM where the answer is known."""
import pytest
import torch
import torch.nn.functional as F
from test_prior import batch, tiny

from prior_mm.models import PhraseGrounder
from prior_mm.models.phrase_maps import MAPS, phrase_maps

BACKBONES = dict(
    resnet=dict(type='ImageEncoder', out_channels=64, grid=(2, 2), backbone=dict(
        type='mmpretrain.ResNet', depth=18, in_channels=1, stem_channels=8, base_channels=8)),
    finer=dict(type='ImageEncoder', out_channels=64, patch_channels=96, stride=16, grid=(2, 2), backbone=dict(
        type='mmpretrain.ResNet', depth=18, in_channels=1, stem_channels=8, base_channels=8, out_indices=(2, 3))),
    convnext=dict(type='ImageEncoder', out_channels=48, grid=(2, 2), backbone=dict(
        type='mmpretrain.ConvNeXt', arch=dict(depths=[1, 1, 1, 1], channels=[8, 16, 32, 48]), in_channels=1,
        gap_before_final_norm=False)),
    vit=dict(type='ImageEncoder', out_channels=24, stride=16, grid=(4, 4), backbone=dict(
        type='mmpretrain.VisionTransformer', arch=dict(embed_dims=24, num_layers=1, num_heads=2,
                                                       feedforward_channels=24),
        in_channels=1, img_size=64, patch_size=16, out_type='featmap')),
    timm=dict(type='ImageEncoder', out_channels=24, stride=16, grid=(4, 4), backbone=dict(
        type='TimmBackbone', architecture='vit_tiny_patch16_224', model_args=dict(
            img_size=64, embed_dim=24, depth=2, num_heads=2))),
)


def grounder(name: str = 'resnet', cls=PhraseGrounder, **options):
    return tiny(cls, image_encoder=BACKBONES[name], image_decoder=None, sentence_decoder=None, prototype_bank=None,
                **options).eval()


@pytest.mark.parametrize('name', BACKBONES)
def test_every_backbone(name):
    """Each phrase has a finite map of the patches' grid that does not depend on who else is in the batch."""
    model = grounder(name, maps=MAPS)
    images, phrases = batch([[3], [1], [4]])
    together = model(images, phrases, [dict(study_id=i) for i in range(3)], mode='predict')
    grid = model.image_encoder(images).grid
    for number, sample in enumerate(together):
        alone = phrase_maps(model, images[number:number + 1], type(phrases)(*(part[number:number + 1]
                                                                              for part in phrases)))
        assert sample['study_id'] == number and set(sample['maps']) == set(MAPS)
        for kind, values in sample['maps'].items():
            size = tuple(model.image_encoder.backbone(images)[-1].shape[2:]) if kind == 'gradient' else grid
            assert values.shape == size and values.isfinite().all() and not values.requires_grad
            torch.testing.assert_close(values, alone[kind][0], atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_attention_and_cosine_as_the_slow_ones():
    """Place by place: the sigmoid of query and key, and the cosine of the patch's and the sentence's embedding."""
    model = grounder()
    images, phrases = batch([[3], [2]])
    maps = phrase_maps(model, images, phrases)
    study = model.embed(model.encode(images, phrases), phrases)
    for b in range(2):
        for place in range(4):
            patch, sentence = study.patches[b, place], study.prototypes[b, 0]
            query, key = model.cross_attention.text_query(sentence), model.cross_attention.image_key(patch)
            row, column = divmod(place, 2)
            torch.testing.assert_close(maps['cosine'][b, row, column], F.cosine_similarity(patch, sentence, dim=0))
            torch.testing.assert_close(maps['attention'][b, row, column],
                                       torch.sigmoid(query @ key / len(sentence)**.5))


def test_gradient_is_that_of_small_steps():
    """The weight of a channel is what the cosine gains, by finite differences, if the channel is raised everywhere."""
    model = grounder().double()
    images, phrases = batch([[3]])
    images = images.double()
    seen = phrase_maps(model, images, phrases)['gradient'][0]
    with torch.no_grad():
        report = model.embed_reports(model.text_encoder(phrases), phrases).report
        last = model.image_encoder.backbone(images)[-1]

        def cosine(feature_map):
            pooled = model.image_encoder.pooling(feature_map.flatten(2).transpose(1, 2), grid=(2, 2))
            return F.cosine_similarity(model.global_image_projection(pooled), report).item()

        slow, step = torch.zeros(2, 2, dtype=torch.float64), 1e-5
        for channel in range(last.shape[1]):
            raised, lowered = last.clone(), last.clone()
            raised[:, channel] += step
            lowered[:, channel] -= step
            slow += (cosine(raised) - cosine(lowered)) / (2 * step) / 4 * last[0, channel]
    torch.testing.assert_close(seen.double(), slow.relu(), atol=1e-6, rtol=1e-4)


def test_ablations_say_which_map_they_have_not():
    """Without the LAM no loss trains the attention of sentences: its map is None; in stage 1 the cosine's is, too."""
    model = tiny(PhraseGrounder, image_encoder=BACKBONES['resnet'], local_alignment=None, maps=MAPS).eval()
    images, phrases = batch([[3], [2]])
    for sample in model(images, phrases, mode='predict'):
        assert sample['maps']['attention'] is None
        assert sample['maps']['cosine'].isfinite().all() and sample['maps']['gradient'].isfinite().all()
    model.set_losses(dict(global_alignment=1., local_image=1., local_text=1.))
    (sample, *_) = model(images, phrases, mode='predict')
    assert [name for name, drawn in sample['maps'].items() if drawn is None] == ['attention', 'cosine']
    with pytest.raises(ValueError, match='has no maps .*attention.*It has gradient'):
        phrase_maps(model, images, phrases, ['attention', 'cosine'])


def test_leaves_the_model_as_it_was():
    """No gradient is left in the weights, and no hook in the backbone, even where weights rest and under no_grad."""
    model = grounder()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    with torch.no_grad():
        phrase_maps(model, *batch([[3]]))
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not model.image_encoder.backbone._forward_hooks


def test_bad_input_is_named():
    """Maps that there are not, patches that are no places, and a pipeline without phrases."""
    with pytest.raises(ValueError, match='maps must be some of'):
        grounder(maps=('saliency', ))
    model = grounder()
    images, phrases = batch([[3]])
    with pytest.raises(ValueError, match='no maps'):
        phrase_maps(model, images, phrases, ('saliency', ))
    model.image_encoder.patch_layout = 'published'
    with pytest.raises(ValueError, match='is no place'):
        phrase_maps(model, images, phrases, ('cosine', ))
    with pytest.raises(ValueError, match='TokenizeReport'):
        model(images, None, [{}], mode='predict')
