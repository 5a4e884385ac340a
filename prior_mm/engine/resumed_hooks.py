"""Hooks of a run that is resumed with another config: by name, whatever their order, and which of them may change."""
import re
from collections import Counter
from typing import Any

#: Hooks that take part in what a step does, or in which data it does it with: another one makes another run.
_OF_A_STEP = ('EMAHook', 'SyncBuffersHook', 'PrototypeTemperatureHook')
#: Hooks that look on, write, or end a run: they may be others from here on.
_LOOKING = ('CheckpointHook', 'EarlyStoppingHook', 'EmptyCacheHook', 'HeapTrimHook', 'IterTimerHook', 'LoggerHook',
            'NPUProfilerHook', 'PreemptionHook', 'ProfilerHook', 'ProgressBarHook', 'PrototypeUsageHook',
            'RuntimeInfoHook', 'SkippedStudiesHook', 'StageCheckpointHook', 'VisualizationHook')
#: Among MMEngine's default hooks those that take part, with what they are where a config does not name them.
_DEFAULTS = dict(sampler_seed=dict(type='DistSamplerSeedHook'), param_scheduler=dict(type='ParamSchedulerHook'))

#: Places of what may not change, once :func:`hooks_by_name` has named them.
FIXED = re.compile(rf'(custom_hooks\.({"|".join(_OF_A_STEP)})( \d+)?|default_hooks\.({"|".join(_DEFAULTS)}))(\..*)?')


def hooks_by_name(config: dict[str, Any]) -> dict[str, Any]:
    """A config, as plain data, whose hooks have names: one more among them is no change of all that stand behind it.

    Returns:
        The config with ``custom_hooks`` as ``{'EMAHook': {...}, 'LoggerHook': {...}, 'LoggerHook 2': {...}}``, and with
        those of ``default_hooks`` that MMEngine adds.
    """
    counts: Counter[str] = Counter()
    named: dict[str, Any] = {}
    for hook in config.get('custom_hooks') or ():
        options = dict(hook) if isinstance(hook, dict) else dict(type=hook)
        name = str(options.pop('type', None)).strip("<>'").split('.')[-1]
        counts[name] += 1
        # A hook without options is one, too.
        named[name if counts[name] == 1 else f'{name} {counts[name]}'] = dict(options, type=name)
    given = config.get('default_hooks') or {}
    default = {name: 'left out' if value is None else value for name, value in (_DEFAULTS | given).items()}
    return dict(config, custom_hooks=named, default_hooks=default)


def may_matter(place: str) -> bool:
    """Whether a place is within a custom hook of which nothing is known here: of a toolbox, or of somebody's own."""
    top, _, rest = place.partition('.')
    return top == 'custom_hooks' and rest.split('.')[0].split(' ')[0] not in (*_LOOKING, *_OF_A_STEP)
