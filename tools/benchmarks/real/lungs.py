"""Segmentation of the lungs, trained on human masks: Dice of patients apart, and masks for films that have none."""
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from PIL import Image

from prior_mm.downstream.segmentation import read_finding
from prior_mm.engine.launch import build_runner
from prior_mm.files.file_hash import sha256
from prior_mm.files.whole_files import whole_file, write_whole

from .cache import Cache
from .films import SIZE, Film, folds
from .training import ROOT, backbone_start, images_hash, quiet, test_again

CONFIG = ROOT / 'configs' / 'downstream' / 'demo' / 'siim_seg.py'
STEPS = 60
BATCH = 8


def write_masks(films: Sequence[Film], folder: Path) -> Path:
    """The human masks at the copies' size: a pixel belongs to the lungs if half of what it covers does."""
    for film in films:
        path = folder / f'{film.name}.png'
        if film.mask and not path.is_file():
            whole = Image.fromarray(read_finding(film.mask) * np.uint8(255))
            small = np.asarray(whole.resize((SIZE, SIZE), Image.Resampling.BOX)) >= 128
            with whole_file(path) as file:
                Image.fromarray(small.astype(np.uint8)).save(file, 'PNG')
    return folder


def dice(films: Sequence[Film], start: Path | None, repeats: int, images: Path, masks: Path,
         cache: Cache) -> list[dict[str, Any]]:
    """Figures of :class:`~prior_mm.downstream.segmentation.DiceMetric` on each fold's patients.

    Args:
        films: With masks.
        start: Weights of the backbone; None for random ones.
        repeats: So many folds, each with its own seed.
        images: Folder of the copies.
        masks: Folder of their masks.
        cache: Of the results.

    Returns:
        A repeat each; ``kept_back`` in it holds the same figures of the films kept back, if there are any.
    """
    back = tuple(film for film in films if film.kept_back)
    found = []
    for fold in folds(films)[:repeats]:
        def compute(train: Sequence[Film] = fold.train, test: Sequence[Film] = fold.test,
                    seed: int = fold.number) -> dict[str, Any]:
            return _run(train, test, start, seed, images, masks, cache.folder / 'lungs' / 'work', back)[0]

        plan = dict(what='lungs/1', steps=STEPS, batch=BATCH, seed=fold.number, start=sha256(start) if start else None,
                    images=images_hash((*fold.train, *fold.test, *back), images),
                    masks=images_hash((*fold.train, *fold.test, *back), masks), train=len(fold.train))
        found.append(cache.get(f'lungs/dice_{fold.number}', plan, compute))
    return [one for one in found if one is not None]


def predicted_masks(films: Sequence[Film], others: Sequence[Film], images: Path, masks: Path,
                    cache: Cache) -> dict[str, np.ndarray] | None:
    """Masks of the lungs, bool (H, W), of films that have none, by a segmenter trained on all that have one.

    Args:
        films: With masks.
        others: Without.
        images: Folder of the copies.
        masks: Folder of the masks.
        cache: Of the results.
    """
    def compute() -> dict[str, list[int]]:
        predicted = _run(films, others, None, 0, images, masks, cache.folder / 'lungs' / 'work')[1]
        return {name: np.packbits(mask).tolist() for name, mask in predicted.items()}

    plan = dict(what='masks/1', steps=STEPS, batch=BATCH, images=images_hash((*films, *others), images),
                masks=images_hash(films, masks))
    found = cache.get('lungs/predicted', plan, compute)
    return found and {name: np.unpackbits(np.array(bits, dtype=np.uint8)).reshape(SIZE, SIZE).astype(bool)
                      for name, bits in found.items()}


def _run(train: Sequence[Film], test: Sequence[Film], start: Path | None, seed: int, images: Path, masks: Path,
         work: Path, back: Sequence[Film] = ()) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The metrics, where the tested films have masks, and else the predictions."""
    config = _config(work, seed)
    backbone_start(config, start)
    scored = all(film.mask for film in test)
    for name, films in (('train', train), ('test', test), ('kept_back', back)):
        write_whole(work / f'{name}.json', json.dumps(dict(
            metainfo=dict(schema='prior_mm.segmentation/1', dataset='real', synthetic=False, protocol='real/1',
                          classes=['background', 'lungs']),
            data_list=[dict(img_path=f'{film.name}.png', image_id=film.name, seg_map_path=f'{film.name}.png',
                            gt_label=1) for film in films])).encode())
    for name in ('train', 'test'):
        config[f'{name}_dataloader'].dataset.update(data_root='', ann_file=str(work / f'{name}.json'), data_prefix=dict(
            img_path=str(images), seg_map_path=str(masks)))
    if not scored:
        pipeline = config.test_dataloader.dataset.pipeline
        config.test_dataloader.dataset.pipeline = [step for step in pipeline if step['type'] != 'LoadMask']
    runner = build_runner(config)
    try:
        runner.train()
        if not scored:
            return {}, _predict(runner)
        found = _dice(runner.test())
        if back:
            found['kept_back'] = _dice(test_again(runner, config, work / 'kept_back.json'))
        return found, {}
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _dice(metrics: dict[str, Any]) -> dict[str, Any]:
    return {name.removeprefix('segmentation/'): value for name, value in metrics.items()}


def _predict(runner: Any) -> dict[str, np.ndarray]:
    runner.model.eval()
    found = {}
    with torch.no_grad():
        for batch in runner.test_dataloader:
            for sample in runner.model.test_step(batch):
                found[Path(sample.img_path).stem] = sample.pred_sem_seg.data[0].numpy().astype(bool)
    return found


def _config(work: Path, seed: int) -> Config:
    config = Config.fromfile(CONFIG)
    quiet(config, work, 'lungs', seed, STEPS)
    for loss in config.model.decode_head.loss_decode:
        loss.pop('class_weight', None)  # a third of the pixels are of the lungs
    for loader in (config.train_dataloader, config.test_dataloader):
        loader.update(num_workers=0, persistent_workers=False, batch_size=BATCH)
        for step in loader.dataset.pipeline:
            for key in ('scale', 'crop_size'):
                if key in step:
                    step[key] = (SIZE, SIZE)
    return config
