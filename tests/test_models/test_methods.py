"""Every method as a whole: what must hold for any batch, whichever losses it has."""
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from fast_and_slow import assert_same
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_methods import METHODS, batch, tiny
from torch.nn.functional import cosine_similarity
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

from prior_mm.checkpoints.checkpoint import save_checkpoint
from prior_mm.models.alignment import RegionAlignment, SigmoidAlignment, TokenAlignment
from prior_mm.models.alignment.contrastive import cross_entropy_of_partners
from prior_mm.models.global_batch import GlobalBatch
from prior_mm.models.same_report import SameReport, SameReports
from prior_mm.structures import Reports, WordReports


def losses_of(model, images, reports, samples=None) -> dict[str, torch.Tensor]:
    return model(images, reports, samples, mode='loss')


def losses_and_gradients(model, images, reports) -> dict[str, torch.Tensor]:
    """The losses, and the gradients of the parameters that have one."""
    model.zero_grad()
    losses = losses_of(model, images, reports)
    sum(losses.values()).backward()
    return losses | {key: p.grad for key, p in model.named_parameters() if p.grad is not None}


def assert_same_numbers(ours: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]) -> None:
    assert ours.keys() == theirs.keys()
    for key, value in theirs.items():
        error = (ours[key] - value).abs().max() / value.abs().max().clamp(min=1e-6)
        assert error < 1e-9, f'{key}: relative error {error:.2e}'


@pytest.mark.parametrize(('std', 'warned'), [(0.0005, True), (0.25, False)])
def test_a_backbone_that_saw_another_scale(tmp_path, monkeypatch, std, warned):
    """Pre-training from weights of quite another normalisation is warned of: first features are off by as much."""
    model, said = tiny('ConVIRT'), []
    monkeypatch.setattr('prior_mm.models.method.print_log', lambda text, *rest: said.append(text))
    save_checkpoint(dict(meta=dict(preprocessing=dict(mean=.5, std=std)),
                         state_dict=model.image_encoder.backbone.state_dict()), tmp_path / 'backbone.pth')
    model.image_encoder.pretrained = str(tmp_path / 'backbone.pth')
    model.init_weights()
    assert bool(said) is warned and all('divided by a deviation of 0.0005' in line for line in said)


@pytest.mark.parametrize('name', METHODS)
def test_trains_what_it_says(name):
    """All published losses are there and finite; what is said to be unused gets no gradient, and all else does."""
    model = tiny(name)
    for chosen in [set(model.PUBLISHED_LOSSES), *({loss} for loss in model.PUBLISHED_LOSSES)]:
        model.set_losses(dict.fromkeys(chosen, 1.))
        model.zero_grad()
        losses = losses_of(model, *batch([[2, 4], [2, 2, 2], [4]], twice=name == 'CXRCLIP'))
        assert losses.keys() == {f'loss_{loss}' for loss in chosen}
        sum(losses.values()).backward()
        unused = {id(parameter) for parameter in model.unused_parameters()}
        trained = {key: p.grad for key, p in model.named_parameters() if p.grad is not None}
        assert all(gradient.isfinite().all() for gradient in trained.values())
        if len(chosen) == len(model.PUBLISHED_LOSSES):
            missing = {key for key, p in model.named_parameters() if p.requires_grad and p.grad is None}
            assert missing == {key for key, p in model.named_parameters() if id(p) in unused and p.requires_grad}
        assert not unused & {id(p) for p in model.parameters() if p.grad is not None}


@pytest.mark.parametrize('name', METHODS)
def test_chunks_change_nothing(name):
    """Encoded two studies at a time, a batch has the losses and gradients that it has at once, in float64."""
    images, reports = batch([[2, 4], [2, 2, 2], [4], [2, 6], [2]], twice=name == 'CXRCLIP')
    whole, ours = (losses_and_gradients(tiny(name, chunk=chunk).double(), images.double(), reports)
                   for chunk in (None, 2))
    assert_same_numbers(ours, whole)


