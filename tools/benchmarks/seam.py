"""What the seam of the other methods costs PRIOR when nothing of it is asked for: a ratio of CPU times in one process.

    python tools/benchmarks/seam.py [--batch-size 16] [--rounds 45]

The demo's encoders, forward and backward, on noise. ``plain`` calls backbone, pooling and BERT directly; ``not asked``
is what PRIOR runs; ``asked`` gives maps of three stages, sums the last two layers and hands out the attention of [CLS],
as GLoRIA, AFLoc and MGCA do. The three take turns, each first as often; printed is the median of the rounds' ratios.
"""
import argparse
import statistics
import time

import torch
from train_step import random_studies

from prior_mm.models import ImageEncoder, TextEncoder
from prior_mm.models.encoders.packed_bert import packed_bert
from prior_mm.models.encoders.patch_layout import map_to_patches


def encoders(out_indices: tuple[int, ...] = (3, ), last_layers: int = 1) -> tuple[ImageEncoder, TextEncoder]:
    """Those of the demo, always the same weights."""
    torch.manual_seed(0)
    image = ImageEncoder(out_channels=256, grid=(4, 4), backbone=dict(
        type='mmpretrain.ResNet', depth=18, in_channels=1, base_channels=32, out_indices=out_indices))
    return image, TextEncoder(last_layers=last_layers, config=dict(
        vocab_size=28996, hidden_size=128, num_hidden_layers=2, num_attention_heads=4, intermediate_size=512,
        hidden_dropout_prob=0., attention_probs_dropout_prob=0.))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--batch-size', type=int, default=16)
    parser.add_argument('--rounds', type=int, default=45)
    args = parser.parse_args()
    torch.set_num_threads(1)
    images, reports = random_studies(args.batch_size, 128, seed=0)
    (image, text), (image_of_all, text_of_all) = encoders(), encoders((1, 2, 3), 2)

    def plain() -> list[torch.Tensor]:
        last = image.backbone(images.contiguous(memory_format=torch.channels_last))[-1]
        pieces = packed_bert(text.encoder, reports.token_ids, reports.token_mask)
        patches = map_to_patches(last)
        return [patches, image.pooling(patches, grid=tuple(last.shape[2:])), pieces]

    def not_asked() -> list[torch.Tensor]:
        return [*image(images)[:2], text(reports)]

    def asked() -> list[torch.Tensor]:
        features = image_of_all(images)
        return [*features[:2], *features.earlier, *text_of_all(reports, start_attention=True)]

    ways = (plain, not_asked, asked)
    seconds: dict[str, list[float]] = {way.__name__: [] for way in ways}
    for number in range(args.rounds):
        for way in (*ways[number % 3:], *ways[:number % 3]):
            start = time.process_time()
            torch.stack([output.square().mean() for output in way()]).sum().backward()
            seconds[way.__name__].append(time.process_time() - start)
    for name, figures in seconds.items():
        ratios = [figure / base for figure, base in zip(figures, seconds['plain'], strict=True)]
        print(f'{name.replace("_", " ")}: {min(figures):.3f} CPU s, {statistics.median(ratios):.3f} of plain')


if __name__ == '__main__':
    main()
