"""The other methods' maps of a phrase, and their backbone in supervised tasks: every task runs for every method."""
import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import MODELS as ROOT
from tiny_methods import METHODS, batch, tiny

from prior_mm.checkpoints.backbone_weights import load_backbone
from prior_mm.checkpoints.checkpoint import save_checkpoint
from prior_mm.models.phrase_maps import MAPS, phrase_maps

#: Word pieces of each phrase; two are a word.
PHRASES = [[4], [2], [6]]


def grounder(name: str, **changes) -> torch.nn.Module:
    return tiny(name, type=f'PhraseGrounder{METHODS[name].get("type", name)}', **changes)


@pytest.mark.parametrize('name', METHODS)
def test_maps_of_every_method(name):
    """Each phrase has finite maps of the method's own grid, whoever else is in the batch; its own one by default."""
    model = grounder(name, maps=MAPS)
    images, phrases = batch(PHRASES)
    features = model.image_encoder(images)
    assert model.local_grid(features) == ((4, 4) if name in ('GLoRIA', 'AFLoc') else (2, 2))
    together = model(images, phrases, [dict(study_id=i) for i in range(3)], mode='predict')
    for number, sample in enumerate(together):
        own = slice(number, number + 1)
        alone = phrase_maps(model, images[own], type(phrases)(*(part[own] for part in phrases)))
        assert sample['study_id'] == number and set(sample['maps']) == set(MAPS)
        for kind, values in sample['maps'].items():
            assert values.shape == ((2, 2) if kind == 'gradient' else model.local_grid(features))
            torch.testing.assert_close(values, alone[kind][0], atol=1e-5, rtol=1e-4)
    (default, ) = grounder(name)(images[:1], type(phrases)(*(part[:1] for part in phrases)), mode='predict')
    assert list(default['maps']) == ['attention' if name in ('GLoRIA', 'AFLoc') else 'cosine']


@torch.no_grad()
def test_own_maps_by_hand():
    """GLoRIA: the mean of its words' attention. ConVIRT: the cosine with the report. MGCA: with the words."""
    images, phrases = batch(PHRASES[:1])
    model = grounder('GLoRIA', maps=('attention', ))
    study = model.embed(model.encode(images, phrases), phrases)
    words, patches = study.words[0], study.patches[0]
    attention = ((words @ patches.T).softmax(dim=0) * 4).softmax(dim=1)[1:]  # [CLS] takes part, and is no word
    (ours, ) = phrase_maps(model, images, phrases, ['attention'])['attention']
    torch.testing.assert_close(ours.flatten(), attention.mean(dim=0))
    for name, phrase_of in (('ConVIRT', lambda study: study.report[0]),
                            ('MGCA', lambda study: study.words[0, 1:].mean(dim=0))):
        model = grounder(name)
        study = model.embed(model.encode(images, phrases), phrases)
        (ours, ) = phrase_maps(model, images, phrases, ['cosine'])['cosine']
        torch.testing.assert_close(
            ours.flatten(), F.cosine_similarity(study.patches[0], phrase_of(study)[None], dim=1), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(('name', 'part'), [('GLoRIA', 'local_alignment'), ('AFLoc', 'local_alignment'),
                                            ('MGCA', 'token_alignment')])
def test_ablations_have_no_local_map(name, part):
    """Without its local alignment a method draws the gradient alone, scores prompts, and says what it has not."""
    images, phrases = batch(PHRASES)
    model = grounder(name, maps=MAPS, **{part: None})
    assert model.loss_weights and not model.draws('attention') and not model.draws('cosine')
    for sample in model(images, phrases, mode='predict'):
        assert sample['maps']['attention'] is None and sample['maps']['cosine'] is None
        assert sample['maps']['gradient'].isfinite().all()
    assert grounder(name, **{part: None}).maps == ('gradient', )
    with pytest.raises(ValueError, match='has no maps .*attention'):
        phrase_maps(model, images, phrases, ['attention'])
    with pytest.raises(ValueError, match='no map .attention'):
        model.sentence_attention(images, phrases)


@pytest.mark.parametrize('name', METHODS)
def test_backbone_of_a_supervised_task(name, tmp_path):
    """The backbone of a supervised task takes the weights of each method's checkpoint, bit by bit."""
    model = tiny(name)
    save_checkpoint(dict(meta={}, state_dict=model.state_dict()), tmp_path / 'epoch_1.pth')
    backbone = ROOT.build(dict(type='mmpretrain.ResNet', depth=18, in_channels=1, stem_channels=16, base_channels=16))
    load_backbone(backbone, tmp_path / 'epoch_1.pth')
    theirs = model.image_encoder.backbone.state_dict()
    assert all(torch.equal(value, theirs[key]) for key, value in backbone.state_dict().items())
