"""The prototype bank: look-up, noise, and its two losses against plain PyTorch."""
import pytest
import torch
import torch.nn.functional as F
from fast_and_slow import assert_same, noise, spread_out
from hypothesis import given, settings
from hypothesis import strategies as st
from rounding import rounding

from prior_mm.models import SentencePrototypeBank

WIDTH, K = 6, 5


def bank(**options) -> SentencePrototypeBank:
    return spread_out(SentencePrototypeBank(WIDTH, K, **options))


@settings(max_examples=15, deadline=None)
@given(shape=st.sampled_from([(1, ), (4, ), (2, 3)]), temperature=st.floats(0.05, 3))
def test_look_up(shape, temperature):
    """Each sentence becomes the mean of the prototypes, weighted by the softmax of its inner products with them."""
    prototypes, sentences = bank(temperature=temperature), noise(*shape, WIDTH)
    table = prototypes.prototypes.weight

    def by_loop() -> torch.Tensor:
        found = []
        for sentence in sentences.reshape(-1, WIDTH):
            shares = torch.stack([sentence.dot(prototype) / temperature for prototype in table]).softmax(0)
            found.append(sum(share * prototype for share, prototype in zip(shares, table, strict=True)))
        return torch.stack(found).view_as(sentences)

    assert_same(lambda: prototypes(sentences), by_loop, [sentences, table])


def test_noise_is_for_training_only():
    """In evaluation, and in training without noise, the look-up is the same each time; with noise it is not."""
    prototypes, sentences = bank(), noise(3, WIDTH)
    assert torch.equal(prototypes(sentences), prototypes(sentences))
    exact = prototypes(sentences)
    prototypes.train()
    assert not torch.equal(prototypes(sentences), prototypes(sentences))
    prototypes.noise = False
    assert torch.equal(prototypes(sentences), exact)


@pytest.mark.parametrize('temperature', [0.05, 0.9])
def test_noise_is_gumbel(temperature):
    """The heaviest prototype of a noisy look-up is drawn with the shares of the softmax, at any temperature."""
    torch.manual_seed(0)
    prototypes = SentencePrototypeBank(4, 4, temperature=temperature).train()
    torch.nn.init.eye_(prototypes.prototypes.weight)  # so that a look-up gives the weights themselves
    sentence = torch.tensor([0.5, -0.3, 1.2, 0.])
    weights = prototypes(sentence.expand(20000, -1))
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(20000))
    drawn = weights.argmax(dim=1).bincount(minlength=4) / 20000
    torch.testing.assert_close(drawn, sentence.softmax(0), rtol=0, atol=0.015)


def test_temperature_can_be_changed():
    """A schedule sets the attribute: cold, a sentence becomes its nearest prototype; hot, the mean of all."""
    prototypes, sentences = bank(), noise(3, WIDTH)
    prototypes.temperature = 1e-6
    nearest = prototypes.prototypes(prototypes.logits(sentences).argmax(dim=-1))
    torch.testing.assert_close(prototypes(sentences), nearest)
    prototypes.temperature = 1e6
    torch.testing.assert_close(prototypes(sentences), prototypes.prototypes.weight.mean(dim=0).expand(3, -1),
                               rtol=1e-4, atol=1e-5)


counts = st.lists(st.integers(0, 3), min_size=1, max_size=3).filter(any)


def mask_of(counts: list[int]) -> torch.Tensor:
    return torch.arange(max(counts) + 1) < torch.tensor(counts)[:, None]


@settings(max_examples=15, deadline=None)
@given(counts=counts)
def test_loss(counts):
    """Mean absolute difference over all numbers of the valid sentences of the batch."""
    mask = mask_of(counts)
    sentences, prototypes = noise(*mask.shape, WIDTH), noise(*mask.shape, WIDTH, seed=1)
    assert_same(lambda: SentencePrototypeBank.loss(sentences, prototypes, mask),
                lambda: F.l1_loss(sentences[mask], prototypes[mask]), [sentences, prototypes])


@settings(max_examples=15, deadline=None)
@given(counts=counts)
def test_kl(counts):
    """PyTorch's KL divergence with `batchmean`, the sentence's distribution as the target."""
    prototypes, mask = bank(), mask_of(counts)
    predictions, sentences = noise(*mask.shape, WIDTH), noise(*mask.shape, WIDTH, seed=1)
    table = prototypes.prototypes.weight

    def in_torch() -> torch.Tensor:
        return F.kl_div((predictions[mask] @ table.T).log_softmax(-1), (sentences[mask] @ table.T).softmax(-1),
                        reduction='batchmean')

    assert_same(lambda: prototypes.kl(predictions, sentences, mask), in_torch, [predictions, sentences, table])
    assert prototypes.kl(sentences, sentences, mask) == 0


def test_without_valid_sentences():
    """No sentence at all: nothing is looked up, both losses are 0, and the gradients are finite."""
    prototypes, mask = bank().train(), torch.zeros(2, 3, dtype=torch.bool)
    sentences, predictions = noise(2, 3, WIDTH), noise(2, 3, WIDTH, seed=1)
    assert prototypes(sentences[mask]).shape == (0, WIDTH)
    total = prototypes.loss(sentences, predictions, mask) + prototypes.kl(predictions, sentences, mask)
    assert total == 0
    total.backward()
    assert not sentences.grad.any() and not prototypes.prototypes.weight.grad.any()


def test_half_precision():
    """Under autocast the inner products, the look-up and the losses are float32: only the sentences are rounded."""
    prototypes, sentences = bank().float(), noise(3, WIDTH).detach().bfloat16()
    mask = torch.ones(3, dtype=torch.bool)
    with torch.autocast('cpu', torch.bfloat16):
        found = [prototypes(sentences), prototypes.logits(sentences), prototypes.kl(sentences, sentences.flip(0), mask)]
    exact = sentences.double()
    prototypes.double()
    expected = [prototypes(exact), prototypes.logits(exact), prototypes.kl(exact, exact.flip(0), mask)]
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.dtype == torch.float32
        torch.testing.assert_close(ours.double(), theirs, rtol=0, atol=rounding(WIDTH * K, theirs.abs().max().item()))
