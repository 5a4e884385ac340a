"""The page that ``gpu.py`` writes, row by row, so that a run that is stopped leaves what it has seen."""
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from page_blocks import fill, table


class Page:
    """Tables of what was seen so far.

    Args:
        seconds: After so many, nothing that takes longer than what is left is begun.
        path: A page whose block ``gpu: measured`` is replaced after each row; None only prints.
        hurry: Whether time counts; a trial of the command itself has all it wants.

    Attributes:
        head: What stands above the tables.
        failed: Whether anything was wrong, or failed.
    """

    def __init__(self, seconds: float, path: Path | None = None, hurry: bool = True) -> None:
        self.end, self.path, self.hurry = time.monotonic() + seconds, path, hurry
        self.head, self.failed = '', False
        self.tables: dict[str, tuple[str, list[list[str]]]] = {}

    def add(self, title: str, header: str, row: list[str]) -> None:
        """Add a row to a table, made when its first row comes."""
        rows = self.tables.setdefault(title, (header, []))[1]
        rows.append([*row, *[''] * (header.count('|') + 1 - len(row))])
        print(f'{title}: {" | ".join(row)}', flush=True)
        if self.path:
            self.path.write_text(fill(self.path.read_text(), {'measured': self.text()}, mark='gpu'))

    def attempt(self, title: str, header: str, name: str, needs: float,
                function: Callable[[], Iterable[list[str]]]) -> None:
        """Add the rows that a function gives; what is not reached, is wrong, or fails, is a row, too.

        Args:
            title: Of the table.
            header: Its columns, with ``|`` between them.
            name: What is tried.
            needs: Its seconds, more or less.
            function: Yields rows; an AssertionError says that what was computed is wrong.
        """
        left = self.end - time.monotonic()
        print(f'{left:.0f} s left: {name}', flush=True)
        if self.hurry and left < needs:
            self.add(title, header, [name, 'not reached'])
            return
        try:
            for row in function():
                self.add(title, header, row)
        except Exception as error:  # the other figures are worth having
            self.failed = True
            what = '**wrong**' if isinstance(error, AssertionError) else f'**failed**, {type(error).__name__}'
            self.add(title, header, [name, f'{what}: {" ".join(str(error).split())[:300]}'])

    def text(self) -> str:
        """The page in Markdown."""
        return '\n\n'.join([self.head, *(f'## {title}\n\n{table(header, rows)}'
                                         for title, (header, rows) in self.tables.items())])
