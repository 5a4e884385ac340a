"""The losses of the other methods against numbers that their public code gave.

``METHODS_FIXTURE`` names another folder of files of the same names; all sizes are read from them.
"""
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from prior_mm.models.afloc import AFLoc, sentences_of_words
from prior_mm.models.alignment import GlobalAlignment, RegionAlignment, TokenAlignment
from prior_mm.models.alignment.contrastive import unit
from prior_mm.models.alignment.token_alignment import attention_weights
from prior_mm.models.cxr_clip import CXRCLIP
from prior_mm.models.global_batch import GlobalBatch
from prior_mm.models.gloria import GLoRIA
from prior_mm.models.mgca import MGCA
from prior_mm.models.prototypes import CrossModalPrototypes
from prior_mm.models.smoothed_maps import smoothed
from prior_mm.structures import StudyEmbeddings, WordStudy

SHIPPED = Path(__file__).parents[1] / 'data' / 'methods'
FOLDER = Path(os.environ.get('METHODS_FIXTURE', SHIPPED))
TOLERANCE = 1e-4


class Reference(dict):
    """The arrays of a file, which notes what was compared."""

    def __init__(self, method: str, folder: Path = FOLDER) -> None:
        with np.load(folder / f'{method}_reference.npz') as file:
            super().__init__({key: torch.from_numpy(np.array(file[key])) for key in file.files})
        self.seen: set[str] = set()

    def inputs(self, *names: str) -> list[torch.Tensor]:
        """Copies of inputs; those of floats want gradients."""
        copies = [self[f'in.{name}'].clone() for name in names]
        return [copy.requires_grad_() if copy.is_floating_point() else copy for copy in copies]

    def close(self, ours: torch.Tensor, key: str) -> None:
        """Compare with an output: the difference against the largest entry, which is 1 at least for a zero array."""
        theirs = self[f'out.{key}'].double()
        error = (ours.detach().double() - theirs).abs().max() / theirs.abs().max().clamp(min=1e-12)
        assert error < TOLERANCE, f'{key}: relative error {float(error):.2e}'
        self.seen.add(f'out.{key}')

    def gradients(self, loss: torch.Tensor, prefix: str, **inputs: torch.Tensor) -> None:
        """Compare the gradients of a loss."""
        for name, gradient in zip(inputs, torch.autograd.grad(loss, list(inputs.values()), retain_graph=True),
                                  strict=True):
            self.close(gradient, f'{prefix}.{name}')

    def all_compared(self) -> None:
        """No output of the file is left over."""
        left = {key for key in self if key.startswith('out.')} - self.seen
        assert not left, f'not compared: {sorted(left)}'


def batch_of(tensor: torch.Tensor) -> GlobalBatch:
    return GlobalBatch(len(tensor), torch.tensor(len(tensor)))


def both_ways(temperature: float, weights: tuple[float, float] = (1., 1.)) -> tuple[GlobalAlignment, ...]:
    """The weighted loss, and each direction alone."""
    return tuple(GlobalAlignment(temperature, learned=False, weights=pair) for pair in (weights, (1., 0.), (0., 1.)))


def test_convirt():
    """A quarter and three quarters, at a fixed temperature; total and each direction, with gradients."""
    reference = Reference('convirt')
    image, text = reference.inputs('image_global', 'text_global')
    weights = tuple(float(reference[f'param.{name}_weight']) for name in ('image_to_text', 'text_to_image'))
    losses = both_ways(float(reference['param.temperature']), weights)
    for part, alignment in zip(('', 'image_to_text', 'text_to_image'), losses, strict=True):
        (loss, ) = alignment(text, image, batch=batch_of(image))
        reference.close(loss, f'loss.{part or "total"}')
        reference.gradients(loss, f'grad.{part}'.rstrip('.'), image_global=image, text_global=text)
    reference.all_compared()


def region_alignment(reference: Reference, chunk: int = 2**28) -> RegionAlignment:
    return RegionAlignment(*(float(reference[f'param.temp{number}']) for number in (1, 2, 3)), chunk=chunk)


def local_losses(reference, alignment, patches, words, mask) -> dict[str, torch.Tensor]:
    """Logits, each direction by cross entropy as PyTorch has it, and the loss of the module."""
    logits = alignment.temperature * alignment.similarities(patches, words, mask)
    partner = torch.arange(len(logits))
    return dict(logits=logits, image_to_text=torch.nn.functional.cross_entropy(logits, partner),
                text_to_image=torch.nn.functional.cross_entropy(logits.T, partner),
                both=alignment(patches, words, mask, batch_of(patches)))


