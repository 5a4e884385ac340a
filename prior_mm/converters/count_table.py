"""The table at the end of a conversion: counts by split, and some of what was left out."""
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.table import Table


class CountTable:
    """A row of counts by split, with their sum.

    Args:
        title: Stands above.
        splits: The columns; '' is that of what belongs to no split.
    """

    def __init__(self, title: str, splits: Iterable[str]) -> None:
        self._table = Table(title=title)
        self._table.add_column('')
        for split in splits:
            self._table.add_column(split or 'no split', justify='right', overflow='fold')
        self._table.add_column('all', justify='right')

    def add(self, name: str, counts: Sequence[int], style: str | None = None) -> None:
        """Add a row.

        Args:
            name: Of the row.
            counts: One a split.
            style: As Rich calls it, ``bold`` say.
        """
        self._table.add_row(name, *(f'{count:,}' for count in [*counts, sum(counts)]), style=style)

    def print(self, console: Console) -> None:
        """Print it."""
        console.print(self._table)


def print_examples(examples: Mapping[str, Sequence[str]], console: Console, number: int) -> None:
    """Print some of what was left out.

    Args:
        examples: By reason.
        console: Where to.
        number: How many for each reason; 0 prints nothing.
    """
    for reason, found in examples.items() if number else ():
        console.print(f'{reason}:')
        for example in found[:number]:
            console.print(f'  {example}', markup=False, highlight=False, soft_wrap=True)
