"""What a figure rests on: settings, code and the content of files; and what differs between two runs of one name."""
import json
from collections.abc import Iterator
from functools import cache
from hashlib import sha256 as _sha256
from pathlib import Path
from typing import Any

from prior_mm.version import __version__

from .file_hash import sha256

SCHEMA = 'prior_mm.fingerprint/1'
#: Entries that say where and how a run goes on, not what comes of it; weights to load count by their content.
_NO_MATTER = frozenset((
    'work_dir', 'resume', 'load_from', 'launcher', 'model_wrapper_cfg', 'log_level', 'log_processor', 'visualizer',
    'vis_backends', 'experiment_name', 'env_cfg', 'num_workers', 'trained_by', 'persistent_workers', 'pin_memory',
    'prefetch_factor', 'runner_type', 'strategy', 'draws', 'logger', 'progress'))
#: Entries that name files whose content counts; annotation files and lists lie below ``data_root``.
_FILES = frozenset(('vocab_file', 'tokenizer', 'ann_file', 'ids'))
#: The same of a training only: what is tested has all its weights from the checkpoint.
_WEIGHTS = frozenset(('pretrained', 'checkpoint', 'load_from'))
_NAMED = 4


def fingerprint(config: dict[str, Any], training: bool) -> dict[str, Any]:
    """The fingerprint of a run, as plain data.

    Args:
        config: The config with all options, as nested plain data.
        training: Whether it is of a training, for which what is tested does not count; or of a test, for which what was
            trained on does not.

    Returns:
        ``config``: values by dotted name. ``files``: SHA-256 of the files and folders that it names, by dotted name.
        ``code``: ``version``, and ``sha256`` of the package's source. ``schema``.
    """
    left_out = 'test_' if training else 'train_', *([] if training else ['val_'])
    counted = {key: value for key, value in config.items() if not key.startswith(left_out)}
    leaves = dict(_leaves(counted))
    return dict(schema=SCHEMA, code=dict(version=__version__, sha256=code_hash()),
                config={name: value for name, value in leaves.items() if not _NO_MATTER.intersection(name.split('.'))},
                files=dict(_files(counted, _FILES | _WEIGHTS if training else _FILES)))


def differences(there: Any, here: dict[str, Any]) -> list[str]:
    """What differs between two fingerprints, a phrase each; nothing if they are the same.

    Args:
        there: Of what was found; anything else than a fingerprint is a difference, too.
        here: Of what is asked for.
    """
    if not isinstance(there, dict) or there.get('schema') != SCHEMA:
        return ['it has no fingerprint (an earlier version wrote it), so that nothing says of which settings, code and '
                'files it is']
    found = config_differences(there.get('config') or {}, here['config'])
    found += config_differences(there.get('files') or {}, here['files'], 'the content of {}')
    codes = [f'{side["version"]} ({side["sha256"][:8]})' for side in (there['code'], here['code'])]
    if there['code'] != here['code']:
        found.append(f'the code is {codes[0]} there, {codes[1]} here')
    return found


def config_differences(there: dict[str, Any], here: dict[str, Any], words: str = '{}') -> list[str]:
    """What differs in values by dotted name, a phrase each; first what both have."""
    names = sorted(there.keys() | here.keys(), key=lambda name: ((name in there) + (name in here) < 2, name))
    return [f'{words.format(name)} is {_short(there.get(name, ...))} there, {_short(here.get(name, ...))} here'
            for name in names if there.get(name, ...) != here.get(name, ...)]


def in_a_line(found: list[str]) -> str:
    """Differences in a line: some, and how many more."""
    more = f'; and {len(found) - _NAMED} more' if len(found) > _NAMED else ''
    return '; '.join(found[:_NAMED]) + more


@cache
def code_hash() -> str:
    """SHA-256 of the package's source, names and content."""
    root = Path(__file__).resolve().parents[1]
    return _hash_of({path.relative_to(root).as_posix(): sha256(path) for path in root.rglob('*.py')})


def content_hash(path: Path) -> str:
    """SHA-256 of a file, or of all files of a folder, by their names."""
    if path.is_file():
        return sha256(path)
    return _hash_of({file.relative_to(path).as_posix(): sha256(file) for file in path.rglob('*') if file.is_file()})


def _hash_of(content: dict[str, str]) -> str:
    return _sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _leaves(value: Any, name: str = '') -> Iterator[tuple[str, Any]]:
    """The values of nested data by dotted name; lists of plain values are values."""
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, (list, tuple)) and any(isinstance(item, (dict, list, tuple)) for item in value):
        items = enumerate(value)
    for key, item in items:
        yield from _leaves(item, f'{name}.{key}' if name else str(key))
    if not items:
        plain = list(map(_plain, value)) if isinstance(value, (list, tuple)) else _plain(value)
        yield name, plain


def _plain(value: Any) -> Any:
    return value if value is None or type(value) in (str, int, float, bool) else str(value)


def _files(value: Any, keys: frozenset[str], name: str = '', data_root: str = '') -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        data_root = str(value.get('data_root') or data_root)
        for key, item in value.items():
            place = f'{name}.{key}' if name else str(key)
            if key in keys and isinstance(item, str) and item:
                path = Path(data_root if key in ('ann_file', 'ids') else '', item).expanduser()
                if path.exists():
                    yield place, content_hash(path)
            else:
                yield from _files(item, keys, place, data_root)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _files(item, keys, f'{name}.{index}', data_root)


def _short(value: Any) -> str:
    if value is ...:
        return 'not given'
    text = value if isinstance(value, str) else json.dumps(value)
    return f'{text[:37]}...' if len(text) > 40 else text