def as_sets(maps: torch.Tensor, units: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, ...]:
    return maps.flatten(2).transpose(1, 2), units.transpose(1, 2), torch.arange(units.shape[2]) < lengths[:, None]


@pytest.mark.parametrize('chunk', [2**28, 1], ids=['at once', 'report by report'])
def test_gloria(chunk):
    """Global and local losses, logits, attention and all gradients, in one chunk or many; zero-shot scores."""
    reference = Reference('gloria')
    maps, words, image, text = reference.inputs('image_map', 'words', 'image_global', 'text_global')
    lengths = reference['in.cap_lens']
    alignment = region_alignment(reference, chunk)
    sets = as_sets(maps, words, lengths)
    local = local_losses(reference, alignment, *sets)
    total = float(reference['param.local_loss_weight']) * local['both']
    for part, loss in zip(('', 'global_image_to_text', 'global_text_to_image'),
                          both_ways(1 / float(reference['param.temp3'])), strict=True):
        (value, ) = loss(text, image, batch=batch_of(image))
        if part:
            reference.close(value, f'loss.{part}')
        else:
            total = total + float(reference['param.global_loss_weight']) * value
    for direction in ('image_to_text', 'text_to_image'):
        reference.close(local[direction], f'loss.local_{direction}')
    reference.close(total, 'loss.total')
    reference.close(local['logits'], 'logits.local')
    reference.close(float(reference['param.temp3']) * unit(image) @ unit(text).T, 'logits.global')
    reference.gradients(total, 'grad', image_map=maps, words=words, image_global=image, text_global=text)
    attention = alignment.attention(*sets).unflatten(2, maps.shape[2:])
    for study in (0, 2):
        reference.close(attention[study, :lengths[study]], f'attention.study{study}')
    compare_zero_shot(reference, alignment, sets, image, text)
    reference.all_compared()


def compare_zero_shot(reference, alignment, sets, image, text) -> None:
    """[CLS] is left out, the best word counts; the published class scores are standardised over the images."""
    patches, words, _ = sets
    mask = torch.arange(words.shape[1] - 1) < reference['in.zero_shot.word_lens'][:, None]
    cosines = alignment.word_cosines(patches, patches @ patches.transpose(1, 2), words[:, 1:], mask)
    local = alignment.word_temperature * cosines.masked_fill(~mask, -2).amax(dim=2)
    together = (local + unit(image) @ unit(text).T) / 2
    reference.close(unit(image) @ unit(text).T, 'zero_shot.global')
    reference.close(local, 'zero_shot.local')
    reference.close(together, 'zero_shot.both')
    by_class = torch.stack([together[:, reference['in.zero_shot.class'] == number].amax(dim=1)
                            for number in reference['in.zero_shot.class'].unique()], dim=1)
    reference.close((by_class - by_class.mean(dim=0)) / by_class.std(dim=0, unbiased=False), 'zero_shot.class_scores')


