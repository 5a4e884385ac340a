"""The batched model against loops over the studies, and what must hold for any batch."""
import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from plain_prior import PlainPRIOR
from rounding import rounding

from prior_mm.models import PRIOR
from prior_mm.models.prior import PUBLISHED_LOSSES
from prior_mm.structures import Reports

STAGES = {
    'alignment': dict(global_alignment=1., local_image=1., local_text=1.),
    'prototypes': dict(global_alignment=1., local_image=1., local_text=1., prototype=10.),
    'reconstruction': PUBLISHED_LOSSES,
}
WIDTH = 32


def tiny(cls=PRIOR, seed: int = 0, **changes) -> PRIOR:
    torch.manual_seed(seed)
    config = dict(
        image_encoder=dict(type='ImageEncoder', out_channels=512, stride=32, grid=(2, 2),
                           backbone=dict(type='mmpretrain.ResNet', depth=18, in_channels=1)),
        text_encoder=dict(type='TextEncoder', config=dict(
            hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, vocab_size=50,
            hidden_dropout_prob=0., attention_probs_dropout_prob=0.)),
        embed_dims=WIDTH,
        local_alignment=dict(type='LocalAlignment'),
        prototype_bank=dict(type='SentencePrototypeBank', num_prototypes=12, noise=False),
        image_decoder=dict(type='ImageDecoder', dropout=0.),
        sentence_decoder=dict(type='SentenceDecoder', num_queries=6, num_layers=2, num_heads=4, feedforward_dims=32,
                              dropout=0.))
    return cls(**{**config, **changes}).train()


def batch(sentence_lengths: list[list[int]], seed: int = 0, size: int = 64) -> tuple[torch.Tensor, Reports]:
    """Images and reports whose sentences have these numbers of word pieces."""
    generator = torch.Generator().manual_seed(seed)
    tokens = [[2, *torch.randint(5, 50, (sum(lengths),), generator=generator).tolist(), 3]
              for lengths in sentence_lengths]
    index = [[-1, *(n for n, length in enumerate(lengths) for _ in range(length)), -1] for lengths in sentence_lengths]
    return torch.randn(len(tokens), 1, size, size, generator=generator), Reports.from_sequences(tokens, index)


def total_and_gradients(model: PRIOR, stage: str, images, reports) -> tuple[dict, dict]:
    model.set_losses(STAGES[stage])
    model.zero_grad()
    losses = model(images, reports, mode='loss')
    sum(losses.values()).backward()
    return losses, {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


def same(ours: dict, theirs: dict, tolerance: float) -> None:
    assert ours.keys() == theirs.keys()
    for name in ours:
        error = (ours[name] - theirs[name]).abs().max() / theirs[name].abs().max().clamp(min=1e-3)
        assert error < tolerance, f'{name}: {error:.2e}'


lengths = st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=8), min_size=1, max_size=4)


@pytest.mark.parametrize('stage', STAGES)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lengths=lengths, seed=st.integers(0, 99))
def test_batched_equals_loops(stage, lengths, seed):
    """No study sees another through padding, masks or the batched matching: values and gradients of all losses."""
    ours, plain = tiny(PRIOR, seed), tiny(PlainPRIOR, seed)
    plain.load_state_dict(ours.state_dict())
    # In double precision, so that neither rounding nor the kinks of ReLU stand between the two.
    for model in (ours, plain):
        model.double()
    images, reports = batch(lengths, seed)
    our_losses, our_gradients = total_and_gradients(ours, stage, images.double(), reports)
    losses, gradients = total_and_gradients(plain, stage, images.double(), reports)
    same(our_losses, losses, 1e-9)
    same(our_gradients, gradients, 1e-9)


@pytest.mark.parametrize('stage', STAGES)
def test_padding_changes_nothing(stage):
    """More padding, of word pieces and of sentences, gives the same losses and gradients, with the bank's noise too."""
    model = tiny(prototype_bank=dict(type='SentencePrototypeBank', num_prototypes=12))
    model, (images, reports) = model.double(), batch([[3, 2], [1], [2, 2, 4]])
    images = images.double()
    padded = Reports(torch.nn.functional.pad(reports.token_ids, (0, 7), value=9),
                     torch.nn.functional.pad(reports.token_mask, (0, 7)),
                     torch.nn.functional.pad(reports.sentence_index, (0, 7), value=-1),
                     torch.nn.functional.pad(reports.sentence_mask, (0, 5)))
    seen = []
    for padding in (reports, padded):
        torch.manual_seed(1)
        losses, gradients = total_and_gradients(model, stage, images, padding)
        seen.append(losses | gradients)
    short, long = seen
    same(long, short, 1e-9)


