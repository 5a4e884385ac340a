"""MMEngine's parameter schedules: that they fit the length of a run, and how a run of another length takes them up."""
from typing import Any

from mmengine.optim import OptimWrapper


def check_schedules(schedules: Any, max_epochs: int, max_iters: int) -> None:
    """Raise ValueError where a schedule begins after the last step of the training.

    Args:
        schedules: The configs, or what was built of them.
        max_epochs: Epochs of the training.
        max_iters: Steps of it.
    """
    for number, entry in enumerate(schedules if isinstance(schedules, (list, tuple)) else [schedules]):
        if not isinstance(entry, dict):
            continue
        by_epoch, begin = entry.get('by_epoch', True), entry.get('begin', 0)
        last = entry.get('end', max_epochs if by_epoch else max_iters)
        if begin >= last:
            unit, length = ('epoch', 'max_epochs') if by_epoch else ('step', 'max_iters')
            raise ValueError(
                f'param_scheduler.{number} ({entry.get("type")}) begins at {unit} {begin} and would end at {last}: set '
                f'train_cfg.{length} to more than {begin}, or begin (and the end of what comes before it) lower')


def take_schedules(runner: Any, states: list[dict[str, Any]], how: str | None) -> None:
    """Build the schedules of a resumed run, whose optimizer and steps are those of the checkpoint.

    Args:
        runner: The runner.
        states: Of the checkpoint's schedules.
        how: ``'stretch'`` takes the steps that are done anew with the schedules of the config, so that the rates are
            those of a run that always had them; else the states are loaded, and what they say goes on.

    Raises:
        ValueError: If a schedule that follows the figures of validations should be stretched.
    """
    if how != 'stretch':
        runner.param_schedulers = runner.build_param_scheduler(runner.param_schedulers)
        for scheduler, state in zip(runner.param_schedulers, states, strict=True):
            scheduler.load_state_dict(state)
        return
    for group in runner.optim_wrapper.param_groups:
        group.update({name.removeprefix('initial_'): value for name, value in group.items()
                      if name.startswith('initial_')})
    runner.param_schedulers = runner.build_param_scheduler(runner.cfg.param_scheduler)
    if any(getattr(scheduler, 'need_val_args', False) for scheduler in runner.param_schedulers):
        raise ValueError('a schedule that follows validations cannot be stretched: --resume-schedule keep')
    for done, by_epoch in ((runner.iter, False), (runner.epoch, True)):
        for _ in range(done):
            for scheduler in runner.param_schedulers:
                if scheduler.by_epoch == by_epoch:
                    scheduler.step()


def remember_scales(wrapper: OptimWrapper) -> OptimWrapper:
    """Keep the ``lr_mult`` of each group of parameters as its ``lr_scale``, since stages set the rates."""
    for group in wrapper.param_groups:
        group.setdefault('lr_scale', group['lr'] / wrapper.optimizer.defaults['lr'])
    return wrapper
