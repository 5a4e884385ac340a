"""What commands print: tables for people, JSON for programs."""
import dataclasses
import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table


def plain(value: Any) -> Any:
    """Results as plain data: dataclasses to dicts, arrays to lists, what is not finite to None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple) and hasattr(value, '_asdict'):
        return plain(value._asdict())
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    print(json.dumps(plain(value), ensure_ascii=False, indent=1))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], title: str | None = None) -> None:
    """A table on standard output; where that is no terminal, without cutting anything."""
    table = Table(title=title, title_justify='left')
    for column in columns:
        table.add_column(column, overflow='fold')
    for row in rows:
        table.add_row(*row)
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    console.print(table, markup=False)


def print_lines(*lines: str) -> None:
    """Lines as they are."""
    Console().print(*lines, sep='\n', markup=False, highlight=False, soft_wrap=True)


def complain(failed: Sequence[Any]) -> None:
    """What could not be used, on standard error."""
    console = Console(stderr=True)
    for failure in failed:
        console.print(f'left out: {failure.reason}', markup=False, highlight=False, soft_wrap=True)
