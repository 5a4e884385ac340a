"""What hooks and logs remember from step to step, as plain data of a checkpoint."""
from typing import Any

import torch
from mmengine.dist import get_world_size
from mmengine.hooks import EarlyStoppingHook, EMAHook, Hook, ProfilerHook, SyncBuffersHook
from mmengine.logging import HistoryBuffer, MessageHub

#: Stock hooks that remember something, and in which attributes. EMAHook and CheckpointHook write what they remember
#: into a checkpoint by themselves; the others follow from the step. A hook of one's own has ``state_dict`` and
#: ``load_state_dict``.
_REMEMBERED = {EarlyStoppingHook: ('wait_count', 'best_score')}


def hook_states(hooks: list[Hook]) -> dict[str, list[dict[str, Any]]]:
    """What the hooks remember, by the name of their class, in the order in which they run."""
    states: dict[str, list[dict[str, Any]]] = {}
    for hook in hooks:
        if (state := _state(hook)) is not None:
            states.setdefault(type(hook).__name__, []).append(state)
    return states


def load_hook_states(hooks: list[Hook], states: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Give hooks back what :func:`hook_states` took.

    Returns:
        Names of the hooks that the checkpoint knows nothing of, and that begin anew.
    """
    left, missing = {name: list(of_name) for name, of_name in states.items()}, []
    for hook in hooks:
        if _state(hook) is None:
            continue
        name = type(hook).__name__
        if not left.get(name):
            missing.append(name)
        elif hasattr(hook, 'load_state_dict'):
            hook.load_state_dict(left[name].pop(0))
        else:
            vars(hook).update(left[name].pop(0))
    return missing


def check_resumable(hooks: list[Hook], checkpoint: dict[str, Any], steps_per_epoch: int) -> None:
    """Refuse by name a hook with which a resumed run would not be the run.

    Raises:
        ValueError: If there is one; the message says what to do.
    """
    epoch, step = checkpoint['meta']['epoch'], checkpoint['meta']['iter']
    if 'ema_state_dict' in checkpoint and not any(isinstance(hook, EMAHook) for hook in hooks):
        raise ValueError('it is of a run with EMAHook, whose averaged weights stand in state_dict: keep EMAHook among '
                         'custom_hooks; to start anew from the averaged weights, load_from')
    for hook in hooks:
        if isinstance(hook, ProfilerHook) and not hook.by_epoch and step >= hook.profile_times:
            raise ValueError(f'ProfilerHook profiles the first {hook.profile_times} steps, {step} are done, and it '
                             'would never stop: leave it out of custom_hooks')
        if isinstance(hook, SyncBuffersHook) and get_world_size() > 1 and step != epoch * steps_per_epoch:
            raise ValueError('SyncBuffersHook averages buffers of which each process has its own within an epoch; a '
                             'checkpoint holds those of the first. Resume from one of the end of an epoch')


def close_profilers(hooks: list[Hook]) -> None:
    """Stop what a ProfilerHook left running when a run was stopped or refused.

    It stops by itself after its steps or epoch only; a profiler that still runs as Python ends crashes the process.
    """
    for hook in hooks:
        if isinstance(hook, ProfilerHook) and hasattr(hook, 'profiler') and not hook._closed:
            hook._closed = True
            hook.profiler.__exit__(None, None, None)


def log_history(hub: MessageHub, length: int | None) -> dict[str, list[torch.Tensor]]:
    """The last values and counts of each scalar that is logged, float64; all of them without a length."""
    return {name: [torch.tensor(part[-(length or 0):], dtype=torch.float64) for part in buffer.data]
            for name, buffer in hub.log_scalars.items()}


def load_log_history(hub: MessageHub, history: dict[str, list[torch.Tensor]]) -> None:
    """Go on with the means over the last steps that logs hold."""
    hub.log_scalars.update({name: HistoryBuffer(values.tolist(), counts.tolist())
                            for name, (values, counts) in history.items()})


def _state(hook: Hook) -> dict[str, Any] | None:
    if hasattr(hook, 'state_dict') and hasattr(hook, 'load_state_dict'):
        return hook.state_dict()
    names = [name for kind, names in _REMEMBERED.items() if isinstance(hook, kind) for name in names]
    return {name: getattr(hook, name) for name in names} or None
