"""The results of an evaluation: a table on the screen, and a JSON file that says where they come from."""
import json
import math
from pathlib import Path
from typing import Any

from mmengine.runner import Runner
from rich.console import Console
from rich.table import Table

from prior_mm.checkpoints.model_weights import in_words
from prior_mm.files.file_hash import sha256
from prior_mm.files.whole_files import write_whole
from prior_mm.protocols import overlap_in_words

SCHEMA = 'prior_mm.results/1'
_CHANCE = '_chance'
_BOUNDS = ('_low', '_high')
#: Figures that are no shares, and so not shown in per cent.
_PLAIN = ('studies', 'images', 'labels', 'median_rank', 'kappa', 'cnr', 'phrases', 'threshold', 'sentences')
_NAMES = {'f1': 'F1', 'auroc': 'AUROC', 'kappa': "Cohen's kappa", 'average_precision': 'average precision',
          'cnr': 'contrast-to-noise ratio', 'miou': 'mIoU', 'iou': 'IoU', 'pointing': 'pointing game',
          'bleu4': 'BLEU-4', 'rouge_l': 'ROUGE-L', 'f1_micro': 'F1, micro', 'f1_macro': 'F1, macro'}


def provenance(runner: Runner) -> dict[str, Any]:
    """What the results of a runner's test rest on, as plain data.

    Returns:
        ``config`` (file name), ``checkpoint`` (path, or None for random weights) and ``checkpoint_sha256``, ``seed``
        (of the training, where the checkpoint says it), ``data`` (data set, split, ``synthetic`` flag and summary of
        the annotation file, as far as it says), and ``annotations_sha256``: of the annotation files and lists of ids,
        by their paths from the data root, as they are now. Of a supervised task also what :func:`_training` gives;
        of a checkpoint that lacks parts of the model, what is ``missing``, by part.
    """
    dataset = runner.test_dataloader.dataset
    metainfo = dict(getattr(dataset, 'metainfo', None) or {})
    data = {key: metainfo[key] for key in ('dataset', 'split', 'protocol', 'repeat', 'synthetic', 'overlap',
                                           'min_sentences', 'sentence_splitter', 'summary') if key in metainfo}
    meta, checkpoint = getattr(runner, 'loaded_meta', {}), getattr(runner, '_load_from', None)
    return dict(
        config=runner.cfg.filename, checkpoint=checkpoint,
        checkpoint_sha256=sha256(checkpoint) if checkpoint and Path(checkpoint).is_file() else None,
        seed=meta.get('seed', runner.seed), data=dict(data, studies=len(dataset)),
        annotations_sha256=_annotation_hashes(runner.cfg), **_training(runner.cfg, meta),
        **(dict(missing=missing) if (missing := getattr(runner, 'loaded_missing', None)) else {}))


def _annotation_hashes(config: Any) -> dict[str, str]:
    """Of a supervised task's files for training and test, else of those for the test."""
    loaders = ('train_dataloader', 'val_dataloader', 'test_dataloader')
    hashes = {}
    for name in loaders if config.get('downstream') else loaders[-1:]:
        dataset = (config.get(name) or {}).get('dataset') or {}
        for key in ('ann_file', 'ids', 'validation_file'):
            file = dataset.get(key)
            if file and (path := Path(dataset.get('data_root') or '', file)).is_file():
                hashes[file] = sha256(path)
    return hashes


def _training(config: Any, meta: dict[str, Any]) -> dict[str, Any]:
    """How a supervised model was trained, by its checkpoint where that says, else by the config; {} for others.

    ``task``, ``protocol``, ``repeat``, ``labels`` (percent or list), ``frozen``, ``pretrained`` and
    ``pretrained_sha256`` (None from scratch), ``from_scratch``, ``iterations``, and what else decides a figure:
    ``dataset``, ``size``, ``normalise``, ``weights`` (of others: whose, and their preprocessing) and the tricks
    (``backbone_rate``, ``head_norm``, ``head_init``).
    """
    if not config.get('downstream'):
        return {}
    trained = {**config.downstream, **((meta.get('config') or {}).get('downstream') or {})}
    keys = ('task', 'dataset', 'protocol', 'repeat', 'labels', 'frozen', 'pretrained', 'pretrained_sha256', 'size',
            'normalise', 'weights', 'backbone_rate', 'head_norm', 'head_init')
    return dict({key: trained.get(key) for key in keys}, from_scratch=trained.get('pretrained') is None,
                iterations=meta.get('iter'))


def write_results(path: str | Path, metrics: dict[str, Any], source: dict[str, Any]) -> None:
    """Write results as JSON; a file of that name is replaced whole or not at all.

    Args:
        path: The file; its folder is made.
        metrics: What the evaluator gives, with names such as ``zero_shot/accuracy``.
        source: What :func:`provenance` gives.
    """
    record = dict(schema=SCHEMA, synthetic=source.get('data', {}).get('synthetic'), **source, metrics=metrics)
    write_whole(path, (json.dumps(_plain(record), indent=1, allow_nan=False) + '\n').encode())


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
        if isinstance(per_class := values.get('per_class'), dict) and len(per_class) > 1:
            console.print(_per_class(per_class))
        if isinstance(matrix := values.get('confusion_matrix'), dict):
            console.print(_confusion(matrix))
    console.print(_caption(source))
    if source.get('task'):
        console.print(markdown_table(metrics, source), markup=False, highlight=False, soft_wrap=True)


