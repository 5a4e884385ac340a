"""One training of a classifier through the project's own config and runner, in this process; done once, then cached."""
import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from prior_mm.engine.launch import build_runner
from prior_mm.files.file_hash import sha256
from prior_mm.files.whole_files import write_whole

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


def scores(job: Job, cache: Path) -> dict[str, float]:
    """Scores of the tested films, the higher the likelier the finding; trained if the cache lacks them."""
    config = _config(job, cache / 'work')
    plan = dict(model=config.model.to_dict(), pipeline=[dict(step) for step in config.train_dataloader.dataset.pipeline],
                optimizer=config.optim_wrapper.to_dict(), steps=job.steps, batch=BATCH, seed=job.seed,
                start=sha256(job.start) if job.start else None, train=[(film.name, job.labels[film.name])
                                                                        for film in job.train],
                test=[film.name for film in job.test], images=images_hash(job.train + job.test, job.images))
    plan['model']['backbone'].pop('init_cfg', None)  # a path; the hash above stands for it
    return cached(cache / f'{job.name}_{job.seed}', plan, lambda: _train_and_test(job, config, cache / 'work'))


def cached(path: Path, plan: Any, compute: Any) -> Any:
    """What was computed for the same plan before, else what is computed now.

    Args:
        path: Of the JSON file, without its ending; the plan's hash is added.
        plan: All that the result depends on, as plain data.
        compute: Gives the result, as plain data.
    """
    key = hashlib.sha256(json.dumps(plan, sort_keys=True, default=str).encode()).hexdigest()[:12]
    file = path.with_name(f'{path.name}_{key}.json')
    if not file.is_file():
        write_whole(file, json.dumps(compute()).encode())
    return json.loads(file.read_text(encoding='utf-8'))


def images_hash(films: Sequence[Film], folder: Path) -> str:
    """Of all images, whatever the folder is called."""
    digest = hashlib.sha256()
    for film in films:
        digest.update((folder / f'{film.name}.png').read_bytes())
    return digest.hexdigest()


def _config(job: Job, work: Path) -> Config:
    """The demo's config of a classifier, for these films and this start."""
    config = Config.fromfile(CONFIG)
    for name in ('downstream', 'when_frozen', 'val_dataloader', 'val_evaluator', 'val_cfg'):
        config.pop(name)
    config.merge_from_dict({
        'work_dir': str(work), 'experiment_name': f'{job.name}_{job.seed}', 'randomness.seed': job.seed,
        'image_size': (SIZE, SIZE), 'val_dataloader': None, 'val_evaluator': None, 'val_cfg': None,
        'train_cfg.max_iters': job.steps, 'train_cfg.val_interval': job.steps + 1,
        'default_hooks.checkpoint': dict(_delete_=True, type='CheckpointHook', interval=-1, save_last=False),
        'custom_hooks': [], 'visualizer.vis_backends': [], 'default_hooks.logger.interval': 50,
        'param_scheduler': [
            dict(type='LinearLR', start_factor=0.01, begin=0, end=min(50, job.steps // 4), by_epoch=False),
            dict(type='CosineAnnealingLR', begin=min(50, job.steps // 4), eta_min=0., by_epoch=False)]})
    for loader in (config.train_dataloader, config.test_dataloader):
        loader.update(num_workers=0, persistent_workers=False, batch_size=BATCH)
        for step in loader.dataset.pipeline:
            if 'size' in step:
                step['size'] = (SIZE, SIZE)
            if 'scale' in step:
                step['scale'] = (SIZE, SIZE)
    backbone, preprocessor = config.model.backbone, config.model.data_preprocessor
    if job.start:
        backbone.init_cfg = dict(type='prior_mm.PretrainedBackbone', checkpoint=str(job.start),
                                 mean=preprocessor.mean[0] / 255, std=preprocessor.std[0] / 255)
    return config


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
