"""What makes a local alignment look at the finding, in minutes: the encoders rest, only the local alignment learns.

    python tools/benchmarks/grounding_frozen.py work_dirs/pretrain_demo/stage_1_alignment.pth [--seeds 0 1 2]

What the encoders of a checkpoint of configs/prior/pretrain_demo.py give for the demo's studies is computed once. Then
the projection of the patches, the cross attention and the local alignment train from random weights on all training
studies, one cause at a time; sentences keep their embeddings, and what is global stays what it was. Needs the demo data
(`make demo` makes them). Every figure is of SYNTHETIC images. The trained ``grounded`` are written as checkpoints of
configs/prior/prior_demo_grounded.py.
"""
import argparse
import copy
import statistics
import sys
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import Tensor

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from prior_mm.checkpoints.checkpoint import load_checkpoint, load_state_dict, save_checkpoint  # noqa: E402
from prior_mm.checkpoints.model_weights import load_weights  # noqa: E402
from prior_mm.datasets import collate_studies  # noqa: E402
from prior_mm.evaluation import GroundingMetric  # noqa: E402
from prior_mm.models import CrossAttention, GroundedAlignment, LocalAlignment  # noqa: E402
from prior_mm.models.alignment.contrastive import unit  # noqa: E402
from prior_mm.models.encoders.patch_layout import map_to_patches  # noqa: E402
from prior_mm.models.encoders.projection import projection  # noqa: E402
from prior_mm.registry import DATASETS, MODELS  # noqa: E402
from prior_mm.structures import Reports  # noqa: E402
from prior_mm.tokenizer import load_tokenizer  # noqa: E402

STRIDE_16, SIGMA, WIDTH = (8, 8), 0.5, 128


class Variant(NamedTuple):
    """Which maps the patches are of, how they are aligned, and what half of the training images are (as they were)."""

    maps: tuple[str, ...]
    alignment: type[LocalAlignment] = GroundedAlignment
    options: dict[str, float] = {}
    half: Literal['train', 'mirrored', 'rotated'] = 'train'


VARIANTS = dict(
    paper=Variant(('stage_4', ), LocalAlignment), paper_stage_2=Variant(('stage_2', ), LocalAlignment),
    stage_4=Variant(('stage_4', )), stage_3_and_4=Variant(('stage_3', 'stage_4_enlarged')),
    stage_3=Variant(('stage_3', )), grounded=Variant(('stage_2', )), stage_2_at_stride_8=Variant(('stage_2_fine', )),
    stage_1=Variant(('stage_1', )), mean_over_places=Variant(('stage_2', ), options=dict(focus=1000.)),
    mirrored=Variant(('stage_2', ), half='mirrored'), rotated=Variant(('stage_2', ), half='rotated'))


@torch.no_grad()
def maps_of(model: Any, images: Tensor) -> dict[str, Tensor]:
    """The backbone's maps of normalised images, float16 by name: all but two of stride 16."""
    first, second, third, fourth = model.image_encoder.backbone(images.contiguous(memory_format=torch.channels_last))
    maps = dict(stage_1=F.adaptive_avg_pool2d(first, STRIDE_16), stage_2=F.adaptive_avg_pool2d(second, STRIDE_16),
                stage_2_fine=second, stage_3=third, stage_4=fourth,
                stage_4_enlarged=F.interpolate(fourth, size=STRIDE_16, mode='bilinear'))
    return {name: value.half() for name, value in maps.items()}


@torch.no_grad()
def encode_sentences(model: Any, sentences: list[str], tokenizer: str) -> Tensor:
    """Embeddings of sentences, each for itself, in the joint space, (S, D)."""
    loaded = load_tokenizer(tokenizer)
    pieces = [loaded.backend_tokenizer.encode(text, add_special_tokens=False).ids for text in sentences]
    parts = []
    for start in range(0, len(pieces), 128):
        some = pieces[start:start + 128]
        reports = Reports.from_sequences([[loaded.cls_token_id, *ids, loaded.sep_token_id] for ids in some],
                                         [[-1, *[0] * len(ids), -1] for ids in some], loaded.pad_token_id)
        parts.append(model.embed_reports(model.text_encoder(reports), reports).sentences[:, 0])
    return torch.cat(parts)


def batches(model: Any, dataset: Any, mirrored: bool = False) -> tuple[dict[str, Tensor], list[dict]]:
    """The maps of all images of a data set, and what is known of each."""
    parts, samples = [], []
    for start in range(0, len(dataset), 64):
        batch = collate_studies([dataset[index] for index in range(start, min(start + 64, len(dataset)))])
        images = model.data_preprocessor(batch)['inputs']
        parts.append(maps_of(model, images.flip(3) if mirrored else images))
        samples += batch['data_samples']
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}, samples