@pytest.mark.parametrize('name', METHODS)
def test_half_precision(name):
    """Under autocast, as on a GPU, losses are float32's to bfloat16's precision; as many gradients, all finite.

    What autocast has cast once without a gradient gives none to whoever comes later.
    """
    images, reports = batch([[2, 4], [2, 2, 2], [4], [2, 6], [2]], twice=name == 'CXRCLIP')
    model = tiny(name)
    whole = losses_and_gradients(model, images, reports)
    with torch.autocast('cpu', torch.bfloat16):
        half = losses_and_gradients(model, images, reports)
    assert half.keys() == whole.keys()
    for key in (key for key in whole if key.startswith('loss_')):
        assert half[key].item() == pytest.approx(whole[key].item(), rel=0.1, abs=0.1), key
    assert all(value.isfinite().all() for value in half.values())


@pytest.mark.parametrize('name', METHODS)
def test_padding_changes_nothing(name):
    """More padding, of word pieces and sentences, gives the same losses and gradients, in float64."""
    images, reports = batch([[2, 4], [2, 2, 2], [4]], twice=name == 'CXRCLIP')
    padded = WordReports(F.pad(reports.token_ids, (0, 7), value=9), F.pad(reports.token_mask, (0, 7)),
                         F.pad(reports.sentence_index, (0, 7), value=-1), F.pad(reports.sentence_mask, (0, 5)),
                         F.pad(reports.word_index, (0, 7), value=-1))
    model = tiny(name).double()
    short, long = (losses_and_gradients(model, images.double(), padding) for padding in (reports, padded))
    assert_same_numbers(long, short)


@pytest.mark.parametrize('name', METHODS)
def test_predictions_and_maps(name):
    """Predictions have unit vectors; a sentence has a map; prompts give scores of the classes."""
    vocabulary = Path(__file__).parents[1] / 'data' / 'methods' / 'vocab.txt'
    prompts = {'Edema': ['edema', 'the heart is large'], 'Effusion': ['effusion']}
    kind = {**METHODS[name], 'type': f'ZeroShot{METHODS[name].get("type", name)}'}
    torch.manual_seed(0)
    model = tiny(name, **kind, prompts=prompts, tokenizer=str(vocabulary))
    images, reports = batch([[2, 4], [2, 2, 2]])
    predictions = model(images, reports, [dict(study_id='a'), dict(study_id='b')], mode='predict')
    for prediction in predictions:
        assert prediction['image_embedding'].norm() == pytest.approx(1, abs=1e-5)
        assert prediction['report_embedding'].norm() == pytest.approx(1, abs=1e-5)
        assert prediction['scores'].shape == (2, ) and prediction['classes'] == list(prompts)
    maps = model.sentence_attention(images, reports)
    assert maps.shape[:2] == (2, 3) and maps.isfinite().all()
    assert 'report_embedding' not in model(images, None, mode='predict')[0]


@pytest.mark.parametrize('name', METHODS)
def test_local_predictions(name):
    """Asked for, predictions hold patches and sentences of unit length in one space, each report as many as it has."""
    model = tiny(name, predict_local=True).eval()
    images, reports = batch([[2, 4], [2, 2, 2], [4]])
    samples = model(images, reports, mode='predict')
    assert [len(sample['sentence_embeddings']) for sample in samples] == [2, 3, 1]
    for sample in samples:
        patches, sentences = sample['patch_embeddings'], sample['sentence_embeddings']
        assert patches.shape[1] == sentences.shape[1]
        for vectors in (patches, sentences):
            torch.testing.assert_close(vectors.norm(dim=1), torch.ones(len(vectors)))
    assert 'sentence_embeddings' not in model(images, None, mode='predict')[0]
    assert 'patch_embeddings' not in tiny(name).eval()(images, reports, mode='predict')[0]


@pytest.mark.parametrize('name', ['GLoRIA', 'MGCA', 'AFLoc'])
def test_words_are_needed(name):
    """Reports that do not say which word a piece belongs to: an error that names the mend."""
    images, reports = batch([[2, 4]])
    with pytest.raises(ValueError, match='words=True'):
        losses_of(tiny(name), images, Reports(*reports[:4]))


