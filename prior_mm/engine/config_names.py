"""Names in a config that nobody reads, and options that are none: each an error of a line, with the nearest name."""
import argparse
import difflib
import inspect
import re
from collections.abc import Iterable
from typing import Any

from mmengine.config import Config, DictAction
from mmengine.runner import LogProcessor
from torch.nn.utils import clip_grad_norm_
from torch.utils.data import DataLoader

#: What the runner, the tools and MMEngine's Config read at the top of a config; the rest are names for its own use.
KNOWN = tuple('''
    activation_checkpointing auto_scale_lr channels_last compile custom_hooks custom_imports data_preprocessor
    default_hooks default_scope downstream draws efficient_conv_bn_eval env_cfg experiment_name
    find_unused_parameters image_size launcher load_fitting load_from log_level log_processor model
    model_wrapper_cfg optim_wrapper param_scheduler randomness resume resume_schedule runner_type strategy
    sync_bn test_cfg test_dataloader test_evaluator train_cfg train_dataloader trained_by val_cfg val_dataloader
    val_evaluator visualizer when_frozen work_dir'''.split())
#: Of parts that MMEngine reads without complaint: what it knows there, and whether there may be other names.
PARTS = {
    'env_cfg': ('cudnn_benchmark mp_cfg dist_cfg resource_limit', False),
    'randomness': ('seed diff_rank_seed deterministic', False),
    'default_hooks': ('runtime_info timer sampler_seed logger param_scheduler checkpoint preemption visualization',
                      True),
    'optim_wrapper.paramwise_cfg': ('custom_keys bias_lr_mult bias_decay_mult norm_decay_mult flat_decay_mult '
                                    'dwconv_decay_mult dcn_offset_lr_mult bypass_duplicate layer_decay_rate', True)}
#: Parts of a config whose names are arguments of no class that a registry builds.
_CALLED = {'DataLoader': ('a data loader', DataLoader.__init__),
           'LogProcessor': ('log_processor', LogProcessor.__init__),
           'clip_grad_norm_': ('optim_wrapper.clip_grad', clip_grad_norm_)}
_LIKE = 0.85  # a name so near to a known one is a slip of the finger; train_pipeline is none
_TYPE = re.compile(r'(\S+) is not in the \S*::(.+?) registry')
_ARGUMENT = re.compile(r"(?:(\w+)(?:\.__init__)?\(\) got an )?unexpected keyword argument '(\w+)'")


class Options(DictAction):
    """``key=value`` words of a command line; one that cannot be read ends the tool with a line."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any,
                 option_string: str | None = None) -> None:
        for word in values:
            key, equals, value = word.partition('=')
            if not equals or not re.fullmatch(r'[\w.\-/@]+', key):
                parser.error(f'{option_string}: {word!r} is not of the form key=value, without blanks around =; quote '
                             "what has blanks or brackets: 'key=[1, 2]'")
            if value[:1] in ('[', '(', '{') and not _closes(value):
                parser.error(f'{option_string}: the brackets of {word!r} do not match')
        try:
            super().__call__(parser, namespace, values, option_string)
        except (AssertionError, ValueError, SyntaxError) as error:
            parser.error(f'{option_string}: {" ".join(values)!r} cannot be read: {error}')


def merge_options(config: Config, options: dict[str, Any]) -> None:
    """Change a config as options say.

    Raises:
        ValueError: If an option is of a part that neither the config nor the runner has, or does not fit into it.
    """
    for key, value in options.items():
        top = key.split('.')[0]
        if top not in config and top not in KNOWN:
            raise ValueError(f'--cfg-options {key}: the config has no {top!r}{_nearest(top, [*config.keys(), *KNOWN])}')
        try:
            config.merge_from_dict({key: value})
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            raise ValueError(f'--cfg-options {key}={value!r} does not fit into the config: {_text(error)}') from error


def check_names(config: Config) -> None:
    """Raise ValueError where a name at the top of a config, or in :data:`PARTS`, is a slip for one that is read.

    So is a seed that is no number, of which NumPy complains in words of its own.
    """
    where = config.filename or 'the config'
    for part, (names, others) in PARTS.items():
        known, given = names.split(), config.get(part.split('.')[0]) or {}
        for key in part.split('.')[1:]:
            given = given.get(key) or {}
        for name in given:
            if name not in known and (not others or difflib.get_close_matches(name, known, 1, _LIKE)):
                raise ValueError(f'{where}: nothing reads {part}.{name}{_nearest(name, known)}')
    seed = (config.get('randomness') or {}).get('seed')
    if not isinstance(seed, int | None):
        raise ValueError(f'{where}: randomness.seed must be a whole number, it is {seed!r}')
    for name in config.to_dict():
        near = difflib.get_close_matches(name, KNOWN, 1, _LIKE)
        if near and name not in KNOWN and near[0] != name:
            raise ValueError(f'{where}: nothing reads {name!r}; {near[0]!r} is meant?')


def explain_argument(error: TypeError) -> str | None:
    """A line on an argument that a class of a config does not know; None for another error."""
    found, kind, frame = _ARGUMENT.search(str(error)), None, error.__traceback__
    while frame is not None:  # the registry's innermost call knows the class that the config names
        if frame.tb_frame.f_code.co_name == 'build_from_cfg':
            kind = frame.tb_frame.f_locals.get('obj_cls', kind)
        frame = frame.tb_next
    if found and found[1] in _CALLED:
        place, called = _CALLED[found[1]]
        return f'{place} has no argument {found[2]!r}{_nearest(found[2], _parameters(called))}'
    if found is None or not isinstance(kind, type):
        return None
    known = {name for base in kind.__mro__ if '__init__' in vars(base) for name in _parameters(vars(base)['__init__'])}
    return f'type={kind.__name__!r} in the config has no argument {found[2]!r}{_nearest(found[2], known)}'


def explain_type(error: KeyError) -> str | None:
    """A line on a component that there is none of, or on what one does not know; None for another error."""
    frame, registry, text = error.__traceback__, None, _text(error)
    while frame is not None:
        if frame.tb_frame.f_code.co_name == 'build_from_cfg':
            registry = frame.tb_frame.f_locals.get('registry', registry)
        frame = frame.tb_next
    if registry is None:
        return None
    if found := _TYPE.match(text):
        names = [name for one in (registry, registry.parent) if one is not None for name in one.module_dict]
        return f'type={found[1]!r} in the config: there is no such {found[2]}{_nearest(found[1], names)}'
    return text if ' ' in text else None  # 'invalid depth 19 for resnet', but not the name of a missing key


def _parameters(function: Any) -> set[str]:
    """Names that a function or method takes."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # of C
        return set()
    return {one.name for one in parameters if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)} - {'self'}


def _nearest(name: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, sorted(set(names)), 1, 0.6)
    return f'; the nearest is {near[0]!r}' if near else ''


def _closes(value: str) -> bool:
    """Whether brackets match, outside of quotes."""
    closing, open_ones = {'[': ']', '(': ')', '{': '}'}, []
    for letter in re.sub(r"'[^']*'|\"[^\"]*\"", '', value):
        if letter in closing:
            open_ones.append(closing[letter])
        elif letter in closing.values() and (not open_ones or open_ones.pop() != letter):
            return False
    return not open_ones


def _text(error: Exception) -> str:
    return str(error.args[0] if error.args else error)