@pytest.mark.parametrize('treatment', ['mask', 'soften'])
@pytest.mark.parametrize('by', ['text', 'labels'])
@torch.no_grad()
def test_same_report(by, treatment):
    """Studies that say the same are no negatives of the global losses, or as right as the own one; by a loop."""
    warm = dict(global_alignment=dict(type='GlobalAlignment', temperature=0.5))
    model, plain = tiny(same_report=dict(by=by, treatment=treatment), **warm).double(), tiny(**warm).double()
    images, reports = batch([[3, 2], [2, 3], [2, 2, 4]])
    reports.token_ids[1, 1:6] = reports.token_ids[0, [4, 5, 1, 2, 3]]  # the first one's sentences, the second before
    samples = [dict(labels=dict(Edema=value)) for value in (1, 1, 0)]
    aligned = []
    model.global_alignment.register_forward_pre_hook(lambda module, given: aligned.extend(given))
    losses, before = (way(images.double(), reports, samples, mode='loss') for way in (model, plain))
    for name, other in zip(('loss_global_alignment', 'loss_global_prediction'), aligned[1:], strict=True):
        logits, total = 2 * torch.nn.functional.cosine_similarity(other[:, None], aligned[0], dim=2), 0.
        for scores in (logits, logits.T):
            for own, right in enumerate(([0, 1], [0, 1], [2])):
                if treatment == 'mask':
                    columns = [column for column in range(3) if column == own or column not in right]
                    total -= scores[own, columns].log_softmax(0)[columns.index(own)] / 6
                else:
                    total -= scores[own].log_softmax(0)[right].mean() / 6
        expected = pytest.approx(float(total) * PUBLISHED_LOSSES[name.removeprefix('loss_')])
        assert float(losses.pop(name)) == expected != float(before.pop(name))
    same(losses, before, 1e-9)


@pytest.mark.parametrize('lengths', [[[4]], [[1] * 60], [[1], [2] * 60, [3, 3]]],
                         ids=['one sentence, batch of one', '60 sentences, batch of one', 'mixed'])
@pytest.mark.parametrize('stage', STAGES)
def test_losses_are_finite(stage, lengths):
    """One sentence, 60 sentences, a batch of one: every loss and every gradient is finite."""
    losses, gradients = total_and_gradients(tiny(), stage, *batch(lengths))
    assert set(losses) == {f'loss_{name}' for name in STAGES[stage]}
    assert all(value.isfinite() for value in losses.values())
    assert all(gradient.isfinite().all() for gradient in gradients.values())


@pytest.mark.parametrize(('missing', 'left_out'), [
    ('local_alignment', {'local_image', 'local_text'}), ('prototype_bank', {'prototype', 'kl'}),
    ('image_decoder', {'image_reconstruction'}),
    ('sentence_decoder', {'sentence_prototype', 'kl', 'global_prediction'}),
])
def test_ablations(missing, left_out):
    """A part that is None takes its losses with it, and the rest trains."""
    model = tiny(**{missing: None})
    losses, gradients = total_and_gradients(model, 'reconstruction', *batch([[2, 3], [1, 1, 1]]))
    assert set(losses) == {f'loss_{name}' for name in PUBLISHED_LOSSES.keys() - left_out}
    assert all(gradient.isfinite().all() for gradient in gradients.values())


@pytest.mark.parametrize('local', ['LocalAlignment', 'GroundedAlignment'])
def test_half_precision(local):
    """Under autocast, as on a GPU, the losses are those of float32 to bfloat16's precision; gradients are finite."""
    model, reports = tiny(local_alignment=dict(type=local)), batch([[2, 3], [1, 1, 1], [4, 2]])
    whole, trained = total_and_gradients(model, 'reconstruction', *reports)
    with torch.autocast('cpu', torch.bfloat16):
        half, gradients = total_and_gradients(model, 'reconstruction', *reports)
    assert gradients.keys() == trained.keys()
    for name, loss in whole.items():
        assert half[name].item() == pytest.approx(loss.item(), rel=0.1, abs=0.1), name
    assert all(gradient.isfinite().all() for gradient in gradients.values())


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(losses=st.sets(st.sampled_from(sorted(PUBLISHED_LOSSES)), min_size=1),
       missing=st.sampled_from([None, 'local_alignment', 'prototype_bank', 'image_decoder', 'sentence_decoder']),
       grounded=st.booleans())