def shown(name: str, value: float | None) -> str:
    """A figure as tables have it: shares in per cent, ``-`` where it has no value."""
    if value is None or math.isnan(value):
        return '-'
    if isinstance(value, int):
        return str(value)
    return f'{value:.2f}' if any(name.split('/')[-1].startswith(plain) for plain in _PLAIN) else f'{100 * value:.1f} %'


def markdown_table(metrics: dict[str, Any], source: dict[str, Any]) -> str:
    """The main figures of a supervised task as a table that can be pasted, with what they rest on.

    Args:
        metrics: What the evaluator gives; figures of single classes and intervals' bounds are left out.
        source: What :func:`provenance` gives.
    """
    weights = source.get('pretrained')
    columns = dict(
        config=Path(source.get('config') or '').stem, protocol=f'{source.get("protocol")} {source.get("repeat")}',
        labels=f'{source["labels"]} %' if isinstance(source.get('labels'), (int, float)) else str(source.get('labels')),
        encoder=f'{weights or "from scratch"}, {"frozen" if source.get("frozen") else "fine-tuned"}')
    for name, value in metrics.items():
        short = name.split('/')[-1]
        if isinstance(value, float) and not name.endswith((_CHANCE, *_BOUNDS)):
            columns[_NAMES.get(short, short.replace('_', ' '))] = \
                shown(name, value).removesuffix(' %') + _bounds(metrics, name, ' ({} to {})')
    if source.get('missing'):
        columns['NOT WHOLE'] = not_whole(source)
    if source.get('data', {}).get('synthetic'):
        columns['data'] = 'SYNTHETIC'
    if source.get('data', {}).get('overlap'):
        columns['LISTS OVERLAP'] = overlap_in_words(source['data']['overlap'])
    return '\n'.join(f'| {" | ".join(row)} |' for row in (columns, ['---'] * len(columns), columns.values()))


def not_whole(source: dict[str, Any]) -> str:
    """Which parts of the tested model had random numbers, in words; '' for a whole one."""
    missing = source.get('missing')
    return f'NOT WHOLE, random are {in_words(missing)}' if missing else ''


def lists_overlap(source: dict[str, Any]) -> str:
    """Which images the lists of a result share, in words; '' for lists that share none."""
    shared = overlap_in_words((source.get('data') or {}).get('overlap'))
    return f'LISTS OVERLAP: {shared}' if shared else ''


def _summary(group: str, values: dict[str, Any]) -> Table:
    table = Table(title=f'{group.replace("_", "-")} (protocol: {values.get("protocol", "unnamed")})',
                  title_justify='left', caption=values.get('left_out'), caption_justify='left')
    table.add_column('')
    intervals = any(name.endswith(_BOUNDS) for name in values)
    for column in ('seen', *(['95 % interval'] if intervals else []), 'chance', 'seen / chance'):
        table.add_column(column, justify='right')
    for name, value in values.items():
        if name.endswith((_CHANCE, *_BOUNDS)) or isinstance(value, (str, dict, list)):
            continue
        chance = values.get(name + _CHANCE)
        more_is_better = not name.endswith('rank')
        ratio = f'{value / chance:.2f}' if value is not None and chance and more_is_better else ''
        unit = ' %' if shown(name, value).endswith('%') else ''
        interval = [_bounds(values, name, f'{{}} to {{}}{unit}')] if intervals else []
        table.add_row(_NAMES.get(name) or name.replace('_', ' ').replace('/', ': '), shown(name, value), *interval,
                      '' if chance is None else shown(name, chance), ratio)
    return table


def _per_class(per_class: dict[str, dict[str, Any]]) -> Table:
    table = Table(title='by class', title_justify='left')
    names = [name for name in next(iter(per_class.values())) if not name.endswith(_BOUNDS)]
    table.add_column('')
    for name in names:
        table.add_column(_NAMES.get(name, name), justify='right')
    for label, values in per_class.items():
        table.add_row(label, *(shown(name, values[name]) + _bounds(values, name, ' ({} to {})') for name in names))
    return table


def _bounds(values: dict[str, Any], name: str, form: str) -> str:
    """The interval of a figure as text; '' if it has none."""
    bounds = [values.get(name + end) for end in _BOUNDS]
    return '' if None in bounds else form.format(*(shown(name, bound).removesuffix(' %') for bound in bounds))


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
    caption = (f'{data.get("dataset", "data set")} {data.get("split", "")} ({kind}); '
               f'{source.get("checkpoint") or "random weights"}; seed {source.get("seed")}'
               + (f'\n{lacks}' if (lacks := not_whole(source)) else '')
               + (f'\n{shared}' if (shared := lists_overlap(source)) else ''))
    if not source.get('task'):
        return caption
    encoder = 'random weights' if source['from_scratch'] else source['pretrained']
    labels = source['labels'] if isinstance(source['labels'], str) else f'{source["labels"]} %'
    return (f'{caption}\nprotocol {source["protocol"]}, {source["repeat"]}; labels: {labels}; encoder from {encoder}, '
            f'{"frozen" if source["frozen"] else "fine-tuned"}')


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