def test_mgca():
    """All three granularities with their gradients, codes, weights and attention; what a ResNet changes."""
    reference = Reference('mgca')
    names = ('image_global', 'text_global', 'patches', 'words')
    image, text, patches, words = reference.inputs(*names)
    padding, batch = reference['in.word_padding_mask'], batch_of(image)
    ita, there, back = (loss(text, image, batch=batch)[0]
                        for loss in both_ways(float(reference['param.softmax_temperature'])))
    reference.close(there, 'loss.ita_image_to_text')
    reference.close(back, 'loss.ita_text_to_image')
    reference.close(ita, 'loss.ita')
    attention = reference['in.word_attention']
    word_weights = attention_weights(attention, attention != 0)
    of_patches = reference['in.patch_attention'].mean(dim=1)
    patch_weights = attention_weights(of_patches, torch.ones_like(of_patches, dtype=torch.bool))
    reference.close(word_weights, 'attention.word_weights')
    reference.close(patch_weights, 'attention.patch_weights')
    uniform = torch.full_like(patch_weights, 1 / patch_weights.shape[1])
    reference.close(uniform, 'attention.resnet.patch_weights')
    losses = {}
    for kind, weights in (('', patch_weights), ('resnet.', uniform)):
        alignment = TokenAlignment(float(reference['param.local_temperature']), bool(kind), published_padding=True)
        losses[kind] = alignment(patches, words, ~padding, weights, word_weights)
        for side in ('word', 'patch') if not kind else ('patch', ):
            rows, columns = getattr(losses[kind], f'{side}_rows'), getattr(losses[kind], f'{side}_columns')
            reference.close(rows, f'loss.{kind}cta_{side}_rows')
            reference.close(columns, f'loss.{kind}cta_{side}_columns')
            reference.close((rows + columns) / 2, f'loss.{kind}cta_{side}')
        reference.close(losses[kind].total, f'loss.{kind}cta')
        reference.gradients(losses[kind].total, f'grad.{kind}cta', patches=patches, words=words)
    reference.gradients((losses[''].word_rows + losses[''].word_columns) / 2, 'grad.cta_word',
                        patches=patches, words=words)
    of_words, of_patches = alignment.attention(unit(patches), unit(words), ~padding)
    reference.close(of_words, 'attention.word_to_patch')
    reference.close(of_patches, 'attention.patch_to_word')
    prototypes = CrossModalPrototypes(
        image.shape[1], len(reference['param.prototypes']), float(reference['param.proto_temperature']),
        float(reference['param.epsilon']), int(reference['param.sinkhorn_iterations']))
    prototypes.prototypes.weight.data.copy_(reference['param.prototypes'])
    by_image, by_text = prototypes(image, text, batch)
    reference.close(by_image, 'loss.cpa_image_code')
    reference.close(by_text, 'loss.cpa_text_code')
    cpa = (by_image + by_text) / 2
    reference.close(cpa, 'loss.cpa')
    reference.close(prototypes.prototypes.weight, 'prototypes')
    for side, vectors in (('image', image), ('text', text)):
        reference.close(prototypes.assign(prototypes.logits(vectors), batch), f'code.{side}')
    weights = [float(reference[f'param.lambda_{number}']) for number in (1, 2, 3)]
    total, resnet = (sum(weight * loss for weight, loss in zip(weights, (ita, losses[kind].total, cpa), strict=True))
                     for kind in ('', 'resnet.'))
    reference.close(total, 'loss.total')
    reference.close(resnet, 'loss.resnet.total')
    everything = dict(image_global=image, text_global=text)
    reference.gradients(ita, 'grad.ita', **everything)
    reference.gradients(cpa, 'grad.cpa', **everything, prototypes=prototypes.prototypes.weight)
    reference.gradients(total, 'grad.total', **everything, patches=patches, words=words,
                        prototypes=prototypes.prototypes.weight)
    reference.all_compared()


def test_afloc():
    """Report, sentence and word level; sentences from words, and the smoothed map."""
    reference = Reference('afloc')
    names = ('image_map_sentence', 'image_map_word', 'sentences', 'words', 'image_global', 'text_global')
    inputs = dict(zip(names, reference.inputs(*names), strict=True))
    alignment, image, text = region_alignment(reference), inputs['image_global'], inputs['text_global']
    total = 0
    for part, loss in zip(('global', 'global_image_to_text', 'global_text_to_image'),
                          both_ways(1 / float(reference['param.temp3'])), strict=True):
        (value, ) = loss(text, image, batch=batch_of(image))
        reference.close(value, f'loss.{part}')
        total = total + value * (part == 'global') * float(reference['param.global_loss_weight'])
    reference.close(float(reference['param.temp3']) * unit(image) @ unit(text).T, 'logits.global')
    for level, units, study in (('sentence', 'sentences', 1), ('word', 'words', 0)):
        maps, lengths = inputs[f'image_map_{level}'], reference[f'in.{level}_lens']
        sets = as_sets(maps, inputs[units], lengths)
        local = local_losses(reference, alignment, *sets)
        for direction in ('image_to_text', 'text_to_image'):
            reference.close(local[direction], f'loss.{level}_{direction}')
        reference.close(local['both'], f'loss.{level}')
        reference.close(local['logits'], f'logits.{level}')
        attention = alignment.attention(*sets).unflatten(2, maps.shape[2:])
        reference.close(attention[study, :lengths[study]], f'attention.{level}_study{study}')
        total = total + local['both'] * float(reference[f'param.{level}_loss_weight'])
    reference.close(total, 'loss.total')
    reference.gradients(total, 'grad', **inputs)
    maps = torch.einsum('bdhw,bd->bhw', inputs['image_map_sentence'], text)
    reference.close(smoothed(maps[:1, None])[0, 0], 'similarity_map.study0')
    compare_sentences(reference)
    reference.all_compared()


