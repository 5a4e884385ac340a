"""Whether a training was as its protocol has it: by the protocol's own config, not by the protocol's name."""
from pathlib import Path
from typing import Any

from mmengine.config import Config

from prior_mm.engine.launch import load_config
from prior_mm.files.fingerprint import fingerprint

from .settings import apply_settings

_SHORT = dict(classification='cls', segmentation='seg', detection='det')
#: What decides a training.
_DECIDES = ('custom_hooks.', 'default_hooks.checkpoint.save_best', 'model.', 'optim_wrapper.', 'param_scheduler',
            'train_cfg.', 'train_dataloader.')
#: Of these, what is known when it runs (--amp, the list of a share, the weights), and what is part of a model's name.
_LEFT_OUT = ('optim_wrapper.type', 'optim_wrapper.dtype', 'train_dataloader.dataset.ids', 'model.backbone.init_cfg')
#: What a protocol fixes, whatever a run says.
_FIXED = ('size', 'normalise')


def left_protocol(config: Config, meta: dict[str, Any], configs: Path) -> dict[str, Any] | None:
    """In what a training differed from its protocol's own config; where it has none, from the config file as it stands.

    Weights, share of the labels, repeat, seed, tricks, and whether the backbone was frozen are a run's own.

    Args:
        config: Of the test, with its settings applied.
        meta: Of the checkpoint.
        configs: Folder of the project's configs.

    Returns:
        ``than`` (the protocol, or the config's file), ``differences``: values of the training by dotted name, those
        first that the other has, too. None if the checkpoint does not say how it was trained.
    """
    there = meta.get('fingerprint')
    if not isinstance(there, dict):
        return None
    own = protocol_config(config.downstream, configs)
    reference = own or load_config(config.filename)
    fixed = {key: reference.downstream.get(key) for key in _FIXED} if own else {}
    reference.downstream = dict(config.downstream, **fixed)
    reference.randomness = config.get('randomness')
    apply_settings(reference, training=False)
    found, wanted = ({name: value for name, value in side.items()
                      if name.startswith(_DECIDES) and not name.startswith(_LEFT_OUT)}
                     for side in (there['config'], fingerprint(reference.to_dict(), training=True)['config']))
    differing = [name for name in {**found, **wanted} if found.get(name, ...) != wanted.get(name, ...)]
    differing.sort(key=lambda name: ((name in found) + (name in wanted) < 2, name))
    return dict(than=config.downstream.protocol if own else Path(config.filename).name,
                differences={name: found.get(name) for name in differing})


def protocol_config(downstream: dict[str, Any], configs: Path) -> Config | None:
    """The config of a protocol for a task on a data set, below ``downstream/<protocol>/``; None if there is none."""
    name = downstream['protocol']
    pattern = f'{downstream["dataset"]}_{_SHORT[downstream["task"]]}*.py'
    files = sorted((configs / 'downstream' / name.partition('/')[0]).glob(pattern))
    found = load_config(str(files[0])) if files else None
    return found if found and found.downstream.protocol == name else None
