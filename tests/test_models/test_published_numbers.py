"""What the published implementation computed on small random inputs, against ours from the converted weights.

Another file of the same kind is read from the environment variable PRIOR_FIXTURE; all sizes are read from the file.
Its numbers are float32, ours are computed in float64, so that no machine matters; but for the published behaviour,
where float32's costs decide which of several empty sentences a prediction is matched with, which enters the loss.
"""
import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from plain_prior import plain_attention_pooling

from prior_mm.checkpoints.published_weights import convert_published
from prior_mm.models import PRIOR
from prior_mm.models.reconstruction import match
from prior_mm.structures import ImageFeatures, Reports, StudyFeatures

FIXTURE = Path(os.environ.get('PRIOR_FIXTURE') or Path(__file__).parents[1] / 'data' / 'prior_reference.npz')
TOLERANCE = 1e-4  # of the file's float32: sums of up to 2,000 numbers, times 20, the temperature of the local alignment
STAGES = {
    'stage1': dict(global_alignment=1., local_image=1., local_text=1.),
    'stage2': dict(global_alignment=1., local_image=1., local_text=1., prototype=10.),
    'stage3': dict(global_alignment=10., local_image=1., local_text=1., image_reconstruction=1.,
                   sentence_prototype=10., kl=1., global_prediction=1., prototype=10.),
}
NAMES = dict(global_alignment='global_alignment_loss', local_image='local_image_loss', local_text='local_text_loss',
             prototype='proto_loss_', image_reconstruction='rec_image_loss', sentence_prototype='spg_loss',
             kl='kl_loss', global_prediction='gpa_loss')
#: The published totals and parts hold these factors already; global alignment gets its weight only in the total.
WEIGHT_IN_PART = dict(prototype=10., sentence_prototype=10.)


@pytest.fixture(scope='module')
def reference():
    with np.load(FIXTURE, allow_pickle=False) as file:
        return {key: torch.from_numpy(file[key]) for key in file.files}


def published_model(reference, published: bool) -> PRIOR:
    weights = {key.removeprefix('weight.'): value for key, value in reference.items() if key.startswith('weight.')}
    width = int(reference['D'])
    image_width, text_width = reference['local_image_features'].shape[2], reference['token_features'].shape[2]
    layers = {key.split('.')[3] for key in weights if key.startswith('sentence_decoder.encoder.layer.')}
    grid = int(reference['local_image_features'].shape[1]**0.5)
    model = PRIOR(
        image_encoder=dict(
            type='ImageEncoder', backbone=dict(type='mmpretrain.ResNet', depth=18, in_channels=1),
            out_channels=image_width, stride=reference['image'].shape[-1] // grid, num_heads=1,
            patch_layout='published' if published else 'places'),
        text_encoder=dict(type='TextEncoder', config=dict(
            hidden_size=text_width, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8, vocab_size=9)),
        embed_dims=width,
        local_alignment=dict(type='LocalAlignment'),
        prototype_bank=dict(type='SentencePrototypeBank', num_prototypes=int(reference['K']), noise=False,
                            temperature=float(reference['tau'])),
        image_decoder=dict(type='ImageDecoder', dropout=0.),
        sentence_decoder=dict(
            type='SentenceDecoder', num_queries=int(reference['Q']), num_layers=len(layers), dropout=0.,
            num_heads=int(reference.get('num_heads', 4)), causal=published,
            feedforward_dims=len(weights['sentence_decoder.encoder.layer.0.intermediate.dense.bias'])),
        matching_order='published' if published else 'inverse')
    converted = convert_published(weights)
    missing, unexpected = model.load_state_dict(converted, strict=False)
    assert not unexpected
    assert all(key.startswith(('image_encoder.', 'text_encoder.')) for key in missing), missing
    return model.train() if published else model.double().train()


def in_double(reference) -> dict[str, torch.Tensor]:
    return {key: value.double() if value.is_floating_point() else value for key, value in reference.items()}


def inputs(reference, double: bool = True) -> tuple[StudyFeatures, Reports, torch.Tensor]:
    reference = in_double(reference) if double else reference
    index = reference['sentence_index'].clone()
    index[index > 0] -= 1  # the file counts from 1
    counts = reference['n_sentences']
    reports = Reports(torch.zeros_like(index), index >= 0, index, torch.arange(int(counts.max())) < counts[:, None])
    grid = int(reference['local_image_features'].shape[1]**0.5)
    image = ImageFeatures(reference['local_image_features'], reference['global_image_features'], (grid, grid))
    return StudyFeatures(image, reference['token_features']), reports, reference['image']


