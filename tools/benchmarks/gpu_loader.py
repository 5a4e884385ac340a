"""Whether the loader keeps up with a GPU: ``tools/train.py`` from resized copies, for ``gpu.py``."""
import json
import os
import statistics
from pathlib import Path

import numpy as np
from data_loading import synthetic_radiograph
from gpu_model import TINY
from gpu_right import run_python
from mmengine.config import Config
from PIL import Image
from train_step import ROOT, VOCABULARY, random_studies


def write_studies(root: Path, count: int, films: int = 512) -> None:
    """Studies as the converter of MIMIC-CXR leaves them with ``--resize 256``, SYNTHETIC: outlines of films and noise.

    Args:
        root: The folder.
        count: Studies; they share the films.
        films: JPEG files, 256 x 307 px.
    """
    rng = np.random.default_rng(0)
    (root / 'annotations').mkdir(parents=True)
    (root / 'files').mkdir()
    for number in range(films):
        Image.fromarray(synthetic_radiograph(rng, 256, 307)).save(root / 'files' / f'{number}.jpg', quality=95)
    (root / 'vocab.txt').write_text('\n'.join(
        ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', *(f'w{number}' for number in range(5, VOCABULARY))]))
    reports = random_studies(count, 1, 0)[1]
    data = []
    for number in range(count):
        pieces, index = reports.token_ids[number].numpy(), reports.sentence_index[number].numpy()
        sentences = [' '.join(f'w{piece}' for piece in pieces[index == place]) for place in range(index.max() + 1)]
        data.append(dict(study_id=f's{number}', subject_id=f'p{number}', images=[f'files/{number % films}.jpg'],
                         views=['PA'], sentences=sentences))
    metainfo = dict(schema='prior_mm.studies/1', dataset='benchmark', split='train', synthetic=True, min_sentences=4,
                    sentence_splitter='none', summary=dict(kept=count, images=count, dropped={}))
    (root / 'annotations' / 'train.json').write_text(json.dumps(dict(metainfo=metainfo, data_list=data)))


def training_config(root: Path, batch: int, workers: int, pinned: bool, tiny: bool) -> Config:
    """Stage 1 of the published run for two epochs, without validation and checkpoints; with a tiny model, to try it."""
    os.environ.update(MIMIC_CXR_ROOT=str(root), PRIOR_TEXT_ENCODER=str(root / 'vocab.txt'))
    config = Config.fromfile(ROOT / 'configs' / 'prior' / 'pretrain_mimic.py')
    for key in ('val_dataloader', 'val_evaluator', 'val_cfg', 'test_dataloader', 'test_evaluator', 'test_cfg'):
        config.pop(key)
    config.model.image_encoder.pretrained = None
    config.model.text_encoder = dict(type='TextEncoder', config={}, vocab_file=str(root / 'vocab.txt'))
    config.merge_from_dict({
        'train_cfg.stages': [dict(config.stages[0], epochs=2)], 'train_dataloader.batch_size': batch,
        'train_dataloader.num_workers': workers, 'train_dataloader.pin_memory': pinned,
        'default_hooks.logger.interval': 5, 'log_processor.window_size': 5,
        'default_hooks.checkpoint': None})
    config.custom_hooks = [hook for hook in config.custom_hooks if hook.type != 'StageCheckpointHook']
    if tiny:
        config.model.update(TINY)
    return config


def seconds_of_a_step(folder: Path, config: Config) -> tuple[float, float]:
    """Median seconds of a step of the second epoch, and of its wait for data, of ``tools/train.py``.

    Raises:
        RuntimeError: If the training fails, or takes more than 90 seconds; with the end of what it said.
    """
    config.dump(str(folder.with_suffix('.py')))
    run_python('tools/train.py', folder.with_suffix('.py'), '--work-dir', folder, timeout=90)
    lines = [json.loads(line) for line in next(folder.glob('*/vis_data/scalars.json')).read_text().splitlines()]
    later = [line for line in lines if line.get('epoch') == 2]
    return statistics.median(line['time'] for line in later), statistics.median(line['data_time'] for line in later)
