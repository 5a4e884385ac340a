"""The results of several tasks in one table."""
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from .results import lists_overlap, not_whole, shown

#: The figure that stands for a task, by the group it is in, and what its chance level is.
MAIN = {
    'zero_shot': ('accuracy', 'a uniform guess'),
    'retrieval': ('image_to_text/precision@5', 'a random order'),
    'classification': ('auroc', 'a random order'),
    'segmentation': ('dice', 'predicting nothing'),
    'grounding': ('pointing', 'a peak anywhere'),
    'draft': ('f1_micro', 'a random report'),
    'detection': ('mAP@0.40-0.75', 'predicting nothing'),
}


def main_figures(records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The main figure of each result.

    Args:
        records: Results, as :func:`.results.write_results` writes them.

    Returns:
        For each task in a record ``task``, ``config``, ``data``, ``figure``, ``value``, and ``chance`` with its name
        ``chance_is``; a value that is not defined is None.

    Raises:
        ValueError: If a record holds none of the tasks' figures.
    """
    rows = []
    for record in records:
        metrics = record.get('metrics') or {}
        found = [group for group in MAIN if f'{group}/{MAIN[group][0]}' in metrics]
        if not found:
            raise ValueError(f'the results of {record.get("config")} hold none of the figures of {", ".join(MAIN)}')
        data = record.get('data') or {}
        for group in found:
            figure, chance = MAIN[group]
            name = f'{group}/{figure}'
            rows.append(dict(
                task=group.replace('_', '-'), config=Path(record.get('config') or '').stem, figure=figure,
                data=', '.join(filter(None, (data.get('dataset', '?'), 'SYNTHETIC' if data.get('synthetic') else '',
                                             not_whole(record), lists_overlap(record)))),
                value=metrics[name], chance=metrics.get(f'{name}_chance', 0. if group == 'detection' else None),
                chance_is=chance))
    return rows


def remarks(records: dict[str, dict[str, Any]]) -> list[str]:
    """What keeps results from standing beside each other: lines to print below the table.

    Args:
        records: Results by the name of their file.
    """
    codes: dict[str, list[str]] = {}
    for name, record in records.items():
        code = ((record.get('fingerprint') or {}).get('test') or {}).get('code') or {}
        codes.setdefault(code.get('sha256', '')[:8], []).append(name)
    unknown = codes.pop('', [])
    lines = []
    if unknown:
        lines.append(f'{", ".join(unknown)}: without a fingerprint (an earlier version wrote it), so that nothing says '
                     'of which settings, code and files it is; test it again')
    if len(codes) > 1:
        lines.append('These are of different code: ' + '; '.join(f'{code}: {", ".join(names)}'
                                                                 for code, names in codes.items()))
    return lines


def print_overview(records: Sequence[dict[str, Any]], console: Console | None = None) -> None:
    """Print one row a task: its main figure beside its chance level.

    Args:
        records: Results.
        console: Where to; the screen by default, and where that is a file, in lines of 140 characters.
    """
    table = Table(title='all tasks', title_justify='left')
    for column in ('task', 'config', 'data', 'figure'):
        table.add_column(column, overflow='fold')
    table.add_column('seen', justify='right', no_wrap=True)
    table.add_column('chance', justify='right')
    for row in main_figures(records):
        chance = '-' if row['chance'] is None else f'{shown(row["figure"], row["chance"])} ({row["chance_is"]})'
        table.add_row(row['task'], row['config'], row['data'], row['figure'].replace('_', ' '),
                      shown(row['figure'], row['value']), chance)
    (console or Console(width=None if sys.stdout.isatty() else 140)).print(table)
