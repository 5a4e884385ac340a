"""Several runs of one evaluation, folds or seeds, as mean and standard deviation."""
import math
from collections.abc import Sequence
from statistics import mean, stdev
from typing import Any

from rich.console import Console
from rich.table import Table

from .results import lists_overlap, not_whole, shown

#: What two runs must have in common to be repeats of one evaluation.
_SAME = ('config', 'protocol', 'labels', 'frozen', 'from_scratch')


def summarise(records: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Mean and standard deviation of every figure that all runs have.

    Args:
        records: Results of the runs, as :func:`.results.write_results` writes them.

    Returns:
        By name of the figure: ``mean``, ``std`` (n - 1 in the denominator; None for one run), ``runs`` and
        ``values`` in the order of the records. A figure that is not defined in some runs is averaged over the others.

    Raises:
        ValueError: If there is no record, or two of them are not of the same evaluation.
    """
    if not records:
        raise ValueError('there are no results to average')
    for key in _SAME:
        if len(kinds := {str(record.get(key)) for record in records}) > 1:
            raise ValueError(f'these results cannot be averaged: they differ in {key} ({", ".join(sorted(kinds))})')
    summary = {}
    for name in records[0]['metrics']:
        values = [record['metrics'].get(name) for record in records]
        numbers = [float(value) for value in values if _is_number(value)]
        if numbers and all(value is None or _is_number(value) for value in values):
            summary[name] = dict(mean=mean(numbers), std=stdev(numbers) if len(numbers) > 1 else None,
                                 runs=len(numbers), values=values)
    return summary


def print_summary(summary: dict[str, dict[str, Any]], records: Sequence[dict[str, Any]],
                  console: Console | None = None) -> None:
    """Print the mean and the standard deviation of every figure, and what each run gave.

    Args:
        summary: What :func:`summarise` gives.
        records: The results of the runs.
        console: Where to; the screen by default.
    """
    first = records[0]
    table = Table(title=f'{first.get("config")}, protocol {first.get("protocol")}: mean ± standard deviation of '
                        f'{len(records)} runs', title_justify='left')
    table.add_column('')
    table.add_column('mean ± sd', justify='right')
    for record in records:
        repeat = record.get('repeat') or record.get('data', {}).get('repeat') or ''
        table.add_column(f'{repeat} seed {record.get("seed")}'.strip(), justify='right')
    for name, figure in summary.items():
        spread = '' if figure['std'] is None else f' ± {shown(name, figure["std"])}'
        table.add_row(name, shown(name, figure['mean']) + spread, *(shown(name, value) for value in figure['values']))
    console = console or Console()
    console.print(table)
    for remark in dict.fromkeys(filter(None, (of(record) for of in (not_whole, lists_overlap) for record in records))):
        console.print(remark)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