def close(ours: torch.Tensor, theirs: torch.Tensor) -> None:
    error = relative_error(ours.detach().double(), theirs.double())
    assert error < TOLERANCE, f'relative error {error:.2e}'


@pytest.mark.parametrize('stage', STAGES)
@pytest.mark.parametrize('kind', ['loss', 'published'])
def test_losses(reference, stage, kind):
    """Every loss of every stage: as the paper defines it, and with the options that keep the published behaviour."""
    model = published_model(reference, published=kind == 'published')
    model.set_losses(STAGES[stage])
    losses = model.losses(*inputs(reference, double=kind == 'loss'))
    assert set(losses) == {f'loss_{name}' for name in STAGES[stage]}
    for name, weight in STAGES[stage].items():
        part = losses[f'loss_{name}'] / weight * WEIGHT_IN_PART.get(name, 1.)
        close(part, reference[f'{kind}.{stage}_{NAMES[name]}'])
    close(sum(losses.values()), reference[f'{kind}.{stage}_loss'])


@pytest.mark.parametrize('stage', STAGES)
def test_gradients(reference, stage):
    """The gradients of the stage's total, so that no gradient is stopped or let through where it should not.

    Below the image decoder a gradient jumps when rounding moves a value over the kink of a ReLU or of the absolute
    difference. How far is seen by repeating the computation in float32, with inputs changed by one unit in the last
    place; the file's numbers carry the same uncertainty, and no number can be asked to agree better than that.
    """
    ours = gradients(reference, stage)
    shaken = [gradients(reference, stage, seed) for seed in range(1, 5)]
    theirs = {key.removeprefix(f'grad.{stage}.'): value.double() for key, value in reference.items()
              if key.startswith(f'grad.{stage}.')}
    assert theirs
    for published, expected in theirs.items():
        (name,) = convert_published({published: torch.zeros(())})
        spread = max(relative_error(other[name], ours[name]) for other in shaken)
        error = relative_error(ours[name], expected)
        assert error < max(TOLERANCE, 3 * spread), f'{published}: error {error:.2e}, uncertainty {spread:.2e}'
        if 'image_reconstruction' not in STAGES[stage]:
            assert error < TOLERANCE


def gradients(reference, stage: str, seed: int = 0) -> dict[str, torch.Tensor]:
    """Gradients of all parameters; with a seed, float32's from inputs that are off by a unit in the last place."""
    model = published_model(reference, published=False)
    model = model.float() if seed else model
    model.set_losses(STAGES[stage])
    features, reports, images = inputs(reference, double=not seed)
    generator = torch.Generator().manual_seed(seed)

    def shake(tensor: torch.Tensor) -> torch.Tensor:
        ulp = torch.finfo(torch.float32).eps * torch.randn(tensor.shape, generator=generator)
        return tensor * (1 + ulp) if seed else tensor

    image = ImageFeatures(shake(features.image.patches), shake(features.image.pooled), features.image.grid)
    sum(model.losses(StudyFeatures(image, shake(features.word_pieces)), reports, images).values()).backward()
    return {name: (torch.zeros_like(p) if p.grad is None else p.grad).double() for name, p in model.named_parameters()}


