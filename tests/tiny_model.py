"""A tiny model with random weights as a checkpoint, and studies beside it: for tests of what is done with a model."""
import json
from pathlib import Path

import torch
from mmengine.registry import init_default_scope
from tiny_run import tiny_config

from prior_mm.checkpoints.checkpoint import save_checkpoint
from prior_mm.models.prior import PUBLISHED_LOSSES
from prior_mm.registry import MODELS

ALIGNMENT = dict(global_alignment=1., local_image=1., local_text=1.)


def tiny_checkpoint(folder: Path, losses: dict | None = None, **changes) -> Path:
    """``folder/run/epoch_6.pth`` of a PRIOR, of its last stage by default, and studies of noise in ``folder/data``."""
    config = tiny_config(folder / 'data', folder / 'run', **changes)
    init_default_scope('prior_mm')
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    for module in model.modules():  # statistics as after a training: maps that are not even
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.running_mean, std=.1)
            torch.nn.init.uniform_(module.running_var, .5, 1.5)
    meta = dict(epoch=6, iter=18, seed=3, prior_mm_version='0', config=json.loads(json.dumps(config.to_dict())),
                dataset_meta=dict(dataset='tiny', split='train', synthetic=True, summary=dict(kept=12)),
                losses=losses or PUBLISHED_LOSSES, preprocessing=model.data_preprocessor.describe())
    path = folder / 'run' / 'epoch_6.pth'
    path.parent.mkdir(exist_ok=True)
    save_checkpoint(dict(state_dict=model.state_dict(), meta=meta), path)
    (path.parent / 'last_checkpoint').write_text(str(path))
    return path