class Frozen:
    """What the resting encoders give; computed once, and kept in a folder.

    Args:
        checkpoint: Of configs/prior/pretrain_demo.py.
        folder: Where it is kept.
    """

    def __init__(self, checkpoint: str, folder: Path) -> None:
        init_default_scope('prior_mm')
        self.checkpoint, self.folder = checkpoint, folder
        self.config = Config.fromfile(str(ROOT / 'configs/prior/pretrain_demo.py'))
        self.config.model.image_encoder.backbone.out_indices = (0, 1, 2, 3)
        self.model = MODELS.build(self.config.model).eval()
        self.model.set_losses({'global_alignment': 1., 'local_image': 1., 'local_text': 1.})
        load_weights(self.model, load_state_dict(checkpoint), checkpoint, strict=False)
        self.config.train_dataloader.dataset.pipeline = self.config.test_pipeline

    def part(self, name: str) -> Any:
        """``train``, ``mirrored``, ``rotated``, ``sentences`` or ``phrases``; all but the last kept in the folder."""
        if name == 'phrases':  # few, and their regions are arrays, which a file that is data alone does not hold
            return self._phrases()
        path = self.folder / f'{name}.pth'
        if not path.is_file():
            torch.save(getattr(self, f'_{name}')(), path)
        return torch.load(path, weights_only=True)

    def _train(self) -> tuple[dict[str, Tensor], list[list[str]]]:
        maps, samples = batches(self.model, DATASETS.build(self.config.train_dataloader.dataset))
        return maps, [sample['sentences'] for sample in samples]

    def _mirrored(self) -> dict[str, Tensor]:
        return batches(self.model, DATASETS.build(self.config.train_dataloader.dataset), True)[0]

    def _rotated(self) -> dict[str, Tensor]:
        data = copy.deepcopy(self.config.train_dataloader.dataset)
        turned = dict(type='RandomRotateRadiograph', degrees=5)  # as pretrain_demo.py; corners get black
        data.pipeline = [*data.pipeline[:2], turned, *data.pipeline[2:]]
        return batches(self.model, DATASETS.build(data))[0]

    def _sentences(self) -> tuple[Tensor, list[list[int]]]:
        numbers: dict[str, int] = {}
        studies = [[numbers.setdefault(text, len(numbers)) for text in report] for report in self.part('train')[1]]
        return encode_sentences(self.model, list(numbers), self.config.tokenizer), studies

    def _phrases(self) -> tuple[dict[str, Tensor], list[dict], Tensor]:
        config = Config.fromfile(str(ROOT / 'configs/downstream/demo/phrase_grounding.py'))
        maps, samples = batches(self.model, DATASETS.build(config.test_dataloader.dataset))
        sentences = encode_sentences(self.model, [sample['sentences'][0] for sample in samples], self.config.tokenizer)
        return maps, samples, sentences


class Head(torch.nn.Module):
    """The parts that learn: the projection of the patches, the cross attention, the local alignment."""

    def __init__(self, variant: Variant, mean: Tensor, deviation: Tensor) -> None:
        super().__init__()
        self.project, self.attend = projection(len(mean), WIDTH), CrossAttention(WIDTH)
        self.align = variant.alignment(WIDTH, **variant.options)
        self.mean, self.deviation = mean, deviation

    def forward(self, features: Tensor) -> Tensor:
        """Features (B, P, C) to patches of the joint space; each channel is brought to mean 0 and deviation 1."""
        return self.project((features - self.mean) / self.deviation)

    def maps(self, patches: Tensor, phrases: Tensor, grid: tuple[int, int]) -> dict[str, Tensor]:
        """As :func:`prior_mm.models.phrase_maps.phrase_maps` has them, (B, H', W')."""
        attention = self.align.attention(patches, phrases[:, None], self.attend)
        cosine = (unit(patches) * unit(phrases)[:, None]).sum(dim=-1)
        return dict(cosine=cosine.unflatten(1, grid), attention=attention[:, 0].unflatten(1, grid))


