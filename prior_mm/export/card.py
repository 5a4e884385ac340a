"""The model card: what the file is, what goes in, where it comes from, how it is loaded."""
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.logging import print_log

from .source import Source

_CODE_LICENCE = 'Apache-2.0'
_NO_LICENCE = ('none was named. Whoever hands them on has to name one that the licence of the training data allows')


def read_results(path: str | Path, source: Source) -> dict[str, Any]:
    """Read a results file of ``tools/test.py`` for the card.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no results file, or of another checkpoint.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'there is no results file {path}')
    try:
        results = json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'{path} is not JSON ({error})') from None
    if not isinstance(results, dict) or not str(results.get('schema')).startswith('prior_mm.results/') \
            or not isinstance(results.get('metrics'), dict):
        raise ValueError(f'{path} is no results file of tools/test.py: wanted are schema prior_mm.results/... and '
                         'metrics')
    tested = results.get('checkpoint')
    if Path(str(tested)).name != source.name or results.get('checkpoint_sha256') not in (
            None, source.sha256):
        raise ValueError(f'{path} holds the figures of {tested}, not of {source.name}')
    if results.get('checkpoint_sha256') is None:
        print_log(f'{path} does not say which content {source.name} had when it was tested: that the figures are of '
                  'these weights cannot be checked', 'current', logging.WARNING)
    return results


def model_card(source: Source, what: str, files: dict[str, str], preprocessing: list[tuple[str, str]], code: str,
               results: dict[str, Any] | None = None, licence: str | None = None) -> str:
    """The card, as Markdown with the head that Hugging Face reads.

    Args:
        source: The checkpoint.
        what: What the folder holds, in one or two sentences.
        files: What each file is.
        preprocessing: What goes in, as rows of a table.
        code: Python lines that load it.
        results: What :func:`read_results` gives.
        licence: Of the weights; None says that none was named.
    """
    synthetic = source.data.get('synthetic')
    tags = ['radiology', 'chest-radiograph', 'prior', *(['synthetic-data'] if synthetic else [])]
    lines = ['---', 'library_name: prior_mm', 'license: other', f'tags: [{", ".join(tags)}]', '---', '',
             f'# {what.split(",")[0]}', '', what, '',
             'It is research software and no medical device.', '']
    if synthetic:
        lines += ['**It was trained on SYNTHETIC radiographs: it knows nothing of real ones.**', '']
    lines += ['## Files', '', *_table(('file', 'what'), [(f'`{name}`', text) for name, text in files.items()]),
              '## What goes in', '', *_table(('', ''), preprocessing),
              '## How it is loaded', '', '```python', code, '```', '',
              '## Where it comes from', '', *_table(('', ''), _origin(source)),
              '## What it scored', '', *_scores(results),
              '## Licence', '',
              f'Weights: {licence or _NO_LICENCE}. The code that made them, `prior_mm`, is under {_CODE_LICENCE}.', '',
              'Method: PRIOR, *Prototype Representation Joint Learning from Medical Images and Reports*, ICCV 2023, '
              'arXiv 2307.12577.', '']
    return '\n'.join(lines)


def image_rows(source: Source, channels: int) -> list[tuple[str, str]]:
    """What an image encoder of so many channels takes, as rows of a table."""
    given = source.preprocessing
    size = f'{given["size"][0]} x {given["size"][1]} px' if given.get('size') else 'not recorded'
    copies = '' if channels == 1 else ', the same gray image in each, every channel with this mean and deviation'
    return [('image', 'one frontal chest radiograph, black background, bright bones'),
            ('size (height x width)', f'{size}, bilinear, without keeping the aspect'),
            ('channels', f'{channels}{copies}'),
            ('pixel range before normalisation', ' to '.join(f'{value:g}' for value in given['pixel_range'])),
            ('mean', f'{given["mean"]:g}'), ('standard deviation', f'{given["std"]:g}')]


def text_rows(max_length: Any, lowercase: bool) -> list[tuple[str, str]]:
    """What the text encoder takes, as rows of a table."""
    return [('report', 'the sentences of IMPRESSION, then of FINDINGS, as `[CLS] s1 s2 ... [SEP]`'),
            ('length', f'at most {max_length} word pieces; whole sentences that fit'),
            ('letters', 'made small by the tokenizer' if lowercase else 'as written'),
            ('what counts', 'the last hidden state; the mean of its word pieces stands for a sentence. There is no '
                            'trained pooler')]


def _origin(source: Source) -> list[tuple[str, str]]:
    data = source.data
    summary = data.get('summary') or {}
    stated = {True: 'yes: drawn images', False: 'no', None: 'not recorded'}[data.get('synthetic')]
    rows = [('checkpoint', f'`{source.name}`'), ('SHA-256', f'`{source.sha256}`'),
            ('epoch, step, seed', ', '.join(str(source.meta.get(key, '?')) for key in ('epoch', 'iter', 'seed'))),
            ('training data', ' '.join(str(data[key]) for key in ('dataset', 'split') if key in data)
             or 'not recorded'),
            ('synthetic', stated)]
    rows += [(f'training data: {key}', json.dumps(value)) for key, value in summary.items()]
    if 'converted_from' in source.meta:
        rows.append(('converted from', f'`{source.meta["converted_from"]}`'))
    if 'prior_mm_version' in source.meta:
        rows.append(('written by', f'prior_mm {source.meta["prior_mm_version"]}'))
    return rows


def _scores(results: dict[str, Any] | None) -> list[str]:
    if results is None:
        return ['Nothing was given.', '']
    metrics = results['metrics']
    rows = [(name, _number(value), _number(metrics.get(f'{name}_chance'))) for name, value in metrics.items()
            if isinstance(value, (int, float)) and not name.endswith('_chance')]
    data = results.get('data') or {}
    kind = ' **Synthetic images: the figures say nothing about real radiographs.**' if results.get('synthetic') else ''
    protocols = sorted({str(value) for name, value in metrics.items() if name.endswith('/protocol')})
    return [f'Of the whole model, on {data.get("dataset", "data that is not named")} {data.get("split", "")}, '
            f'protocol {", ".join(protocols) or "not named"}.{kind}', '',
            *_table(('figure', 'seen', 'chance'), rows)]


def _number(value: Any) -> str:
    return '' if value is None else str(value) if isinstance(value, int) else f'{value:.4f}'


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    cells = [head, tuple('---' for _ in head), *rows]
    return [f'| {" | ".join(cell.replace("|", "/").replace(chr(10), " ") for cell in row)} |' for row in cells] + ['']
