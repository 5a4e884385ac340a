"""One training of a classifier through the project's own config and runner, in this process; done once and kept."""
import copy
import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from prior_mm.engine.launch import build_runner
from prior_mm.files.file_hash import sha256

from .cache import Cache
from .films import SIZE, Film, write_annotations

ROOT = Path(__file__).resolve().parents[3]
CONFIG = ROOT / 'configs' / 'downstream' / 'demo' / 'rsna_cls.py'
BATCH = 16


@dataclass(frozen=True)
class Job:
    """A training and its test.

    Attributes:
        name: Of the question and the films' variant; it stands in the cache's file names.
        train: Films and their labels.
        test: Films that are scored.
        labels: 1 or 0 by film.
        images: Folder of the films' copies.
        start: File of the backbone's weights; None for random ones.
        seed: Of weights, order and augmentation.
        steps: Of the training.
    """
    name: str
    train: tuple[Film, ...]
    test: tuple[Film, ...]
    labels: dict[str, int]
    images: Path
    start: Path | None
    seed: int
    steps: int


def scores(job: Job, cache: Cache) -> dict[str, float] | None:
    """Scores of the tested films, the higher the likelier the finding; trained if the cache lacks them."""
    work = cache.folder / 'fine_tuned' / 'work'
    config = _config(job, work)
    pipeline = [dict(step) for step in config.train_dataloader.dataset.pipeline]
    plan = dict(model=config.model.to_dict(), pipeline=pipeline, optimizer=config.optim_wrapper.to_dict(),
                steps=job.steps, batch=BATCH, seed=job.seed, start=sha256(job.start) if job.start else None,
                train=[(film.name, job.labels[film.name]) for film in job.train],
                test=[film.name for film in job.test], images=images_hash(job.train + job.test, job.images))
    plan['model']['backbone'].pop('init_cfg', None)  # a path; the hash above stands for it
    return cache.get(f'fine_tuned/{job.name}_{job.seed}', plan, lambda: _train_and_test(job, config, work))


def images_hash(films: Sequence[Film], folder: Path) -> str:
    """Of all images, whatever the folder is called."""
    digest = hashlib.sha256()
    for film in films:
        digest.update((folder / f'{film.name}.png').read_bytes())
    return digest.hexdigest()


def _config(job: Job, work: Path) -> Config:
    """The demo's config of a classifier, for these films and this start."""
    config = Config.fromfile(CONFIG)
    quiet(config, work, job.name, job.seed, job.steps)
    for loader in (config.train_dataloader, config.test_dataloader):
        loader.update(num_workers=0, persistent_workers=False, batch_size=BATCH)
        for step in loader.dataset.pipeline:
            for key in ('size', 'scale'):
                if key in step:
                    step[key] = (SIZE, SIZE)
    backbone_start(config, job.start)
    return config


def quiet(config: Config, work: Path, name: str, seed: int, steps: int) -> None:
    """Make a config of a downstream task one of few steps that leaves nothing behind and validates nothing."""
    for key in ('downstream', 'when_frozen'):
        config.pop(key, None)
    for key in ('val_dataloader', 'val_evaluator', 'val_cfg'):
        config[key] = None
    warm_up = min(50, steps // 4)
    config.merge_from_dict({
        'work_dir': str(work), 'experiment_name': f'{name}_{seed}', 'randomness.seed': seed,
        'train_cfg.max_iters': steps, 'train_cfg.val_interval': steps + 1, 'image_size': (SIZE, SIZE),
        'default_hooks.checkpoint': dict(_delete_=True, type='CheckpointHook', interval=-1, save_last=False),
        'custom_hooks': [], 'visualizer.vis_backends': [], 'log_level': 'WARNING', 'default_hooks.logger.interval': 50,
        'param_scheduler': [dict(type='LinearLR', start_factor=0.01, begin=0, end=warm_up, by_epoch=False),
                            dict(type='CosineAnnealingLR', begin=warm_up, eta_min=0., by_epoch=False)]})


def backbone_start(config: Config, start: Path | None) -> None:
    """Let a config's backbone start from a file, normalised as the file says, or from random weights."""
    preprocessor = config.model.data_preprocessor
    if start:
        config.model.backbone.init_cfg = dict(
            type='prior_mm.PretrainedBackbone', checkpoint=str(start), mean=preprocessor.mean[0] / 255,
            std=preprocessor.std[0] / 255)


def _train_and_test(job: Job, config: Config, work: Path) -> dict[str, float]:
    for loader, films in (('train_dataloader', job.train), ('test_dataloader', job.test)):
        config[loader].dataset.update(
            ann_file=str(write_annotations(work / f'{loader}.json', films, job.labels)), data_root='',
            data_prefix=dict(img_path=str(job.images)))
    runner = build_runner(config)
    try:
        runner.train()
        return predict(runner)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def test_again(runner: Any, config: Config, annotations: Path) -> dict[str, Any]:
    """Metrics of a trained runner's model on other films, those of an annotation file."""
    loader = copy.deepcopy(config.test_dataloader)
    loader.dataset.ann_file = str(annotations)
    return runner.build_test_loop(dict(type='mmengine.TestLoop', dataloader=loader,
                                       evaluator=config.test_evaluator)).run()


def predict(runner: Any) -> dict[str, float]:
    """Scores of the films of a runner's test loader, by name."""
    import torch
    runner.model.eval()
    found: dict[str, float] = {}
    with torch.no_grad():
        for batch in runner.test_dataloader:
            for sample in runner.model.test_step(batch):
                found[Path(sample.img_path).stem] = float(sample.pred_score.reshape(-1)[0])
    return found
