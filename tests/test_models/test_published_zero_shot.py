"""The zero-shot arithmetic of the published code, written out with its own parameter names, against ours.

The reference file holds no zero-shot figure. Its weights and the encoders' features are those of the published modules;
here they go through the formula of the published evaluation, one image and one prompt at a time, and through the
converter and ``ZeroShotClassifier`` with the options that keep the published behaviour.
"""
import pytest
import torch
import torch.nn.functional as F
from plain_prior import plain_attention_pooling
from test_published_numbers import FIXTURE, in_double, published_model, reference  # noqa: F401 (a fixture)
from torch import Tensor, nn

from prior_mm.models import ZeroShotClassifier

PROMPTS = {'Atelectasis': ['atelectasis is observed'], 'Edema': ['edema is observed'],
           'Pleural Effusion': ['pleural effusion is observed']}
WORDS = '[PAD] [UNK] [CLS] [SEP] [MASK] atelectasis edema pleural effusion is observed'.split()


class Stub(nn.Module):
    """Stands for an encoder: what it gives is what the reference file holds."""

    def __init__(self, *outputs) -> None:
        super().__init__()
        self.outputs = list(outputs)

    def forward(self, *inputs, **options):
        return self.outputs[0]


def linear(reference, name: str, x: Tensor) -> Tensor:  # noqa: F811
    return x @ reference[f'weight.{name}.weight'].T + reference[f'weight.{name}.bias']


def published_scores(reference, prompts: list[Tensor], local_weight: float) -> Tensor:  # noqa: F811
    """Scores (B, C) from the features (L, W) of the words of one prompt a class; the logarithm as the scale."""

    class Pooling:
        num_heads = 8
        q_proj, k_proj, v_proj, c_proj = (
            type('Linear', (), {kind: reference[f'weight.global_text_attention.{part}_proj.{kind}']
                                for kind in ('weight', 'bias')}) for part in 'qkvc')

    bank, width = reference['weight.sentence_bank.embed.weight'], float(reference['D'])
    rows = []
    for image in range(len(reference['image'])):
        patches = linear(reference, 'local_image_projection', reference['local_image_features'][image])
        whole = linear(reference, 'global_image_projection', reference['global_image_features'][image])
        cosines, attentions = [], []
        for word_pieces in prompts:
            sentence = linear(reference, 'local_text_projection', word_pieces).mean(dim=0)
            prototype = torch.softmax(bank @ sentence / float(reference['tau']), dim=0) @ bank
            report = plain_attention_pooling(Pooling, torch.stack([prototype, prototype])[None])[0]
            cosines.append(F.cosine_similarity(whole, report, dim=0) * reference['weight.logit_scale'])
            attention = 'local_cross_attention'
            to_text = torch.sigmoid(linear(reference, f'{attention}.query1', patches)
                                    @ linear(reference, f'{attention}.key2', prototype) / width**0.5)
            to_image = torch.sigmoid(linear(reference, f'{attention}.key1', patches)
                                     @ linear(reference, f'{attention}.query2', prototype) / width**0.5)
            attentions.append((to_text.mean() + to_image.mean()) / 2)
        rows.append(torch.stack(cosines).softmax(0) + local_weight * torch.stack(attentions).softmax(0))
    return torch.stack(rows)


@pytest.mark.parametrize('local_weight', [0.5, 0.])
@torch.no_grad()
def test_published_arithmetic(reference, tmp_path, monkeypatch, local_weight):  # noqa: F811
    """Converter, ``patch_layout`` and ``scale`` of ``'published'`` give the published scores; the defaults do not."""
    vocabulary = tmp_path / 'vocab.txt'
    vocabulary.write_text('\n'.join(WORDS) + '\n')
    lengths = [3, 3, 4]
    reference = in_double(reference)
    features = reference['token_features'][:3, :6]

    def scores(published: bool) -> Tensor:
        monkeypatch.setattr('test_published_numbers.PRIOR', lambda **options: ZeroShotClassifier(
            PROMPTS, str(vocabulary), local_weight, 'published' if published else 'exp', **options))
        model = published_model(reference, published).eval().double()
        # The published reshaping makes these patches of this map; the other layout makes others.
        grid = int(reference['local_image_features'].shape[1]**0.5)
        feature_map = reference['local_image_features'].view(len(reference['image']), -1, grid, grid)
        model.image_encoder.backbone = Stub((feature_map, ))
        model.image_encoder.pooling = Stub(reference['global_image_features'])
        model.text_encoder = Stub(features)
        predictions = model(reference['image'], None, mode='predict')
        assert all('report_embedding' not in prediction for prediction in predictions)
        return torch.stack([prediction['scores'] for prediction in predictions])

    prompts = [features[number, 1:1 + length] for number, length in enumerate(lengths)]  # without [CLS] and [SEP]
    expected = published_scores(reference, prompts, local_weight)
    torch.testing.assert_close(scores(published=True), expected, rtol=1e-9, atol=1e-9)
    assert (scores(published=False) - expected).abs().max() > 1e-3
    assert FIXTURE.is_file()
