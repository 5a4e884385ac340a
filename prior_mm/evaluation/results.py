"""The results of an evaluation: a table on the screen, and a JSON file that says where they come from."""
import json
import math
import os
from pathlib import Path
from typing import Any

from mmengine.runner import Runner
from rich.console import Console
from rich.table import Table

SCHEMA = 'prior_mm.results/1'
_CHANCE = '_chance'
#: Figures that are no shares, and so not shown in per cent.
_PLAIN = ('studies', 'median_rank', 'kappa')
_NAMES = {'f1': 'F1', 'auroc': 'AUROC', 'kappa': "Cohen's kappa"}


def provenance(runner: Runner) -> dict[str, Any]:
    """What the results of a runner's test rest on, as plain data.

    Returns:
        ``config`` (file name), ``checkpoint`` (path, or None for random weights), ``seed``, and ``data``: data set,
        split, ``synthetic`` flag and summary of the annotation file, as far as it says.
    """
    dataset = runner.test_dataloader.dataset
    metainfo = dict(getattr(dataset, 'metainfo', None) or {})
    data = {key: metainfo[key] for key in ('dataset', 'split', 'synthetic', 'min_sentences', 'sentence_splitter',
                                           'summary') if key in metainfo}
    return dict(config=runner.cfg.filename, checkpoint=getattr(runner, '_load_from', None), seed=runner.seed,
                data=dict(data, studies=len(dataset)))


def write_results(path: str | Path, metrics: dict[str, Any], source: dict[str, Any]) -> None:
    """Write results as JSON; a file of that name is replaced whole or not at all.

    Args:
        path: The file; its folder is made.
        metrics: What the evaluator gives, with names such as ``zero_shot/accuracy``.
        source: What :func:`provenance` gives.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    record = dict(schema=SCHEMA, synthetic=source.get('data', {}).get('synthetic'), **source, metrics=metrics)
    temporary = path.with_name(path.name + '.part')
    temporary.write_text(json.dumps(_plain(record), indent=1, allow_nan=False) + '\n', encoding='utf-8')
    os.replace(temporary, path)


def print_results(metrics: dict[str, Any], source: dict[str, Any], console: Console | None = None) -> None:
    """Print results as tables: each figure beside its chance level, and the confusion matrix.

    Args:
        metrics: What the evaluator gives.
        source: What :func:`provenance` gives.
        console: Where to; the screen by default.
    """
    console = console or Console()
    for group in dict.fromkeys(name.split('/')[0] for name in metrics):
        values = {name.removeprefix(f'{group}/'): value for name, value in metrics.items()
                  if name.startswith(f'{group}/')}
        if values:
            console.print(_summary(group, values))
        if isinstance(per_class := values.get('per_class'), dict):
            console.print(_per_class(per_class))
        if isinstance(matrix := values.get('confusion_matrix'), dict):
            console.print(_confusion(matrix))
    console.print(_caption(source))


def _summary(group: str, values: dict[str, Any]) -> Table:
    table = Table(title=f'{group.replace("_", "-")} (protocol: {values.get("protocol", "unnamed")})',
                  title_justify='left')
    table.add_column('')
    for column in ('seen', 'chance', 'seen / chance'):
        table.add_column(column, justify='right')
    for name, value in values.items():
        if name.endswith(_CHANCE) or isinstance(value, (str, dict, list)):
            continue
        chance = values.get(name + _CHANCE)
        more_is_better = not name.endswith('rank')
        ratio = f'{value / chance:.2f}' if value is not None and chance and more_is_better else ''
        table.add_row(_NAMES.get(name) or name.replace('_', ' ').replace('/', ': '), _shown(name, value),
                      '' if chance is None else _shown(name, chance), ratio)
    return table


def _per_class(per_class: dict[str, dict[str, Any]]) -> Table:
    table = Table(title='by class', title_justify='left')
    names = list(next(iter(per_class.values())))
    table.add_column('')
    for name in names:
        table.add_column(_NAMES.get(name, name), justify='right')
    for label, values in per_class.items():
        table.add_row(label, *(_shown(name, values[name]) for name in names))
    return table


def _confusion(matrix: dict[str, dict[str, int]]) -> Table:
    table = Table(title='studies of a class (rows) by what they were taken for (columns)', title_justify='left')
    table.add_column('')
    for label in matrix:
        table.add_column(label, justify='right')
    for label, row in matrix.items():
        table.add_row(label, *(str(count) for count in row.values()))
    return table


def _caption(source: dict[str, Any]) -> str:
    data = source.get('data', {})
    kind = {True: 'SYNTHETIC images: these figures say nothing about real radiographs',
            False: 'real images'}.get(data.get('synthetic'), 'the annotation file does not say whether synthetic')
    return (f'{data.get("dataset", "data set")} {data.get("split", "")} ({kind}); '
            f'{source.get("checkpoint") or "random weights"}; seed {source.get("seed")}')


def _shown(name: str, value: float | None) -> str:
    if value is None or math.isnan(value):
        return '-'
    if isinstance(value, int):
        return str(value)
    return f'{value:.2f}' if any(name.split('/')[-1].startswith(plain) for plain in _PLAIN) else f'{100 * value:.1f} %'


def _plain(value: Any) -> Any:
    """Plain types only; what is not a number is None."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if hasattr(value, 'tolist'):  # NumPy's and PyTorch's scalars and arrays
        return _plain(value.tolist())
    return str(value)
