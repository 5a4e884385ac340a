"""A run that goes on from a checkpoint: everything that a step depends on is the checkpoint's, or it is refused."""
from typing import Any

from mmengine.dist import get_world_size

from prior_mm.checkpoints.checkpoint import load_checkpoint
from prior_mm.checkpoints.text_side import check_text_side

from .hook_state import check_resumable, load_hook_states, load_log_history
from .resumed_config import Resumed, check_config
from .schedules import take_schedules


def resume_run(runner: Any, filename: str, map_location: Any = 'cpu') -> None:
    """Take weights, optimizer, schedules, hooks and counts from a checkpoint.

    Args:
        runner: A :class:`.data_runner.DataRunner` that has not begun to train.
        filename: The checkpoint.
        map_location: As in ``torch.load``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged, unsafe, of another model, has no optimizer state, or counts other steps. The
            model's weights may be the checkpoint's by then.
    """
    checkpoint = load_checkpoint(filename, map_location)
    meta = _checked_meta(checkpoint, filename)
    try:
        check_resumable(runner.hooks, checkpoint, len(runner.train_dataloader))
        otherwise = check_config(runner, meta)
    except ValueError as error:
        raise ValueError(f'{filename} cannot be resumed: {error}') from None
    now = dict(steps_per_epoch=len(runner.train_dataloader), world_size=get_world_size())
    for name, value in now.items():
        if meta.get(name, value) != value:
            raise ValueError(f'{filename} cannot be resumed: it was written with {name}={meta[name]}, now it is '
                             f'{value}. Take the same data, batch size and number of processes')
    check_text_side(runner.text_side, meta, filename)
    if meta.get('seed') not in (None, runner.seed):
        runner.logger.warning(f'the seed of {filename}, {meta["seed"]}, is taken instead of {runner.seed}')
        runner.reseed(meta['seed'])
        runner.train_dataloader.sampler.seed = meta['seed']
    runner._resume = True  # what EMAHook looks at
    runner.tell_hooks(checkpoint)
    runner.logger.info(runner.take_weights(checkpoint['state_dict'], filename, strict=True).text)
    runner.train_loop._epoch, runner.train_loop._iter = meta['epoch'], meta['iter']
    try:
        anew = _take_states(runner, checkpoint, otherwise)
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f'{filename} cannot be resumed: the state of its optimizer or schedules is damaged, or '
                         f'that of another model ({type(error).__name__}: {error}). Take another checkpoint of the '
                         f'run, or start from its weights: --cfg-options load_from={filename}') from error
    if anew:
        runner.logger.warning(f'{filename} holds no state of {", ".join(anew)}: they begin anew')
    _keep_start(runner.fingerprint, meta.get('fingerprint'))
    runner.logger.info(f'resumed from {filename}: epoch {runner.epoch}, step {runner.iter}')


def _keep_start(here: dict[str, Any] | None, there: dict[str, Any] | None) -> None:
    """The weights that the run began from are those that its checkpoint says, and not what it is resumed from."""
    if here is not None:
        here['files'].pop('load_from', None)
        if began := ((there or {}).get('files') or {}).get('load_from'):
            here['files']['load_from'] = began


def _checked_meta(checkpoint: dict[str, Any], filename: str) -> dict[str, Any]:
    meta = checkpoint.get('meta')
    if not isinstance(meta, dict) or 'optimizer' not in checkpoint or not {'epoch', 'iter'} <= meta.keys():
        raise ValueError(f'{filename} cannot be resumed: it holds weights but no state of a training. To start '
                         f'from its weights: --cfg-options load_from={filename}')
    if not all(type(meta[name]) is int and meta[name] >= 0 for name in ('epoch', 'iter')):
        raise ValueError(f'{filename} cannot be resumed: its epoch and iter must be whole numbers, they are '
                         f'{meta["epoch"]!r} and {meta["iter"]!r}. Take another checkpoint of the run')
    return meta


def _take_states(runner: Any, checkpoint: dict[str, Any], otherwise: Resumed) -> list[str]:
    """Load all but the weights; gives the hooks that the checkpoint holds no state of."""
    runner.take_optimizer(checkpoint['optimizer'])
    if runner.param_schedulers and 'param_schedulers' in checkpoint:
        take_schedules(runner, checkpoint['param_schedulers'], otherwise.schedule)
    for key, value in checkpoint.get('runtime_info', {}).items():
        if not (otherwise.judged and key.startswith('best_')):
            runner.message_hub.update_info(key, value)
    load_log_history(runner.message_hub, checkpoint.get('log_history', {}))
    states = checkpoint.get('hooks', {})
    return load_hook_states(runner.hooks, {name: state for name, state in states.items()
                                           if not (otherwise.judged and name == 'EarlyStoppingHook')})
