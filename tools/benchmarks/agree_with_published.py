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
from torch import Tensor, nn
from train_step import STAGES, distance, published

from prior_mm.checkpoints.published_weights import convert_published
from prior_mm.models import PRIOR
from prior_mm.structures import Reports


def long_studies(count: int, size: int = 224) -> tuple[Tensor, Reports]:
    """Noise, and reports of 16 to 18 sentences."""
    rng = np.random.default_rng(0)
    tokens, index = [], []
    for _ in range(count):
        lengths = rng.integers(3, 10, rng.integers(16, 19))
        tokens.append([2, *rng.integers(5, VOCABULARY, lengths.sum()).tolist(), 3])
        index.append([-1, *np.repeat(np.arange(len(lengths)), lengths).tolist(), -1])
    return torch.from_numpy(rng.standard_normal((count, 1, size, size))), Reports.from_sequences(tokens, index)


def gradients(model: nn.Module) -> dict[str, Tensor]:
    """Of all parameters, zeros where there is none."""
    return {name: torch.zeros_like(value) if value.grad is None else value.grad
            for name, value in model.named_parameters()}


def difference(folder: str, stage: int, count: int) -> tuple[float, float]:
    """Largest relative difference of the losses, and of the gradients of all tensors together."""
    images, reports = long_studies(count)
    theirs, ours = PublishedPRIOR(folder, stage, dropout=False), published(PRIOR, dropout=False, behaviour=True)
    ours.load_state_dict(convert_published(theirs.model.state_dict()))
    ours.set_losses(STAGES[stage])
    their_parts, losses = theirs.parts(images, reports), ours(images, reports, mode='loss')
    total = sum(losses.values())
    their_parts['loss'].backward()
    total.backward()
    their_gradients = gradients(theirs.model)
    # The embeddings of position and type that the decoder adds up are one parameter here: its gradient is either's.
    their_gradients['sentence_decoder.embeddings.token_type_embeddings.weight'].zero_()
    # In the published parts those of the prototypes hold their weight already.
    parts = {name: losses[f'loss_{name}'] / (1. if name in ('prototype', 'sentence_prototype') else weight)
             for name, weight in STAGES[stage].items()}
    loss_error = max(float(abs(value / their_parts[name] - 1)) for name, value in dict(parts, loss=total).items())
    return loss_error, distance(gradients(ours), convert_published(their_gradients))


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