def train(variant: Variant, frozen: Frozen, seed: int, epochs: int) -> Head:
    """Train the parts that learn: AdamW, batches of 32, cosine schedule from 5e-3."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)

    def features(maps: dict[str, Tensor]) -> Tensor:
        return torch.cat([map_to_patches(maps[name].float()) for name in variant.maps], dim=2)

    plain = features(frozen.part('train')[0])
    other = plain if variant.half == 'train' else features(frozen.part(variant.half))
    table, studies = frozen.part('sentences')
    head, steps = Head(variant, plain.mean(dim=(0, 1)), plain.std(dim=(0, 1)) + 1e-3), len(plain) // 32 * epochs
    optimizer = torch.optim.AdamW(head.parameters(), lr=5e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / 40) * (1 + np.cos(np.pi * step / steps)) / 2)
    for _ in range(epochs):
        order = rng.permutation(len(plain))
        for some in order[:len(order) // 32 * 32].reshape(-1, 32):
            chosen = [table[rng.permutation(studies[index])] for index in some]
            sentences = torch.nn.utils.rnn.pad_sequence(chosen, batch_first=True)
            mask = torch.arange(sentences.shape[1]) < torch.tensor(list(map(len, chosen)))[:, None]
            changed = torch.from_numpy(rng.random(32) < .5)[:, None, None]
            patches = head(torch.where(changed, other[some], plain[some]))
            loss = sum(head.align(patches, sentences, mask, head.attend(patches, sentences, mask)))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return head.eval()


@torch.no_grad()
def figures(variant: Variant, head: Head, frozen: Frozen) -> dict[str, float]:
    """Figures of the held-out phrases, and by which map: that whose pointing is best on the validation part."""
    maps, samples, phrases = frozen.part('phrases')
    chosen = [maps[name].float() for name in variant.maps]
    patches = head(torch.cat([map_to_patches(value) for value in chosen], dim=2))
    drawn = head.maps(patches, phrases, tuple(chosen[0].shape[2:]))
    seen: dict[str, dict[str, Any]] = {}
    for name in drawn:
        for part in ('validate', 'test'):
            metric = GroundingMetric(map=name, sigma=SIGMA, draws=1)
            metric.process(None, [{**sample, 'split': 'test', 'maps': {name: drawn[name][number]}}
                                  for number, sample in enumerate(samples) if sample['split'] == part])
            seen[f'{name}, {part}'] = metric.compute_metrics(metric.results)
    best = max(drawn, key=lambda name: seen[f'{name}, validate']['pointing'])
    test = seen[f'{best}, test']
    return dict({f'pointing, {name}': 100 * seen[f'{name}, test']['pointing'] for name in drawn}, **{
        'pointing, best map of validation': 100 * test['pointing'], 'chance': 100 * test['pointing_chance'],
        'validation': 100 * seen[f'{best}, validate']['pointing'], 'CNR, signed': test['cnr'],
        'mIoU': 100 * test['miou']})


def save(head: Head, frozen: Frozen, path: Path) -> None:
    """The checkpoint with the trained parts in place of its own; what brings channels to deviation 1 goes into them."""
    checkpoint = load_checkpoint(frozen.checkpoint)
    weights = checkpoint['state_dict'] = {name: value for name, value in checkpoint['state_dict'].items()
                                          if not name.startswith(('image_decoder.', 'local_alignment.'))}
    scaled = head.project.weight.detach() / head.deviation
    weights['local_image_projection.weight'] = scaled
    weights['local_image_projection.bias'] = head.project.bias.detach() - scaled @ head.mean
    for name, part in (('cross_attention', head.attend), ('local_alignment', head.align)):
        weights.update({f'{name}.{key}': value for key, value in part.state_dict().items()})
    save_checkpoint({key: checkpoint[key] for key in ('state_dict', 'meta') if key in checkpoint}, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkpoint', help='of configs/prior/pretrain_demo.py; that of its first stage, best')
    parser.add_argument('--variants', nargs='+', choices=list(VARIANTS), default=list(VARIANTS))
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--epochs', type=int, default=4)
    parser.add_argument('--folder', type=Path, default=ROOT / 'work_dirs' / 'grounding_frozen')
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    frozen = Frozen(args.checkpoint, args.folder)
    for name in args.variants:
        runs = []
        for seed in args.seeds:
            head = train(VARIANTS[name], frozen, seed, args.epochs)
            runs.append(figures(VARIANTS[name], head, frozen))
            if name == 'grounded':
                save(head, frozen, args.folder / f'grounded_{seed}.pth')
        if name == args.variants[0]:
            print(f'SYNTHETIC images; seeds {args.seeds}; {args.epochs} epochs\n\n| variant | {" | ".join(runs[0])} |\n'
                  '| --- |' + ' --- |' * len(runs[0]))
        columns = [[run[figure] for run in runs] for figure in runs[0]]
        print(f'| {name} |', ' | '.join(f'{statistics.fmean(column):.2f} ± {np.std(column):.2f}' for column in columns),
              '|', flush=True)


if __name__ == '__main__':
    main()