@example(losses=set(STAGES['alignment']), missing=None, grounded=False)
@example(losses=set(STAGES['prototypes']), missing=None, grounded=False)
@example(losses=set(STAGES['reconstruction']), missing=None, grounded=False)
@example(losses=set(STAGES['reconstruction']), missing='local_alignment', grounded=False)
@example(losses=set(STAGES['alignment']), missing=None, grounded=True)
@example(losses=set(STAGES['reconstruction']), missing=None, grounded=True)
def test_unused_parameters(losses, missing, grounded):
    """What is said to be unused gets no gradient, and all else does: without that, DDP waits for what never comes."""
    local = dict(local_alignment=dict(type='GroundedAlignment')) if grounded else {}
    model = tiny(**local | ({missing: None} if missing else {}))
    model.set_losses(dict.fromkeys(losses, 1.))
    if not model.loss_weights:
        return
    sum(model(*batch([[2, 3], [1, 1, 1]]), mode='loss').values()).backward()
    unused = {id(parameter) for parameter in model.unused_parameters()}
    without = {name for name, parameter in model.named_parameters() if parameter.grad is None}
    assert without == {name for name, parameter in model.named_parameters() if id(parameter) in unused}


@pytest.mark.parametrize(('size', 'stride', 'backbone', 'channels'), [
    (96, 32, dict(type='mmpretrain.ResNet', depth=18, in_channels=1), 512),
    (80, 32, dict(type='mmpretrain.ResNet', depth=18, in_channels=1), 512),
    (64, 16, dict(type='mmpretrain.ResNet', depth=18, in_channels=1, num_stages=3, strides=(1, 2, 2),
                  dilations=(1, 1, 1), out_indices=(2, )), 256),
    (64, 32, dict(type='mmpretrain.ConvNeXt', arch='atto', in_channels=1, gap_before_final_norm=False), 320),
], ids=['96 px', '80 px, no multiple of the stride', 'stride 16', 'ConvNeXt'])
def test_other_sizes_and_backbones(size, stride, backbone, channels):
    """The decoder follows the stride; the position embedding follows the size."""
    model = tiny(image_encoder=dict(type='ImageEncoder', backbone=backbone, out_channels=channels, stride=stride,
                                    grid=(2, 2)))
    images, reports = batch([[2, 3], [1, 1, 1]], size=size)
    losses, _ = total_and_gradients(model, 'reconstruction', images, reports)
    assert all(value.isfinite() for value in losses.values())
    reconstruction = model.eval().reconstruct(images, reports)
    assert reconstruction.shape[2] == -(-size // stride) * stride
    assert reconstruction.min() >= 0
    assert reconstruction.max() <= 1


def test_evaluation_is_deterministic():
    """The bank draws no noise in evaluation, although it is on in training."""
    model = tiny(prototype_bank=dict(type='SentencePrototypeBank', num_prototypes=12))
    images, reports = batch([[2, 3], [1, 1, 1]])
    first, second = (model.eval()(images, reports, mode='tensor') for _ in range(2))
    assert torch.equal(first.report, second.report)
    model.train()
    assert not torch.equal(model(images, reports).prototypes, model(images, reports).prototypes)


def test_predictions():
    """Predictions carry what is known of the study and two unit vectors; the attention has a map a sentence."""
    model = tiny().eval()
    images, reports = batch([[2, 3], [1, 1, 1]])
    predictions = model(images, reports, [dict(study_id='a'), dict(study_id='b')], mode='predict')
    assert [p['study_id'] for p in predictions] == ['a', 'b']
    for p in predictions:
        assert p['image_embedding'].norm() == pytest.approx(1, abs=rounding(WIDTH))
        assert p['report_embedding'].norm() == pytest.approx(1, abs=rounding(WIDTH))
    attention = model.sentence_attention(images, reports)
    assert attention.shape == (2, 3, 2, 2)
    assert 0 <= attention.min() <= attention.max() <= 1


def test_unknown_loss_and_mode():
    """A misspelt loss or mode is an error that lists what there is."""
    model = tiny()
    with pytest.raises(ValueError, match='global_aligment.*global_alignment'):
        model.set_losses(dict(global_aligment=1.))
    with pytest.raises(ValueError, match='loss.*predict.*tensor'):
        model(*batch([[1]]), mode='train')


def test_unknown_matching_order():
    """A misspelt order is an error as the model is built, not silently another order in the third stage."""
    with pytest.raises(ValueError, match="matching_order must be one of .*'inverse', 'published'.*'publishd'"):
        tiny(matching_order='publishd')


def test_number_that_is_not_finite_reaches_the_loss():
    """A broken image makes the loss of the last stage NaN, which training stops at by name, and no other error."""
    images, reports = batch([[2, 3], [1, 1, 1]])
    images[0, 0, 0, 0] = float('nan')
    assert sum(tiny()(images, reports, mode='loss').values()).isnan()
