"""The results as tables in Markdown, for docs/real_data.md."""
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

from .figures import shown

#: What the page has marks for, and the tool prints.
BLOCKS = ('films', 'classification', 'segmentation', 'notes', 'baselines', 'parts', 'fairer', 'put_on')

#: What a model is tested on.
OTHERS, BACK = 'other patients', 'films kept back'


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Rows under a head; 'Not run.' where there is none."""
    if not rows:
        return 'Not run.'
    return '\n'.join('| ' + ' | '.join(map(str, row)) + ' |' for row in (head, ['---'] * len(head), *rows))


def films_table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """What was read, by kind of film."""
    return table(('films', 'read', 'patients', 'mean', 'deviation', 'flat'), [
        (name, row['films'], row['patients'], f'{row["mean"]:.2f}', f'{row["deviation"]:.2f}', row['flat'])
        for name, row in rows.items()])


def figures_table(rows: Mapping[str, Mapping[str, Any]], first: str) -> str:
    """AUROC of all films and by view, with the numbers of films."""
    return table((first, 'films (positive)', 'AUROC', 'AP alone', 'PA alone'), [
        (name, f'{row["all"]["films"]} ({row["all"]["positives"]})', *(shown(row[key]) for key in ('all', 'AP', 'PA')))
        for name, row in rows.items()])


def classification_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """AUROC by share of the labels, how the backbone is used, and where it starts."""
    return table(('tested on', 'films (positive)', 'labels', 'backbone', 'start', 'repeats', 'AUROC', 'AP alone',
                  'PA alone', 'ahead of random weights'), [
        (row['tested'], f'{row["all"]["films"]} ({row["all"]["positives"]})', f'{row["percent"]} %', row['how'],
         row['start'], row['repeats'],
         *(shown(row[key]) for key in ('all', 'AP', 'PA')), shown(row['ahead'], sign=True) if row['ahead'] else '')
        for row in rows])


def segmentation_table(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Dice by start: mean and deviation of the repeats."""
    return table(('tested on', 'start', 'repeats', 'films', 'Dice of each film', 'Dice of all pixels'), [
        (tested, name, len(found), sum(one['images'] for one in found[:None if tested == OTHERS else 1]),
         _spread([one['dice'] for one in found]), _spread([one['dice_pooled'] for one in found]))
        for tested, name, found in _tested(rows)])


def notes_table(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Retrieval among the held-out patients, and the losses of each stage, by kind of pairs."""
    if not any(rows.values()):
        return 'Not run.'
    names = ('image_to_text/recall@5', 'text_to_image/recall@5', 'image_to_text/recall@10', 'text_to_image/recall@10')
    retrieval = [(tested, kind, len(found), found[0]['test'], *(_recall(found, name) for name in names))
                 for tested, kind, found in _tested(rows)]
    losses = []
    for kind, found in rows.items():
        for stage in range(len(found[0]['losses']) if found else 0):
            for name in found[0]['losses'][stage]:
                first, last = (fmean(one['losses'][stage][name][place] for one in found) for place in (0, 1))
                losses.append((kind, stage + 1, name.removeprefix('loss_').replace('_', ' '), f'{first:.2f}',
                               f'{last:.2f}'))
    return '\n\n'.join([
        table(('tested on', 'trained on', 'repeats', 'films', *(name.replace('_', ' ').replace('/', ', ') + ' (chance)'
                                                          for name in names)), retrieval),
        table(('trained on', 'stage', 'loss', 'first epoch', 'last epoch'), losses)])


def _tested(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[tuple[str, str, list[Mapping[str, Any]]]]:
    """Rows over the patients of the folds, then those over the films kept back."""
    found = [(OTHERS, name, list(repeats)) for name, repeats in rows.items()]
    found += [(BACK, name, [one['kept_back'] for one in repeats if 'kept_back' in one])
              for name, repeats in rows.items()]
    return [row for row in found if row[2]]


def _recall(found: Sequence[Mapping[str, Any]], name: str) -> str:
    """A recall and its chance level; '-' where fewer films are tested than it is the recall at."""
    if not all(name in one['retrieval'] for one in found):
        return '-'
    return (f'{_spread([one["retrieval"][name] for one in found])} '
            f'({fmean(one["retrieval"][name + "_chance"] for one in found):.3f})')


def _spread(values: Sequence[float]) -> str:
    return f'{fmean(values):.3f}' + (f' ± {stdev(values):.3f}' if len(values) > 1 else '')