def relative_error(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    return float((ours - theirs).abs().max() / theirs.abs().max().clamp(min=1e-12))


def with_more_sentences(reference) -> dict[str, torch.Tensor]:
    """The file with its longest report cut into two sentences for each of its own, more than Q; outputs by loops.

    What the file says of single studies is that of its first one, which stays as it is.
    """
    changed, longest = in_double(reference), int(reference['n_sentences'][1:].argmax()) + 1
    index = changed['sentence_index'][longest]
    in_order = torch.arange(len(index))
    halves = {int(n): in_order[index == n].tensor_split(2) for n in index[index > 0].unique()}
    parts = [part for n in sorted(halves) for part in halves[n] if len(part)]
    for number, part in enumerate(parts, start=1):
        index[part] = number
    changed['n_sentences'][longest] = len(parts)
    weight = {key.removeprefix('weight.'): value for key, value in changed.items() if key.startswith('weight.')}
    bank, means = weight['sentence_bank.embed.weight'], []
    for pieces, sentence, count in zip(changed['token_features'], changed['sentence_index'], changed['n_sentences'],
                                       strict=True):
        projected = pieces @ weight['local_text_projection.weight'].T + weight['local_text_projection.bias']
        means.append(torch.stack([projected[sentence == n].mean(dim=0) for n in range(1, int(count) + 1)]))
    found = torch.cat([torch.softmax(of_study @ bank.T / changed['tau'], dim=1) @ bank for of_study in means])

    class Pooling:
        num_heads = 8
        q_proj, k_proj, v_proj, c_proj = (
            SimpleNamespace(**{kind: weight[f'global_text_attention.{part}_proj.{kind}']
                               for kind in ('weight', 'bias')}) for part in 'qkvc')

    changed.update({
        'out.sentence_mask': torch.arange(len(parts)) < changed['n_sentences'][:, None],
        'out.sentence_embeddings_padded': torch.nn.utils.rnn.pad_sequence(means, batch_first=True),
        'out.bank_output': found, 'out.bank_recon_l1': (torch.cat(means) - found).abs().mean(),
        'out.bank_index': torch.cat([(of_study @ bank.T).argmax(dim=1) for of_study in means]),
        'out.global_text_stage1': torch.cat([plain_attention_pooling(
            Pooling, torch.cat([of_study.mean(dim=0, keepdim=True), of_study])[None]) for of_study in means])})
    return changed


@pytest.mark.parametrize('made', [lambda reference: reference, with_more_sentences], ids=['file', 'more than Q'])
def test_modules(reference, made):
    """The output of each module on its own, so that a wrong loss can be traced to its part.

    The first two stages keep all sentences of a report; the third, which predicts Q, drops those beyond. A file may
    hold either.
    """
    reference = made(reference)
    model = published_model(reference, published=False)
    features, reports, _ = inputs(reference)
    counts, queries = reference['n_sentences'], int(reference['Q'])
    model.set_losses(STAGES['stage3'])
    assert torch.equal(model.embed(features, reports).sentence_mask.sum(dim=1), counts.clamp(max=queries))
    model.set_losses(STAGES['stage2'])
    study = model.embed(features, reports)
    padded, out = reference['out.sentence_embeddings_padded'], {k: v for k, v in reference.items() if k[:4] == 'out.'}
    mask = torch.zeros_like(study.sentence_mask)
    theirs = out['out.sentence_mask'][:, :mask.shape[1]].bool()
    mask[:, :theirs.shape[1]] = theirs
    assert torch.equal(mask.sum(dim=1), out['out.sentence_mask'].bool().sum(dim=1))
    assert any(torch.equal(mask.sum(dim=1), kept) for kept in (counts, counts.clamp(max=queries)))
    close(study.sentences[mask], padded[:, :mask.shape[1]][theirs])
    close(study.prototypes[mask], out['out.bank_output'])
    close(model.prototype_bank.loss(study.sentences, study.prototypes, mask), out['out.bank_recon_l1'])
    assert torch.equal(model.prototype_bank.logits(study.sentences[mask]).argmax(-1), out['out.bank_index'])
    model.set_losses(STAGES['stage1'])
    study = model.embed(features, reports)
    close(study.report, out['out.global_text_stage1'])
    attended = model.cross_attention(study.patches, study.sentences, study.sentence_mask)
    count = int(reference['n_sentences'][0])
    close(attended.patch_context[0], out['out.text_to_image_context0'])
    close(attended.patch_weights[0, :, :count], out['out.text_to_image_attn0'])
    close(attended.sentence_context[0, :count], out['out.image_to_text_context0'])
    close(attended.sentence_weights[0, :count], out['out.image_to_text_attn0'])
    close(model.local_alignment.predictor(study.patches[0]), out['out.predictor0'])
    close(model.sentence_decoder(study.patches), out['out.sentence_decoder'])
    model.sentence_decoder.causal = True
    close(model.sentence_decoder(study.patches), out['out.sentence_decoder_causal'])


def test_all_numbers_are_compared(reference):
    """Every out.*, loss.*, published.* and grad.* of the file is compared by one of the tests above."""
    known = {'out.sentence_embeddings_padded', 'out.sentence_mask', 'out.global_text_stage1', 'out.bank_output',
             'out.bank_recon_l1', 'out.bank_index', 'out.text_to_image_context0', 'out.text_to_image_attn0',
             'out.image_to_text_context0', 'out.image_to_text_attn0', 'out.predictor0',
             'out.sentence_decoder', 'out.sentence_decoder_causal'}
    known |= {f'{kind}.{stage}_{part}' for kind in ('loss', 'published') for stage in STAGES
              for part in ['loss', *(NAMES[name] for name in STAGES[stage])]}
    assert {key for key in reference if key.startswith(('out.', 'loss.', 'published.'))} == known


def test_matching_order_matters():
    """The published order takes the target of a prediction for the prediction of a target."""
    targets = torch.eye(3)[None]
    cyclic = targets[:, [1, 2, 0]]
    assert torch.equal(cyclic.gather(1, match(cyclic, targets)[..., None].expand_as(cyclic)), targets)
    assert not torch.equal(match(cyclic, targets), match(cyclic, targets, 'published'))
