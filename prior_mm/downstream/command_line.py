"""The options that tools/train.py and tools/test.py share, and the config that they make."""
import argparse
import logging
from pathlib import Path

from mmengine.config import Config
from mmengine.logging import print_log

from prior_mm.engine.config_names import Options
from prior_mm.engine.launch import load_config

from .settings import Downstream, apply_settings

_OPTIONS = ('pretrained', 'data_root', 'labels', 'frozen', 'protocol', 'repeat', 'backbone_rate', 'head_norm',
            'head_init')

#: What ``downstream`` writes into a config whatever stands there, and the option that decides it.
_DECIDED = {
    'model.backbone.frozen_stages': '--frozen or --finetune',
    'model.backbone.init_cfg': '--pretrained', 'model.pretrained': '--pretrained',
    'image_size': '--cfg-options downstream.size=...'}


def add_run_options(parser: argparse.ArgumentParser, work_dir: str = '', seed: str = '') -> None:
    """Add all that decides what a run is: the config, and what changes it.

    Args:
        parser: The parser of a tool.
        work_dir: Help for ``--work-dir``.
        seed: Help for ``--seed``.
    """
    parser.add_argument('config', help='config file')
    parser.add_argument('--work-dir', help=work_dir)
    parser.add_argument('--seed', type=int, help=seed)
    parser.add_argument('--cfg-options', nargs='+', action=Options, help='changes to the config, key=value')
    add_downstream_options(parser)


def read_run(args: argparse.Namespace, training: bool) -> tuple[Config, Downstream | None]:
    """The config with all options, and its ``downstream``; the same wherever it is asked for.

    Args:
        args: Of a parser with the options of :func:`add_run_options`.
        training: See :func:`.settings.apply_settings`.

    Raises:
        ValueError: If an option is one that ``downstream`` decides, or settings are impossible.
    """
    config = load_config(args.config, args.cfg_options, args.work_dir)
    if args.seed is not None:
        config.randomness = dict(config.get('randomness') or {}, seed=args.seed)
    settings = apply_options(config, args, training)
    if settings and (lost := _DECIDED.keys() & (args.cfg_options or {}).keys()):
        raise ValueError('; '.join(f'{name} is decided by {_DECIDED[name]}' for name in sorted(lost))
                         + ': leave it out of --cfg-options')
    if settings and settings.frozen and args.cfg_options:  # what was asked for goes before the config's `when_frozen`
        config.merge_from_dict({name: value for name, value in args.cfg_options.items()
                                if name.split('.')[0] in (config.get('when_frozen') or {})})
    return config, settings


def add_downstream_options(parser: argparse.ArgumentParser) -> None:
    """Add the options, each in place of the entry of ``downstream`` that it is named after."""
    group = parser.add_argument_group('supervised tasks (configs/downstream)')
    group.add_argument('--pretrained', metavar='FILE|none',
                       help="weights of the backbone: a file, a run's folder, or none for random weights")
    group.add_argument('--data-root', metavar='DIR', help='folder of the data set')
    group.add_argument('--labels', metavar='1|10|100|FILE', help='percent of the training labels, or a list of ids')
    group.add_argument('--protocol', metavar='NAME', help='such as prior/1, see docs/protocols.md')
    group.add_argument('--repeat', metavar='NAME', help="one of the protocol's folds or seeds, such as fold0")
    group.add_argument('--backbone-rate', type=float, metavar='SHARE',
                       help="the backbone's rate as a share of the head's, such as 0.1")
    group.add_argument('--head-norm', action='store_true', default=None, help='a layer normalisation before the head')
    group.add_argument('--head-init', choices=['truncated_normal'], help='how the head starts; its own way by default')
    how = group.add_mutually_exclusive_group()
    how.add_argument('--frozen', action='store_true', default=None, help='the backbone stays as it is')
    how.add_argument('--finetune', action='store_false', dest='frozen', help='the backbone is trained, too')


def apply_options(config: Config, args: argparse.Namespace, training: bool) -> Downstream | None:
    """Write the options into a config's ``downstream``, and that into all the rest.

    The work folder becomes that of the settings, unless ``--work-dir`` was given. What is odd about them is logged.

    Args:
        config: Changed in place. One without ``downstream`` is left as it is.
        args: Of a parser with the options, ``config`` and ``work_dir``.
        training: See :func:`.settings.apply_settings`.

    Returns:
        The settings; None if the config has none.

    Raises:
        ValueError: If options are given that the config has no use for, or settings are impossible.
    """
    given = {name: value for name in _OPTIONS if (value := getattr(args, name)) is not None}
    if not config.get('downstream'):
        if given:
            names = ', '.join(f'--{name.replace("_", "-")}' if name != 'frozen' else '--frozen/--finetune'
                              for name in given)
            raise ValueError(f'{names}: for the configs of supervised tasks; {args.config} has no `downstream`')
        return None
    if 'protocol' in given and 'repeat' not in given:
        given['repeat'] = None  # the config's is one of another protocol; this one's first
    config.downstream.update(given)
    settings = apply_settings(config, training)
    if warning := (config.downstream.weights or {}).get('warning'):
        print_log(f'{warning}. Without downstream.normalise the weights get what they were trained with, outside of '
                  'the protocol', 'current', logging.WARNING)
    if not args.work_dir:
        config.work_dir = str(Path(config.work_dir, settings.run_name(run_seed(config))))
    return settings


def options_of(args: argparse.Namespace) -> list[str]:
    """The options as they were given, ``--seed`` too."""
    words = []
    for name in (*_OPTIONS, 'seed'):
        value = getattr(args, name)
        if name == 'frozen' and value is not None:
            words.append('--frozen' if value else '--finetune')
        elif value is True:
            words.append(f'--{name.replace("_", "-")}')
        elif value is not None:
            words += [f'--{name.replace("_", "-")}', str(value)]
    return words


def command_of(args: argparse.Namespace) -> str:
    """Config and options as they were given, for the command that trains what is to be tested."""
    return ' '.join([args.config, *options_of(args)])


def run_seed(config: Config) -> int:
    """The seed of a run; it is part of its folder's name, so there must be one.

    Raises:
        ValueError: If the config leaves it to chance.
    """
    seed = (config.get('randomness') or {}).get('seed')
    if seed is None:
        raise ValueError('randomness.seed is missing: give one with --seed')
    return int(seed)