def test_two_visits_are_needed():
    """CXR-CLIP says what it needs when each study comes once."""
    images, reports = batch([[2, 4], [2]])
    with pytest.raises(ValueError, match='TwoVisits'):
        losses_of(tiny('CXRCLIP'), images, reports, [{}, {}])


# ------------------------------------------------------------------------------ the local losses, study by study

sizes = st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 6), st.integers(0, 99))


def studies(number: int, places: int, longest: int, seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, longest + 1, (number, ), generator=generator)
    patches, words = (torch.randn(number, count, 6, generator=generator, dtype=torch.float64).requires_grad_()
                      for count in (places, longest))
    return patches, words, torch.arange(longest) < lengths[:, None]


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(size=sizes, chunk=st.sampled_from([1, 40, 2**20]))
def test_region_alignment_equals_loops(size, chunk):
    """GLoRIA's similarity with its contexts laid out, one image and one report at a time; values and gradients."""
    patches, words, mask = studies(*size)

    def by_loop() -> torch.Tensor:
        similarities = []
        for image in patches:
            for report, counted in zip(words, mask, strict=True):
                report = report[counted]
                attention = ((report @ image.T).softmax(dim=0) * 4).softmax(dim=1)
                similarities.append((5 * cosine_similarity(report, attention @ image, dim=1)).exp().sum().log())
        return torch.stack(similarities).view(len(patches), len(words))

    assert_same(lambda: RegionAlignment(chunk=chunk).similarities(patches, words, mask), by_loop, [patches, words])


class Largest(TorchDispatchMode):
    """Notes the most numbers that any tensor made meanwhile has."""

    numbers = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        self.numbers = max([self.numbers, *(part.numel() for part in tree_flatten(made)[0]
                                            if isinstance(part, torch.Tensor))])
        return made


def test_region_alignment_holds_a_chunk():
    """No tensor, of loss or gradient, has more numbers than a chunk; the gradients are those of all at once."""
    patches, words, mask = studies(12, 9, 8, seed=0)
    gradients = []
    for chunk, most in ((3 * 12 * 9 * 8, 3 * 12 * 9 * 8), (2**30, 12 * 12 * 9 * 8)):
        inputs = [part.detach().clone().requires_grad_() for part in (patches, words)]
        with Largest() as largest:
            RegionAlignment(chunk=chunk)(*inputs, mask, GlobalBatch(12, torch.tensor(12))).backward()
        assert largest.numbers == most
        gradients.append([part.grad for part in inputs])
    for ours, at_once in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, at_once)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(size=sizes)
def test_token_alignment_equals_loops(size):
    """MGCA's token-wise loss, each report cut to its words; value and gradients."""
    patches, words, mask = studies(*size)
    patch_weights = torch.full_like(patches[..., 0], 1 / patches.shape[1])
    word_weights = mask.double() / mask.sum(dim=1, keepdim=True)

    def by_loop() -> torch.Tensor:
        loss = 0.
        for image, report, counted in zip(patches, words, mask, strict=True):
            image, report = F.normalize(image, dim=1), F.normalize(report[counted], dim=1)
            for tokens, others in ((report, image), (image, report)):
                contexts = F.normalize((tokens @ others.T / 0.1).softmax(dim=1) @ others, dim=1)
                logits, partner = tokens @ contexts.T / 0.1, torch.arange(len(tokens))
                loss += (F.cross_entropy(logits, partner) + F.cross_entropy(logits.T, partner)) / 2 / len(patches)
        return loss

    assert_same(lambda: [TokenAlignment()(patches, words, mask, patch_weights, word_weights).total, patches],
                lambda: [by_loop(), patches], [patches, words])


