"""What a run writes beside its weights, as plain data: of itself, and all that it needs to go on."""
import time
from typing import Any

import mmengine
from mmengine.dist import get_world_size

from prior_mm.version import __version__

from .hook_state import hook_states, log_history
from .plain import plain
from .unwrapped import unwrapped

#: Of the runner's notes: what CheckpointHook needs to go on, the best score and the files that it keeps.
_NOTES = ('best_score', 'best_ckpt', 'last_ckpt', 'keep_ckpt_ids')


def checkpoint_content(runner: Any, given: dict[str, Any], by_epoch: bool, to_resume: bool,
                       schedules: bool) -> dict[str, Any]:
    """``meta`` of a checkpoint and, to resume, the states of all but the optimizer.

    Args:
        runner: A :class:`.data_runner.DataRunner`.
        given: More entries of ``meta``; they come before what is found here.
        by_epoch: Whether it is written at the end of an epoch, which the runner counts only then.
        to_resume: Also what is needed to resume.
        schedules: Within that, the states of parameter schedules, if there are any.
    """
    content: dict[str, Any] = dict(meta=_meta(runner, given, by_epoch))
    if to_resume:
        notes = runner.message_hub.runtime_info.items()
        content['runtime_info'] = plain({key: value for key, value in notes if key.startswith(_NOTES)})
        content['log_history'] = log_history(runner.message_hub, _window_of_logs(runner))
        content.update(runner.remembered)
        if not schedules or not content['param_schedulers']:
            del content['param_schedulers']
    return content


def remembered(runner: Any) -> dict[str, Any]:
    """States of schedules and hooks, as plain data."""
    # None with StagedTrainLoop: its schedule is a function
    schedulers = runner.param_schedulers if isinstance(runner.param_schedulers, list) else []
    states = [{key: plain(value) for key, value in scheduler.state_dict().items() if not callable(value)}
              for scheduler in schedulers if hasattr(scheduler, 'state_dict')]  # OneCycleLR's holds a function
    return dict(param_schedulers=states, hooks=hook_states(runner.hooks))


def _meta(runner: Any, given: dict[str, Any], by_epoch: bool) -> dict[str, Any]:
    model = unwrapped(runner.model)
    meta = {
        'epoch': runner.epoch + by_epoch, 'iter': runner.iter + runner.within_step, 'seed': runner.seed,
        'steps_per_epoch': len(runner.train_dataloader), 'world_size': get_world_size(),
        'experiment_name': runner.experiment_name, 'time': time.strftime('%Y%m%d_%H%M%S'),
        'prior_mm_version': __version__, 'mmengine_version': mmengine.__version__,
        'config': plain(runner.cfg.to_dict()),
        'dataset_meta': plain(getattr(runner.train_dataloader.dataset, 'metainfo', {})),
    }
    if hasattr(model, 'loss_weights'):
        meta['losses'] = plain(model.loss_weights)
    meta.update(tokenizer=runner.text_side, fingerprint=runner.fingerprint)
    meta.update(given)
    if hasattr(model.data_preprocessor, 'describe'):
        meta['preprocessing'] = plain(model.data_preprocessor.describe())
    if hasattr(runner.train_loop, 'kept_schedule'):
        meta['kept_schedule'] = runner.train_loop.kept_schedule
    return meta


def _window_of_logs(runner: Any) -> int | None:
    """How many steps the means of a log go back; None for all."""
    windows = [entry.get('window_size') for entry in runner.log_processor.custom_cfg]
    if 'global' in windows:
        return None
    return max(runner.log_processor.window_size, len(runner.train_dataloader),
               *(window for window in windows if isinstance(window, int)), 1)
