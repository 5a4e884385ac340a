"""What makes word pieces of reports and prompts: one thing in a run, and the same in its checkpoint."""
import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mmengine.logging import print_log

from prior_mm.tokenizer import describe_tokenizer, load_tokenizer

#: In ``config.json`` of an exported text encoder: the description of the tokenizer that it was trained with.
PIN = 'prior_mm_tokenizer'
_SPOKEN = dict(sha256='the SHA-256 of the vocabulary')
_MENDS = dict(lowercase='set lowercase={} in TokenizeReport, and model.lowercase={} where prompts are',
              max_length='set max_length={} in TokenizeReport')


def text_side(config: Mapping[str, Any], *loaders: str) -> dict[str, Any] | None:
    """What makes word pieces in the data loaders and the model of a config.

    Args:
        config: The config.
        *loaders: The data loaders that count, such as ``'train_dataloader'``.

    Returns:
        What :func:`prior_mm.tokenizer.describe_tokenizer` says, with ``source`` and, where there are reports,
        ``max_length``; None if there is no text.

    Raises:
        ValueError: If two of them differ, or the text encoder brings another vocabulary; the message says which.
        FileNotFoundError: If a tokenizer is not on this machine.
    """
    found: dict[str, Any] = {}
    first = ''
    for place, step in _tokenizers(config, loaders):
        loaded = load_tokenizer(step['tokenizer'], lowercase=step.get('lowercase'))
        described = dict(describe_tokenizer(loaded), source=step['tokenizer'])
        if step is not config.get('model'):
            described['max_length'] = step.get('max_length', 256)
        if differing := _differing(found, described):
            raise ValueError(f'{place} and {first} contradict each other: '
                             f'{_in_words(differing, f"in {first}", f"in {place}")}. Reports and prompts need one '
                             'tokenizer of one setting')
        first, found = first or place, {**described, **found}
    if found:
        _check_encoder((config.get('model') or {}).get('text_encoder') or {}, found, first)
    return found or None


def check_text_side(ours: Mapping[str, Any] | None, meta: Mapping[str, Any], source: str) -> None:
    """Refuse a checkpoint that was trained with another tokenizer, or another setting of it.

    Args:
        ours: What :func:`text_side` gives; None has nothing to compare.
        meta: Of the checkpoint, or what else an export says of itself.
        source: Its file, for the message.

    Raises:
        ValueError: If they differ; both and the mend are named.
    """
    theirs = meta.get('tokenizer')
    if ours is None:
        return
    if not isinstance(theirs, Mapping):
        print_log(f'{source} does not say with which tokenizer it was trained (an earlier version or another project '
                  'wrote it): that this run has the same cannot be checked', 'current', logging.WARNING)
        return
    if differing := _differing(theirs, ours):
        mends = [_MENDS[key].format(value, value) for key, (value, _) in differing.items() if key in _MENDS]
        if differing.keys() - _MENDS.keys():
            of_training = f'the vocabulary of the training{f", {name}" if (name := theirs.get("source")) else ""}'
            mends.insert(0, f'take {of_training}, as tokenizer and vocab_file')
        raise ValueError(f'{source} was trained with another tokenizer than this run has: '
                         f'{_in_words(differing, "there", "here")}. To mend it, {"; ".join(mends)}')


def adopt_text_side(config: Any, meta: Mapping[str, Any], loader: str = 'test_dataloader') -> None:
    """Take from a checkpoint what the config leaves open of its tokenizer: ``lowercase`` and ``max_length``.

    Args:
        config: Changed in place.
        meta: Of the checkpoint.
        loader: The data loader that counts.
    """
    theirs = meta.get('tokenizer')
    if not isinstance(theirs, Mapping):
        return
    for _, step in _tokenizers(config, (loader, )):
        keys = ('lowercase', ) if step is config.get('model') else ('lowercase', 'max_length')
        for key in keys:
            if step.get(key) is None and type(theirs.get(key)) in (bool, int):
                step[key] = theirs[key]


def _tokenizers(config: Mapping[str, Any], loaders: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """The parts of a config that make word pieces, each with its place."""
    for name in loaders:
        yield from _steps(config.get(name) or {}, name)
    model = config.get('model') or {}
    if model.get('tokenizer'):
        yield 'model', model


def _steps(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        if str(value.get('type')).split('.')[-1] == 'TokenizeReport':
            yield place, value
        items: Any = value.items()
    else:
        items = enumerate(value) if isinstance(value, (list, tuple)) else ()
    for key, item in items:
        yield from _steps(item, f'{place}.{key}')


def _check_encoder(encoder: Mapping[str, Any], ours: dict[str, Any], place: str) -> None:
    """Compare with the vocabulary that the text encoder names, or that lies beside its weights, or is pinned there."""
    for key in ('vocab_file', 'pretrained'):
        name = encoder.get(key)
        if not name or not Path(str(name)).expanduser().exists():
            continue
        if pin := _pin(Path(str(name)).expanduser()):
            check_text_side(ours, dict(tokenizer=pin), f'model.text_encoder.{key} ({name})')
        try:
            theirs = describe_tokenizer(load_tokenizer(str(name)))
        except (OSError, ValueError):
            continue  # weights without a vocabulary beside them
        if theirs['sha256'] != ours['sha256']:
            words = _in_words(dict(sha256=(theirs['sha256'], ours['sha256'])), f'in model.text_encoder.{key} ({name})',
                              f'in {place} ({ours["source"]})')
            raise ValueError(f'the text encoder and the tokenizer contradict each other: {words}. Name one file')


def _pin(folder: Path) -> dict[str, Any] | None:
    """What an exported text encoder says of its tokenizer."""
    try:
        pin = json.loads((folder / 'config.json').read_text(encoding='utf-8')).get(PIN)
    except (OSError, ValueError, AttributeError):
        return None  # no such folder; what is wrong with it, the text encoder says
    return pin if isinstance(pin, dict) else None


def _differing(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    found = {key: (first[key], second[key]) for key in first.keys() & second.keys()
             if key != 'source' and first[key] != second[key]}
    for cause, effect in (('sha256', 'pieces'), ('sha256', 'special'), ('lowercase', 'strip_accents')):
        if cause in found:
            found.pop(effect, None)
    return found


def _in_words(differing: dict[str, tuple[Any, Any]], first: str, second: str) -> str:
    return '; '.join(f'{_SPOKEN.get(key, key)} is {str(one)[:12]} {first}, {str(other)[:12]} {second}'
                     for key, (one, other) in sorted(differing.items()))
