"""Pre-training on films with clinical notes, in the demo's three stages, beside a control with shuffled pairs."""
import json
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config

from prior_mm.converters.vocabulary import learn_vocabulary
from prior_mm.datasets.reports import split_sentences
from prior_mm.engine.launch import build_runner
from prior_mm.files.whole_files import write_whole

from .cache import Cache
from .films import Film, folds
from .training import ROOT, images_hash, test_again

CONFIG = ROOT / 'configs' / 'prior' / 'pretrain_demo.py'
#: Epochs of the demo's three stages here; an epoch has some 10 steps.
EPOCHS = (10, 3, 2)
BATCH = 16
#: Of the demo's learning rates: with all of it, image and report embeddings collapsed to one within the first stage.
RATE = 0.3
PAIRS, SHUFFLED = 'pairs', 'shuffled pairs'


def pretrained(films: Sequence[Film], kind: str, seed: int, images: Path,
               cache: Cache) -> dict[str, Any] | None:
    """Pre-train on the films of a fold's training patients and retrieve among the others.

    Args:
        films: With notes.
        kind: :data:`PAIRS`, or :data:`SHUFFLED`: each film gets the note of another patient, in training only.
        seed: Of the training, and the fold's number.
        images: Folder of the copies.
        cache: Of the results.

    Returns:
        ``losses`` by stage: the means over its first and its last epoch, by name. ``retrieval``: what
        :class:`~prior_mm.evaluation.RetrievalMetric` gives. ``train``, ``test``: their numbers. ``checkpoint``: file.
        ``kept_back``: ``retrieval`` and ``test`` of the films kept back, if there are any.
    """
    fold = folds(films)[seed]
    back = tuple(film for film in films if film.kept_back)
    notes = shuffled(fold.train, seed) if kind == SHUFFLED else [film.notes for film in fold.train]
    plan = dict(what='notes/1', kind=kind, seed=seed, epochs=EPOCHS, rate=RATE, batch=BATCH, config=CONFIG.read_text(),
                train=[(film.name, note) for film, note in zip(fold.train, notes, strict=True)],
                test=[(film.name, film.notes) for film in fold.test + back],
                images=images_hash(fold.train + fold.test + back, images))
    name = f'{kind.replace(" ", "_")}_{seed}'
    folder = cache.folder / 'notes'
    return cache.get(f'notes/{name}', plan, lambda: _run(
        fold.train, notes, fold.test, back, seed, images, folder / f'work_{name}', folder / f'{name}.pth'))


def shuffled(films: Sequence[Film], seed: int) -> list[str]:
    """For each film the note of another patient, each note once.

    Raises:
        ValueError: If half of the films or more are of one patient.
    """
    counts = Counter(film.patient for film in films)
    most = max(counts.values())
    if 2 * most > len(films):
        raise ValueError(f'{most} of {len(films)} films are of one patient: no note of another is left for some')
    place = dict(zip(sorted(counts), np.random.default_rng(seed).permutation(len(counts)), strict=True))
    order = sorted(range(len(films)), key=lambda number: place[films[number].patient])
    # Patients stand together: so many films further it is another one.
    given = dict(zip(order, np.roll(order, -most), strict=True))
    return [films[given[number]].notes for number in range(len(films))]


def _run(train: Sequence[Film], notes: Sequence[str], test: Sequence[Film], back: Sequence[Film], seed: int,
         images: Path, work: Path, checkpoint: Path) -> dict[str, Any]:
    write_whole(work / 'vocab.txt', '\n'.join(learn_vocabulary({film.notes for film in train}, 2000)).encode())
    _write_studies(work / 'train.json', train, notes)
    for name, films in (('test', test), ('kept_back', back)):
        _write_studies(work / f'{name}.json', films, [film.notes for film in films])
    config = _config(work, images, seed)
    runner = build_runner(config)
    try:
        runner.train()
        checkpoint.parent.mkdir(parents=True, exist_ok=True)
        runner.save_checkpoint(str(checkpoint.parent), checkpoint.name, save_optimizer=False)
        found = dict(losses=_losses(runner), retrieval=_retrieval(runner.test()), train=len(train), test=len(test),
                     checkpoint=str(checkpoint))
        if back:
            found['kept_back'] = dict(retrieval=_retrieval(test_again(runner, config, work / 'kept_back.json')),
                                      test=len(back))
        return found
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _write_studies(path: Path, films: Sequence[Film], notes: Sequence[str]) -> None:
    entries = [dict(study_id=film.name, subject_id=film.patient, images=[f'{film.name}.png'], views=[film.view],
                    sentences=split_sentences(note) or [note]) for film, note in zip(films, notes, strict=True)]
    metainfo = dict(schema='prior_mm.studies/1', dataset='real', split=path.stem, synthetic=False)
    write_whole(path, json.dumps(dict(metainfo=metainfo, data_list=entries)).encode())


def _config(work: Path, images: Path, seed: int) -> Config:
    config = Config.fromfile(CONFIG)
    tokenizer = str(work / 'vocab.txt')
    config.model.text_encoder.vocab_file = tokenizer
    for name in ('val_dataloader', 'val_evaluator', 'val_cfg'):
        config[name] = None
    for split in ('train', 'test'):
        loader = config[f'{split}_dataloader']
        loader.update(num_workers=0, persistent_workers=False, batch_size=BATCH)
        loader.dataset.update(data_root='', ann_file=str(work / f'{split}.json'), image_prefix=str(images))
        for step in loader.dataset.pipeline:
            if step['type'] == 'TokenizeReport':
                step['tokenizer'] = tokenizer
    config.merge_from_dict({
        'work_dir': str(work), 'experiment_name': f'{work.name}', 'randomness.seed': seed,
        'default_hooks.checkpoint': dict(_delete_=True, type='CheckpointHook', interval=-1, save_last=False),
        'custom_hooks': [dict(type='PrototypeTemperatureHook', schedule='fixed', start=0.9)],
        'visualizer.vis_backends': [], 'log_level': 'WARNING'})
    for stage, epochs in zip(config.train_cfg.stages, EPOCHS, strict=True):
        stage.epochs, stage.lr = epochs, RATE * stage.lr
    return config


def _losses(runner: Any) -> list[dict[str, list[float]]]:
    """Of each stage: the means of each loss over its first and its last epoch."""
    steps = len(runner.train_dataloader)
    ends, found = np.cumsum(EPOCHS) * steps, []
    history = {name.removeprefix('train/'): buffer.data[0] for name, buffer in runner.message_hub.log_scalars.items()
               if name.startswith('train/loss')}
    for first, last in zip([0, *ends[:-1]], ends, strict=True):
        row = {}
        for name, values in history.items():
            before = ends[-1] - len(values)  # steps before the stage that brings this loss
            here = np.asarray(values)[max(0, first - before):max(0, last - before)]
            if len(here):
                row[name] = [float(here[:steps].mean()), float(here[-steps:].mean())]
        found.append(row)
    return found


def _retrieval(metrics: dict[str, Any]) -> dict[str, Any]:
    return {name.removeprefix('retrieval/'): value for name, value in metrics.items()
            if isinstance(value, (int, float, str))}
