"""What of a config may change when a run is resumed, and what may not; compared as plain data, never executed."""
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from .plain import plain
from .resumed_hooks import FIXED as _FIXED_HOOKS
from .resumed_hooks import hooks_by_name, may_matter

#: What a resumed run would not be the same run with, or would pass over, for the checkpoint holds it.
_FIXED = ('model', 'optim_wrapper', 'train_dataloader', 'train_cfg', 'downstream.pretrained_sha256', 'auto_scale_lr')
#: Within it, what changes neither a step nor its place: how it is computed, where files lie, what is looked at.
_FREE = re.compile(
    r'(.*\.)?(with_cp|pretrained|init_cfg|local_files_only|local_weight|prompts|data_root|ann_file|data_prefix|ids|'
    r'tokenizer|vocab_file|on_error|num_workers|persistent_workers|prefetch_factor|pin_memory|multiprocessing_context|'
    r'find_unused_parameters|non_blocking|test_cfg)(\..*)?'
    r'|optim_wrapper\.(type|dtype|max_skipped)|train_cfg\.(val_interval|val_begin|dynamic_intervals)(\..*)?')
#: What says how long a run is, and how its rate goes.
_SCHEDULE = re.compile(r'train_cfg\.(max_iters|stages\.\d+\..*|stages\.\d+)|param_scheduler(\..*)?')
#: What the runner reads and takes from the present config; the rest of a config are names for its own use.
_READ = ('param_scheduler', 'randomness', 'custom_hooks', 'default_hooks', 'val_dataloader', 'val_evaluator', 'val_cfg',
         'env_cfg', 'sync_bn', 'channels_last', 'runner_type', 'strategy', 'model_wrapper_cfg', 'log_processor',
         'visualizer', *_FIXED)
#: What the figures of a validation come from, and which of them is the best: a best score is of the same alone.
_JUDGED = re.compile(
    r'(val_evaluator|val_dataloader\.dataset|default_hooks\.checkpoint\.(save_best|rule)|'
    r'custom_hooks\.EarlyStoppingHook( \d+)?\.(monitor|rule))(\..*)?')
#: Files whose content makes a run another one, or its validation, wherever they lie.
_DATA = re.compile(r'(train|val)_dataloader\..*(ann_file|ids)')
_NOTHING = 'nothing'
_UNKNOWN = ' (whether this hook takes part in a step is not known here: if it does, this is another run)'
#: What may become of the learning rate when the length of a run changes.
HOW = ('stretch', 'keep')
ASK = ('say what the learning rate shall do: --resume-schedule stretch (from here on as in a run that was always so '
       'long) or --resume-schedule keep (as it was, and from its old end on its last value)')


class Resumed(NamedTuple):
    """What a resumed run does otherwise.

    Attributes:
        schedule: What becomes of the learning rate where the run's length or its schedule changed: ``'stretch'``, as if
            it had always been so, or ``'keep'``, as it was to its old end and its last value from there on; None if
            nothing of that changed.
        judged: Whether validations count otherwise, so that no best score of before is one now.
    """
    schedule: str | None = None
    judged: bool = False


def changes(before: dict[str, Any], now: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What differs between two nested plain data: ``{'train_cfg.max_iters': (500, 1000)}``."""
    old, new = dict(_flat(before)), dict(_flat(now))
    found = {name: (old.get(name, _NOTHING), new.get(name, _NOTHING)) for name in sorted(old.keys() | new.keys())}
    return {name: pair for name, pair in found.items() if pair[0] != pair[1]}


def sorted_out(found: dict[str, tuple[Any, Any]]) -> tuple[list[str], list[str], list[str]]:
    """Lines on the changes of a config: what may not change, what is of the schedule, what holds from here on."""
    fixed: list[str] = []
    schedule: list[str] = []
    free: list[str] = []
    for name, pair in found.items():
        if not _within(name, _READ):
            continue
        if _SCHEDULE.fullmatch(name):
            kind = schedule
        else:
            is_fixed = _within(name, _FIXED) and not _FREE.fullmatch(name) or _FIXED_HOOKS.fullmatch(name)
            kind = fixed if is_fixed else free
        kind.append(_line(name, pair) + (_UNKNOWN if may_matter(name) else ''))
    return fixed, schedule, free


def data_changes(before: dict[str, Any], now: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Which annotation files and lists have another content, by two fingerprints (:mod:`prior_mm.files.fingerprint`).

    Files that only one of them knows are passed over: their names are compared with the config.
    """
    old, new = (side.get('files') or {} for side in (before, now))
    return {f'the content of {name}': (str(old[name])[:8], str(new[name])[:8])
            for name in sorted(old.keys() & new.keys()) if _DATA.fullmatch(name) and old[name] != new[name]}


def check_config(runner: Any, meta: dict[str, Any]) -> Resumed:
    """Compare a runner's config and data with those that a checkpoint was written with, and log what differs.

    Args:
        runner: Of which nothing is resumed yet.
        meta: Of the checkpoint.

    Raises:
        ValueError: If something changed that may not, or that ``resume_schedule`` has to say more of.
    """
    config, data = meta.get('config'), meta.get('dataset_meta')
    if not isinstance(config, dict):
        runner.logger.warning('the checkpoint does not hold the config of its run: nothing was compared with it')
        return Resumed()
    now = plain(runner.cfg.to_dict())
    found = changes(hooks_by_name(config), hooks_by_name(now))
    fixed, schedule, free = sorted_out(found)
    contents = data_changes(meta.get('fingerprint') or {}, runner.fingerprint or {})
    for name, pair in contents.items():
        (fixed if 'train_' in name else free).append(_line(name, pair))
    if data:
        metainfo = plain(getattr(runner.train_dataloader.dataset, 'metainfo', {}))
        fixed += [_line(f'of the training data {name}', pair) for name, pair in changes(data, metainfo).items()]
    if fixed:
        raise ValueError('; '.join(fixed) + '. That makes another run: start it from these weights with --cfg-options '
                         'load_from=FILE, or leave that as it was')
    for line in free:
        runner.logger.warning(f'the config changed, from here on: {line}')
    judged = [name for name in found if _JUDGED.fullmatch(name) and not _FREE.fullmatch(name)]
    judged += [name for name in contents if 'val_' in name]
    if judged:
        runner.logger.warning(f'best scores of before are none now, and the search for one begins anew: {judged[0]} '
                              'changed')
    how = now.get('resume_schedule')
    if how not in (None, *HOW):
        raise ValueError(f'resume_schedule must be one of {HOW}, got {how!r}')
    for line in schedule:
        runner.logger.warning(f'the schedule changed: {line}')
    return Resumed(runner.train_loop.resume_schedule(config.get('train_cfg') or {}, meta, how, bool(schedule)),
                   bool(judged))


def _flat(value: Any, place: str = '') -> Iterator[tuple[str, Any]]:
    """All numbers and texts, and empty containers, with their places."""
    if isinstance(value, (dict, list, tuple)) and value:
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _flat(item, f'{place}.{key}' if place else str(key))
    elif place:
        # `None` and what is left out are the same to a registry.
        yield place, _NOTHING if value is None or value in ({}, [], ()) else value


def _within(name: str, parts: tuple[str, ...]) -> bool:
    return any(name == part or name.startswith(f'{part}.') for part in parts)


def _line(name: str, pair: tuple[Any, Any]) -> str:
    return f'{name} was {_short(pair[0])}, now it is {_short(pair[1])}'


def _short(value: Any) -> str:
    text = value if value is _NOTHING else repr(value)
    return text if len(text) <= 80 else f'{text[:77]}...'