def compare_sentences(reference: Reference) -> None:
    """Full stops cut and are left out, but for one right before [SEP]; layers are summed."""
    words = reference['in.sentence_pool.word_layers'].sum(dim=1)
    stops, lengths = reference['in.sentence_pool.is_full_stop'], reference['in.sentence_pool.slot_lens']
    expected, counts = reference['out.sentence_pool.sentences'], reference['out.sentence_pool.lens']
    index = torch.full(stops.shape, -1)
    for study, length in enumerate(lengths.tolist()):
        sentence = 0
        for slot in range(1, length - 1):
            if stops[study, slot] and slot < length - 2:
                sentence += 1
            else:
                index[study, slot] = sentence
    sentences, mask = sentences_of_words(WordStudy(words, words, words, stops, index, words))
    assert torch.equal(mask.sum(dim=1), counts)
    for study, count in enumerate(counts.tolist()):
        torch.testing.assert_close(sentences[study, :count], expected[study, :count], rtol=TOLERANCE, atol=TOLERANCE)
        end = words[study, lengths[study] - 1]  # stored outside the length, and in no loss
        torch.testing.assert_close(expected[study, count], end, rtol=TOLERANCE, atol=TOLERANCE)
    reference.seen |= {'out.sentence_pool.sentences', 'out.sentence_pool.lens'}


def test_cxr_clip():
    """Two views, two texts: each loss, with and without label smoothing, and their gradients."""
    reference = Reference('cxr_clip')
    image, view, text, text2 = reference.inputs('image', 'image_view', 'text', 'text2')
    inputs = dict(image=image, image_view=view, text=text, text2=text2)
    model = CXRCLIP.__new__(CXRCLIP)
    torch.nn.Module.__init__(model)
    model.logit_scale = torch.nn.Parameter(reference['param.logit_scale'].clone())
    of_term = dict(image_to_text=inputs, text_to_image=inputs, image_to_image=dict(image=image, image_view=view),
                   text_to_text=dict(text=text, text2=text2))
    weights = dict(image_to_text=0.5, text_to_image=0.5, image_to_image=float(reference['param.i2i_weight']),
                   text_to_text=float(reference['param.t2t_weight']))
    for kind in ('', 'smoothed.'):
        model.label_smoothing = float(reference[f'param.{kind}label_smoothing'])
        images, texts = torch.cat([image, view]), torch.cat([text, text2])
        losses = model.compare(StudyEmbeddings(None, images, None, None, None, texts), None, None, batch_of(image))
        for name, loss in losses.items():
            reference.close(loss, f'loss.{kind}{name}')
            if not kind:
                reference.gradients(loss, f'grad.{name}', **of_term[name], logit_scale=model.logit_scale)
        total = sum(weights[name] * loss for name, loss in losses.items())
        reference.close(total, f'loss.{kind}total')
        reference.gradients(total, f'grad.{kind}'.rstrip('.'), **inputs, logit_scale=model.logit_scale)
    reference.all_compared()


@pytest.mark.parametrize(('method', 'name', 'keys'), [
    (GLoRIA, 'gloria', dict(global_alignment='global_loss_weight', local_alignment='local_loss_weight')),
    (MGCA, 'mgca', dict(global_alignment='lambda_1', token_alignment='lambda_2', prototype='lambda_3')),
    (AFLoc, 'afloc', dict(global_alignment='global_loss_weight', sentence_alignment='sentence_loss_weight',
                          word_alignment='word_loss_weight')),
    (CXRCLIP, 'cxr_clip', dict(image_to_image='i2i_weight', text_to_text='t2t_weight'))])
def test_published_weights(method, name, keys):
    """A method's own weights are those that its public code was run with, in the files that are in this repository."""
    shipped = Reference(name, SHIPPED)
    halves = dict.fromkeys(method.PUBLISHED_LOSSES.keys() - keys, 0.5)  # CXR-CLIP's mean of both directions
    assert {loss: float(shipped[f'param.{key}']) for loss, key in keys.items()} | halves == method.PUBLISHED_LOSSES


def test_unit_is_the_cosine():
    """The methods bound the product of norms or each norm, none of which matters for vectors that are not zero."""
    vectors = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(unit(vectors), normalize(vectors, dim=-1, eps=1e-8))