@settings(max_examples=15)
@given(number=st.integers(1, 9), seed=st.integers(0, 99))
def test_sigmoid_alignment_equals_loops(number, seed):
    """Each pair by itself, right or wrong."""
    generator = torch.Generator().manual_seed(seed)
    left, right = torch.randn(2, number, 6, generator=generator)
    alignment = SigmoidAlignment()
    (ours, ) = alignment(right, left, batch=GlobalBatch(number, torch.tensor(number)))
    expected = 0.
    for i in range(number):
        for j in range(number):
            logit = 10 * cosine_similarity(left[i], right[j], dim=0) - 10
            expected -= F.logsigmoid(logit if i == j else -logit) / number
    assert float(ours) == pytest.approx(float(expected), rel=1e-4)


# ------------------------------------------------------------------------------------------------ false negatives

def test_same_text_in_any_order():
    """Two reports of the same sentences are the same; one word piece less is another."""
    reports = WordReports.from_sequences(
        [[2, 5, 6, 7, 3], [2, 7, 5, 6, 3], [2, 5, 6, 3], [2, 6, 5, 7, 3]],
        [[-1, 0, 0, 1, -1], [-1, 0, 1, 1, -1], [-1, 0, 0, -1], [-1, 0, 0, 1, -1]],
        [[-1, 0, 1, 2, -1], [-1, 0, 1, 2, -1], [-1, 0, 1, -1], [-1, 0, 1, 2, -1]])
    same = SameReport('text')
    signs = same.signs(reports, None)
    expected = torch.eye(4, dtype=torch.bool)
    expected[0, 1] = expected[1, 0] = True
    assert torch.equal(same.compare(signs, signs, 0).pairs, expected)
    similar = SameReport('similarity', threshold=0.99)
    signs = similar.signs(reports, None)
    expected[[0, 1], 3] = expected[3, [0, 1]] = True  # the order of the pieces does not count
    assert torch.equal(similar.compare(signs, signs, 0).pairs, expected)
    labels = SameReport('labels')
    signs = labels.signs(reports, [dict(labels=dict(Edema=1)), dict(labels=dict(Edema=1)), {}, dict(labels={})])
    expected = torch.eye(4, dtype=torch.bool)
    expected[0, 1] = expected[1, 0] = True
    assert torch.equal(labels.compare(signs, signs, 0).pairs, expected)
    with pytest.raises(ValueError, match='labels'):
        labels.signs(reports, None)


@pytest.mark.parametrize('soften', [False, True])
def test_masked_and_softened(soften):
    """Masked: as if the other study were not there. Softened: both are right."""
    logits = torch.tensor([[2., 1., 0.], [1., 3., 0.], [0., 0., 1.]])
    pairs = torch.tensor([[1, 1, 0], [1, 1, 0], [0, 0, 1]]).bool()
    ours = cross_entropy_of_partners(logits, 0, SameReports(pairs, soften))
    log = logits.log_softmax(dim=1)
    expected = [-(log[0, 0] + log[0, 1]) / 2, -(log[1, 0] + log[1, 1]) / 2, -log[2, 2]] if soften else [
        -logits[0, [0, 2]].log_softmax(0)[0], -logits[1, [1, 2]].log_softmax(0)[0], -log[2, 2]]
    assert float(ours) == pytest.approx(float(sum(expected) / 3))


@pytest.mark.parametrize('name', METHODS)
@pytest.mark.parametrize('treatment', ['mask', 'soften'])
def test_same_report_for_all_methods(name, treatment):
    """Reports that say the same change the loss of every method; with none in the batch nothing changes."""
    plain, aware = tiny(name), tiny(name, same_report=dict(by='labels', treatment=treatment))
    aware.load_state_dict(plain.state_dict())
    images, reports = batch([[2, 4], [2, 2, 2], [4]], twice=name == 'CXRCLIP')
    other, alike = ([dict(labels=dict(Edema=value)) for value in values] for values in ((1, 0, -1), (1, 1, 0)))
    before = losses_of(plain, images, reports, other)
    for samples, changed in ((other, False), (alike, True)):
        after = losses_of(aware, images, reports, samples)
        assert changed == any(float(before[key]) != pytest.approx(float(after[key]), rel=1e-5) for key in before)
