"""How much memory a training step takes on one GPU, by batch and chunk: counted tensors and a formula; no GPU is used.

    python tools/benchmarks/memory_model.py --docs docs/speed.md [--stages 1 3] [--batches 98 256 588] [--chunk 28]

What a forward pass of the published model keeps for its backward pass is counted on the CPU, for 4 and 8 studies: the
difference of the two is what a study takes. Float32 by default; on a processor without bfloat16 to count that takes
long. Then

    memory = state + batch x (losses + features) + min(chunk, batch) x encoders

State: weights, gradients and AdamW's two moments in float32, and the copies that autocast makes of the weights. Losses:
what all that follows the encoders keeps, with the features that the losses are made of; features: their gradients.
Encoders: the rest, with the image decoder in the last stage; with activation checkpointing what is left of it.
"""
import argparse
from pathlib import Path
from typing import NamedTuple

import torch
from page_blocks import fill, table
from rich.progress import track
from torch.utils._pytree import tree_flatten
from train_step import STAGES, Studies, published, random_studies

from prior_mm.models import PRIOR
from prior_mm.structures import Reports

GIB = 2**30


class Kept(NamedTuple):
    """Bytes of a step: whatever the batch, and for each study of the batch, and of a chunk."""

    state: float
    losses: float
    features: float
    encoders: float

    def memory(self, batch: int, chunk: int | None = None) -> float:
        """Of a batch, at once or in chunks."""
        return self.state + batch * (self.losses + self.features) + min(batch, chunk or batch) * self.encoders


def kept(model: PRIOR, data: Studies, dtype: torch.dtype) -> int:
    """Bytes of the tensors that a forward pass keeps for the backward pass, parameters left out."""
    parameters = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    found: dict[int, torch.UntypedStorage] = {}  # held, so that no place is given to another tensor

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in parameters:
            found[storage.data_ptr()] = storage
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor), \
            torch.autocast('cpu', torch.bfloat16, enabled=dtype == torch.bfloat16):
        model(*data, mode='loss')
    return sum(storage.nbytes() for storage in found.values())


def count(stage: int, with_cp: bool, dtype: torch.dtype, size: int = 224, studies: int = 4) -> Kept:
    """Count for the published model, see above; twice the studies are the same ones again."""
    model = published(PRIOR, with_cp=with_cp)
    model.set_losses(STAGES[stage])
    unused = {id(parameter) for parameter in model.unused_parameters()}
    images, reports = few = random_studies(studies, size, seed=stage)
    twice = torch.cat([images, images]), Reports(*(torch.cat([part, part]) for part in reports))

    def of_a_study(chunk: int | None) -> float:
        model.chunk = chunk
        return (kept(model, twice, dtype) - kept(model, few, dtype)) / studies

    whole, losses = of_a_study(None), of_a_study(1)
    with torch.no_grad(), torch.autocast('cpu', torch.bfloat16, enabled=dtype == torch.bfloat16):
        features = sum(tensor.nbytes for tensor in tree_flatten(model.encode(*few))[0]
                       if isinstance(tensor, torch.Tensor)) / studies
    copies = 0 if dtype == torch.float32 else dtype.itemsize
    state = sum(parameter.numel() * (4 if id(parameter) in unused else 16 + copies) for parameter in model.parameters())
    return Kept(state, losses, features, max(whole - losses, 0))


def counted_table(stages: dict[int, tuple[Kept, Kept]]) -> str:
    """What was counted, without and with activation checkpointing."""
    return table('stage | encoders | state, GiB | MB a study: losses | gradients of the features | encoders', (
        [str(stage), way, f'{of.state / GIB:.2f}', *(f'{part / 1e6:.1f}' for part in of[1:])]
        for stage, ways in stages.items() for way, of in zip(('kept', 'checkpointed'), ways, strict=True)))


def predicted_table(stages: dict[int, tuple[Kept, Kept]], batches: list[int], chunk: int) -> str:
    """GiB of a step by batch and way."""
    return table(f'stage | batch | at once | checkpointed | chunks of {chunk} | chunks of {chunk}, checkpointed', (
        [str(stage), str(batch), *(f'{of.memory(batch, size) / GIB:.1f}' for size in (None, chunk) for of in ways)]
        for stage, ways in stages.items() for batch in batches))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--stages', type=int, nargs='+', default=[1, 3], choices=[1, 2, 3])
    parser.add_argument('--batches', type=int, nargs='+', default=[98, 256, 588])
    parser.add_argument('--chunk', type=int, default=28, help='studies of a chunk')
    parser.add_argument('--dtype', default='float32', choices=['float32', 'bfloat16'])
    parser.add_argument('--docs', type=Path, help='page whose block is replaced; else it is printed')
    args = parser.parse_args()
    stages: dict[int, tuple[Kept, Kept]] = {}
    for stage in track(args.stages, 'counting'):
        without, with_cp = (count(stage, way, getattr(torch, args.dtype)) for way in (False, True))
        stages[stage] = without, with_cp
    text = '\n\n'.join([counted_table(stages), f'Predicted, GiB of a step in {args.dtype}:',
                        predicted_table(stages, args.batches, args.chunk)])
    if args.docs:
        args.docs.write_text(fill(args.docs.read_text(), {'step': text}, mark='memory'))
    else:
        print(text)


if __name__ == '__main__':
    main()
