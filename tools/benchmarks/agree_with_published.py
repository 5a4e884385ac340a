"""Do the losses and gradients agree with those of the published implementation?

    python tools/benchmarks/agree_with_published.py FOLDER

FOLDER is a checkout of its repository. Its model gets random weights, ours the same by
``prior_mm/checkpoints/published_weights.py``, with the options of docs/published_weights.md that keep what it computes;
both see the same noise and the same reports of 16 to 18 sentences, in float64, without dropout and without the noise of
the prototype bank. With fewer sentences than 16 the published code matches predictions with several empty sentences,
which are all the same: which one gets which is chance, and enters its loss. Printed are, for each stage, the largest
relative difference of a loss, and that of all gradients together.
"""
import argparse

import numpy as np
import torch
from published_code import VOCABULARY, PublishedPRIOR
from torch import Tensor
from train_step import STAGES

from prior_mm.checkpoints.published_weights import convert_published
from prior_mm.models import PRIOR
from prior_mm.structures import Reports


def like_published() -> PRIOR:
    """Our model with what the published code computes, without dropout and noise."""
    return PRIOR(
        image_encoder=dict(type='ImageEncoder', patch_layout='published', backbone=dict(
            type='mmpretrain.ResNet', depth=50, in_channels=1)),
        text_encoder=dict(type='TextEncoder', config=dict(
            vocab_size=VOCABULARY, hidden_dropout_prob=0., attention_probs_dropout_prob=0.)),
        local_alignment=dict(type='LocalAlignment'),
        prototype_bank=dict(type='SentencePrototypeBank', noise=False),
        image_decoder=dict(type='ImageDecoder', dropout=0.),
        sentence_decoder=dict(type='SentenceDecoder', dropout=0., causal=True),
        matching_order='published').train()


def long_studies(count: int, size: int = 224) -> tuple[Tensor, Reports]:
    """Noise, and reports of 16 to 18 sentences."""
    rng = np.random.default_rng(0)
    tokens, index = [], []
    for _ in range(count):
        lengths = rng.integers(3, 10, rng.integers(16, 19))
        tokens.append([2, *rng.integers(5, VOCABULARY, lengths.sum()).tolist(), 3])
        index.append([-1, *np.repeat(np.arange(len(lengths)), lengths).tolist(), -1])
    return torch.from_numpy(rng.standard_normal((count, 1, size, size))), Reports.from_sequences(tokens, index)


def difference(folder: str, stage: int, count: int) -> tuple[float, float]:
    """Largest relative difference of the losses, and of the gradients of all tensors together."""
    images, reports = long_studies(count)
    published, ours = PublishedPRIOR(folder, stage, dropout=False), like_published()
    ours.load_state_dict(convert_published(published.model.state_dict()))
    ours.set_losses(STAGES[stage])
    theirs, losses = published.parts(images, reports), ours(images, reports, mode='loss')
    total = sum(losses.values())
    theirs['loss'].backward()
    total.backward()
    gradients = {name: torch.zeros_like(value) if value.grad is None else value.grad
                 for name, value in published.model.named_parameters()}
    # The embeddings of position and type that the decoder adds up are one parameter here: its gradient is either's.
    gradients['sentence_decoder.embeddings.token_type_embeddings.weight'].zero_()
    gradients = convert_published(gradients)
    apart = sum(float(((value.grad if value.grad is not None else 0) - gradients[name]).square().sum())
                for name, value in ours.named_parameters())
    length = sum(float(value.square().sum()) for value in gradients.values())
    # In the published parts those of the prototypes hold their weight already.
    parts = {name: losses[f'loss_{name}'] / (1. if name in ('prototype', 'sentence_prototype') else weight)
             for name, weight in STAGES[stage].items()}
    loss_error = max(float(abs(value / theirs[name] - 1)) for name, value in dict(parts, loss=total).items())
    return loss_error, (apart / length)**0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', help='a checkout of the published implementation')
    parser.add_argument('--studies', type=int, default=4)
    args = parser.parse_args()
    torch.set_default_dtype(torch.float64)
    for stage in STAGES:
        loss, gradient = difference(args.folder, stage, args.studies)
        print(f'stage {stage}: losses differ by {loss:.1e}, gradients by {gradient:.1e} (relative, float64)',
              flush=True)


if __name__ == '__main__':
    main()
